/**
 * Links of Netflix Vector, versions 1 and 2, read as dashboards of ours.
 * v1: `#/?host=H&hostspec=S&protocol=P&widgets=a,b,c&container=NAME&containerFilter=TEXT`;
 * v2: `?q=` with JSON of targets `[{p, h, hs, ci, cl}]`.
 * Widgets' old names go through the catalogue's aliases. A container narrows the dashboard to it;
 * a part of containers' names (containerFilter) narrows the widgets of containers. A hostspec that is neither localhost nor the host itself is offered as a host of
 * its own: it is never passed on to another host.
 */

import { parseHost } from "./hosts.js";
import { emptyDashboard } from "./url.js";
import { parseWish, printWish } from "./wish.js";

/** @typedef {{host: string, spec: string, widgets: string[], container: string, filter: string}} Target */
/**
 * What the catalogue knows: the wish that a name means (null: none), whether a widget is of
 * containers by instance, and whether it can be narrowed to one.
 * @typedef {{wish: (name: string) => string|null, contained: (id: string) => boolean,
 *   narrows: (id: string) => boolean}} Names
 */
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
  const widgets = (old.get("widgets") ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  const container = oneOf(old.get("container"));
  const filter = container ? "" : (old.get("containerFilter") ?? "");
  return [{ host: withScheme(old.get("protocol") ?? "http", host), spec: old.get("hostspec") ?? "", widgets, container, filter }];
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
        container: oneOf(one.ci),
        filter: "",
      }));
  } catch {
    return null;
  }
}

/** A container; none where all were meant. @param {unknown} text */
function oneOf(text) {
  return typeof text === "string" && !["_all", "All"].includes(text) ? text : "";
}

/** @param {string} protocol @param {string} host */
function withScheme(protocol, host) {
  return protocol === "https" ? `https://${host}` : host;
}

/** @param {string} host */
function bareName(host) {
  return host.replace(/^\w+:\/\//, "").replace(/:\d+$/, "").toLowerCase();
}

/** The groups whose names have the text: Vector looked for it anywhere in them. @param {string} text */
function globOf(text) {
  return `*${text.replace(/[*?,![\]]/g, "?")}*`;
}

/**
 * A target's wish for a name; null where it means none. A chart of one metric is none: Vector's
 * links don't say which. A container that is not the whole dashboard's stands in the wish.
 * @param {string} name @param {Target} target @param {string} whole @param {Names} names
 */
function wishOf(name, { container, filter }, whole, names) {
  const meant = parseWish(names.wish(name) ?? "");
  if (!meant || (meant.id === "chart" && !meant.options.expr)) return null;
  if (container && container !== whole && names.narrows(meant.id)) return printWish(meant.id, { ...meant.options, container });
  if (!filter || !names.contained(meant.id)) return printWish(meant.id, meant.options);
  return printWish(meant.id, { ...meant.options, instances: globOf(filter) });
}

/**
 * The dashboard of a Vector link, or null where it is none.
 * @param {string} search
 * @param {string} hash
 * @param {Names} names
 * @returns {Legacy|null}
 */
function readVector(search, hash, names) {
  const found = targets(search, hash);
  if (!found) return null;
  const dashboard = emptyDashboard();
  const offers = new Set();
  const unknown = new Set();
  // A dashboard is narrowed to one: where targets have several, each stands with its own widgets.
  const [first] = found;
  if (first && found.every(({ container }) => container === first.container)) dashboard.container = first.container;
  for (const target of found) {
    const { host, spec, widgets } = target;
    const read = parseHost(host);
    if ("host" in read && !dashboard.hosts.includes(read.host)) dashboard.hosts.push(read.host);
    const named = parseHost(spec);
    if ("host" in named && !["localhost", "127.0.0.1", bareName(host)].includes(bareName(spec))) {
      offers.add(named.host);
    }
    for (const name of widgets) {
      const wish = wishOf(name, target, dashboard.container, names);
      if (!wish) unknown.add(name);
      else if (!dashboard.wishes.includes(wish)) dashboard.wishes.push(wish);
    }
  }
  if (!dashboard.wishes.length && /^#\/container\b/.test(hash)) dashboard.preset = "containers";
  return { dashboard, offers: [...offers], unknown: [...unknown] };
}

export { readVector };
