/**
 * Why a host shows nothing: what was tried, step by step, as the server tells it; and what
 * the host itself says about its PCP.
 */

import { Failed, getCheck, getHost } from "../api.js";
import { el, fill, icon } from "../dom.js";

const WELL = ["ok", 0];

/** @param {unknown} error */
function failure(error) {
  const hint = error instanceof Failed ? error.hint : "";
  return el("p", { class: "check-failed" }, `${error instanceof Error ? error.message : error} ${hint}`.trim());
}

/** @param {{name: string, ok: boolean|null, text: string}} step */
function stepRow({ name, ok, text }) {
  const [word, mark, look] = ok ? ["works", "check", "good"] : ok === null ? ["note", "note", "open"] : ["fails", "close", "bad"];
  return el(
    "li",
    { class: `step ${look}` },
    el("span", { class: "step-mark", title: word }, icon(mark), el("span", { class: "spoken" }, word)),
    el("b", {}, name),
    el("span", {}, text),
  );
}

/** @param {any} host as GET /api/v1/hosts/{id} tells */
function aboutRows(host) {
  const rows = [
    ["PCP", host.version],
    ["Way", host.transport && `${host.transport}${host.address ? ` at ${host.address}` : ""}`],
    ["Agents", (host.agents ?? []).map((/** @type {any} */ one) => (WELL.includes(one.status) ? one.name : `${one.name} (${one.text || one.status})`)).join(", ")],
  ].filter(([, text]) => text);
  return el("dl", { class: "about" }, ...rows.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
}

/**
 * A panel that asks once it is made, and again by its button.
 * @param {string} host
 * @param {boolean} live whether the host answers
 * @param {() => void} close
 */
function checkPanel(host, live, close) {
  const title = live ? `What answers at ${host}` : `What was tried to reach ${host}`;
  const body = el("div", { class: "check-body", "aria-live": "polite" });
  const again = el("button", { type: "button", class: "button", onclick: () => run() }, "Try again");
  const stop = new AbortController();
  const node = el(
    "section",
    { class: "check", "aria-label": title },
    el("header", {}, el("h3", {}, title), again, el("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: close }, icon("close"))),
    body,
  );
  const run = async () => {
    again.disabled = true;
    fill(body, el("p", { class: "quiet" }, "Trying its name, address and ports. This takes some seconds."));
    const [check, about] = await Promise.allSettled([getCheck(host, stop.signal), getHost(host, stop.signal)]);
    again.disabled = false;
    if (stop.signal.aborted) return;
    fill(
      body,
      about.status === "fulfilled" && about.value.version && aboutRows(about.value),
      check.status === "fulfilled" ? el("ol", { class: "steps" }, ...check.value.steps.map(stepRow)) : failure(check.reason),
    );
  };
  run();
  return { node, stop: () => stop.abort() };
}

export { checkPanel, failure };
