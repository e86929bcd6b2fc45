/**
 * Host texts as people type them: splitting a line into hosts, and each host's canonical text.
 * Whether a host may be reached is the server's to say, not ours.
 *
 * `[scheme://]name[:port]`, scheme http, https, pcp, or `archive:NAME`.
 */

import { format } from "./units.js";

const SHAPE = /^(?:(https?|pcp):\/\/)?(\[[0-9a-f:.]+\]|[\p{L}\p{M}\p{N}._-]+)(?::(\d{1,5}))?\/?$/iu;
const PORTS = /** @type {Record<string, string>} */ ({
  "": "44322",
  http: "44322",
  https: "44322",
  pcp: "44321",
});

/** IDNA by the browser's own URL parser; the text itself where it refuses. @param {string} name */
function ascii(name) {
  try {
    return new URL(`http://${name}/`).hostname || name;
  } catch {
    return name;
  }
}

/**
 * The canonical text of one typed host, or an Error's sentence where it is none.
 * @param {string} typed
 * @returns {{host: string}|{error: string}}
 */
function parseHost(typed) {
  const text = typed.trim();
  if (/^archive:[\w.@+-]+$/i.test(text)) return { host: `archive:${text.slice(8)}` };
  const parts = SHAPE.exec(text);
  if (!parts || text.length > 300) {
    return { error: `“${text}” is no host. Type a name or address: web-01, web-01:44322 or pcp://web-01.` };
  }
  const scheme = (parts[1] ?? "").toLowerCase();
  const port = parts[3] ?? "";
  if (port && (Number(port) < 1 || Number(port) > 65535)) {
    return { error: `“${text}” has port ${port}; ports run from 1 to 65535.` };
  }
  // Digits alone stay as they are: the browser's parser would read 10 as 0.0.0.10.
  const name = /^[\d.]+$/.test(parts[2]) ? parts[2] : ascii(parts[2].toLowerCase());
  const shown = scheme === "http" ? "" : scheme;
  const tail = port && port !== PORTS[scheme] ? `:${Number(port)}` : "";
  return { host: `${shown ? `${shown}://` : ""}${name.replace(/\.$/, "")}${tail}` };
}

/**
 * Hosts of a typed line, separated by spaces or commas.
 * @param {string} line
 * @param {(word: string) => string|null} [group] the group that a word means, null where it is none
 * @returns {{hosts: string[], groups: string[], errors: string[]}}
 */
function parseHosts(line, group = () => null) {
  /** @type {string[]} */
  const hosts = [];
  /** @type {string[]} */
  const groups = [];
  const errors = [];
  for (const part of line.split(/[\s,]+/).filter(Boolean)) {
    const named = group(part);
    if (named !== null) {
      groups.push(named);
      continue;
    }
    const read = parseHost(part);
    if ("error" in read) errors.push(read.error);
    else if (!hosts.includes(read.host)) hosts.push(read.host);
  }
  return { hosts, groups, errors };
}

/**
 * A host's title: what was typed, since that is what its viewers call it; only this server's
 * own host goes by the name that it calls itself.
 * @param {string} host
 * @param {{name: string|null}|undefined} said
 */
function hostTitle(host, said) {
  return host === "local" ? said?.name || host : host;
}

/**
 * What watching a host costs, in a few words; short ones first.
 * @param {import("./types.js").Cost} cost
 */
function costWords({ metrics, ms, bytes, cpu, viewers, period }) {
  const every = period > 1 ? ` every ${period} s` : "";
  const words = [`${metrics} metrics in ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms${every}`];
  if (bytes) words.push(format(bytes, "B/s"));
  if (cpu !== null) words.push(`pmcd ${format(cpu * 100, "%")} CPU`);
  if (viewers > 1) words.push(`shared by ${viewers} viewers`);
  return words;
}

/**
 * When a lost host is tried again, in words; empty where that is not known or not so.
 * @param {import("./types.js").HostState|undefined} said
 * @param {number} time the server's time in seconds
 */
function nextTry(said, time) {
  if (!said || said.state === "live") return "";
  if (said.often) return "Tried every second.";
  if (!said.next_try) return "";
  const wait = Math.ceil(said.next_try - time);
  return wait > 0 ? `Next try in ${wait} s.` : "Trying now.";
}

const STATES = /** @type {Record<string, string>} */ ({
  "refused-by-policy": "refused",
  "not-pcp": "not PCP",
  slow: "slow viewer",
});

/** A state's name as people read it. @param {string} state */
function stateName(state) {
  return STATES[state] ?? state;
}

export { costWords, hostTitle, nextTry, parseHost, parseHosts, stateName };
