/**
 * How a chart is drawn where a person chose otherwise than its widget: as lines, as areas on each
 * other, or as lines on a log scale; and that choice in the URL: `draw=cpu:lines`,
 * `draw=disk-latency:log`. The server has no part in it.
 */

import { places } from "./shown.js";

/** @typedef {import("./types.js").Look} Look */

const LOOKS = /** @type {const} */ (["lines", "stacked", "log"]);

/** What its widget is drawn as by itself; null for what is neither lines nor areas. @param {string} kind @returns {Look|null} */
function ownLook(kind) {
  if (kind === "line") return "lines";
  return kind === "stacked" ? "stacked" : null;
}

/** The choice as it is kept: none where it is the widget's own way. @param {string} kind @param {Look|undefined} look @returns {Look|null} */
function lookOf(kind, look) {
  const own = ownLook(kind);
  return own && look && look !== own ? look : null;
}

/** The choice as it holds for a chart; hosts in one chart never stand on each other. @param {Look|undefined} look @param {boolean} hosts */
function lookFor(look, hosts) {
  return hosts && look === "stacked" ? undefined : look;
}

/** The widget as it is to be drawn. @template {{kind: string}} W @param {W} widget @param {Look|undefined} look @returns {W} */
function dressed(widget, look) {
  if (!lookOf(widget.kind, look)) return widget;
  return { ...widget, kind: look === "stacked" ? "stacked" : "line" };
}

/** The next way to draw it; areas on each other are left out where there is but one series, or a number below zero. @param {Look} now @param {boolean} stackable @returns {Look} */
function nextLook(now, stackable) {
  const order = LOOKS.filter((one) => one !== "stacked" || stackable);
  return order[(order.indexOf(now) + 1) % order.length];
}

/** Keys and values for the URL, of widgets that are shown. @param {Record<string, Look>} looks @param {string[]} wishes @returns {[string, string][]} */
function printLooks(looks, wishes) {
  return [...places(wishes)].filter(([, wish]) => looks[wish]).map(([place, wish]) => ["draw", `${place}:${looks[wish]}`]);
}

/** @param {URLSearchParams} query @param {string[]} wishes @returns {Record<string, Look>} what is said of widgets that are not shown is left out */
function readLooks(query, wishes) {
  const known = places(wishes);
  const looks = /** @type {Record<string, Look>} */ ({});
  for (const text of query.getAll("draw")) {
    const at = text.lastIndexOf(":");
    const wish = known.get(text.slice(0, at));
    const look = LOOKS.find((one) => one === text.slice(at + 1));
    if (wish && look) looks[wish] = look;
  }
  return looks;
}

export { dressed, lookFor, lookOf, nextLook, ownLook, printLooks, readLooks };
