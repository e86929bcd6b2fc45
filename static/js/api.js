/**
 * The server's HTTP: JSON in, or a Failed with words for people. Nothing is kept here.
 */

class Failed extends Error {
  /** @param {import("./model/types.js").Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title || "The server gave no reason.");
    this.hint = problem.hint ?? "";
    this.status = problem.status ?? 0;
  }
}

/**
 * @param {string} path below /api/v1/
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
async function get(path, signal) {
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, { headers: { Accept: "application/json" }, signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failed({ detail: "vectorpy's server does not answer.", hint: "It is asked again when the connection is back." });
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  throw new Failed(body ?? { detail: `The server answered ${response.status}.`, status: response.status });
}

/** @param {string} host */
function hostPath(host) {
  return `hosts/${encodeURIComponent(host)}`;
}

/** @param {string} host @param {AbortSignal} [signal] */
function getHost(host, signal) {
  return get(hostPath(host), signal);
}

/** @param {string} host @param {AbortSignal} [signal] */
function getCheck(host, signal) {
  return get(`${hostPath(host)}/check`, signal);
}

/** @param {string} host @param {string} text @param {number} limit @param {AbortSignal} [signal] */
function getMetrics(host, text, limit, signal) {
  return get(`${hostPath(host)}/metrics?search=${encodeURIComponent(text)}&limit=${limit}`, signal);
}

/** Its containers and control groups, as of at most `age` seconds ago. @param {string} host @param {number} age @param {AbortSignal} [signal] */
function getContainers(host, age, signal) {
  return get(`${hostPath(host)}/containers?age=${age}`, signal);
}

/** All metrics of a host, as rows. @param {string} host @param {AbortSignal} [signal] */
function getNames(host, signal) {
  return get(`${hostPath(host)}/names`, signal);
}

/** One metric with its values. @param {string} host @param {string} name @param {AbortSignal} [signal] */
function getMetric(host, name, signal) {
  return get(`${hostPath(host)}/metric?name=${encodeURIComponent(name)}`, signal);
}

/** The last minute of a wish. @param {string} host @param {string} wish @param {AbortSignal} [signal] */
function getPoints(host, wish, signal) {
  return get(`${hostPath(host)}/points?widget=${encodeURIComponent(wish)}&window=60s`, signal);
}

/** A chart of any metric as a widget file. @param {string} host @param {string} wish @param {string} id */
function getWidgetFile(host, wish, id) {
  return get(`${hostPath(host)}/widget-file?wish=${encodeURIComponent(wish)}&id=${encodeURIComponent(id)}`);
}

export { Failed, get, getCheck, getContainers, getHost, getMetric, getMetrics, getNames, getPoints, getWidgetFile };
