/**
 * Links of Netflix Vector, versions 1 and 2, read as dashboards of ours.
 * v1: `#/?host=H&hostspec=S&protocol=P&widgets=a,b,c`; v2: `?q=` with JSON of targets.
 * Widgets' old names go through the catalogue's aliases. A hostspec that is neither localhost
 * nor the host itself is offered as a host of its own: it is never passed on to another host.
 */

import { parseHost } from "./hosts.js";
import { emptyDashboard } from "./url.js";

/** @typedef {{host: string, spec: string, widgets: string[]}} Target */
/** @typedef {{dashboard: import("./types.js").Dashboard, offers: string[], unknown: string[]}} Legacy */

/**
 * @param {string} search
 * @param {string} hash
 * @returns {Target[]|null} null where it is no link of Vector
 */
function targets(search, hash) {
  const q = new URLSearchParams(search).get("q");
  if (q) return targetsOf2(q);
  const query = /^#\/?(?:embed|empty|container)?\/?\?(.*)$/.exec(hash)?.[1];
  const old = new URLSearchParams(query ?? "");
  const host = old.get("host");
  if (!host) return null;
  const widgets = (old.get("widgets") ?? "").split(",").filter(Boolean);
  return [{ host: withScheme(old.get("protocol") ?? "http", host), spec: old.get("hostspec") ?? "", widgets }];
}

/** @param {string} q @returns {Target[]|null} */
function targetsOf2(q) {
  try {
    const list = JSON.parse(q);
    if (!Array.isArray(list)) return null;
    return list
      .filter((one) => one && typeof one.h === "string")
      .map((one) => ({
        host: withScheme(String(one.p ?? "http"), one.h),
        spec: String(one.hs ?? ""),
        widgets: Array.isArray(one.cl) ? one.cl.map(String) : [],
      }));
  } catch {
    return null;
  }
}

/** @param {string} protocol @param {string} host */
function withScheme(protocol, host) {
  return protocol === "https" ? `https://${host}` : host;
}

/** @param {string} host */
function bareName(host) {
  return host.replace(/^\w+:\/\//, "").replace(/:\d+$/, "").toLowerCase();
}

/**
 * The dashboard of a Vector link, or null where it is none.
 * @param {string} search
 * @param {string} hash
 * @param {(name: string) => string|null} resolve a widget's id or alias -> our id
 * @returns {Legacy|null}
 */
function readVector(search, hash, resolve) {
  const found = targets(search, hash);
  if (!found) return null;
  const dashboard = emptyDashboard();
  const offers = new Set();
  const unknown = new Set();
  for (const { host, spec, widgets } of found) {
    const read = parseHost(host);
    if ("host" in read && !dashboard.hosts.includes(read.host)) dashboard.hosts.push(read.host);
    const named = parseHost(spec);
    if ("host" in named && !["localhost", "127.0.0.1", bareName(host)].includes(bareName(spec))) {
      offers.add(named.host);
    }
    for (const name of widgets) {
      const id = resolve(name);
      if (!id) unknown.add(name);
      else if (!dashboard.wishes.includes(id)) dashboard.wishes.push(id);
    }
  }
  return { dashboard, offers: [...offers], unknown: [...unknown] };
}

export { readVector };
