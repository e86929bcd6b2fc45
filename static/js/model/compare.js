/**
 * Hosts in one chart: which one line a widget has per host. The rule, and what else may be chosen:
 *
 * 1. a stack whose parts are all of something (one of them is what nobody uses): what is used of
 *    it, "busy" in per cent (without idle, and without what others took), else "all but free";
 * 2. any other stack: the sum of its parts, since a stack is drawn to be summed;
 * 3. lines by instance (disks, interfaces): at each second the highest instance, of the first kind
 *    of line (reads before writes); instances of hosts have other names, and sums of those shown
 *    would be no sum of all;
 * 4. other lines: the first one.
 *
 * After these, each series may be chosen by its name. Lines of hosts are never stacked. Pure.
 */

import { totals } from "./stack.js";

/** Kinds of widgets that may have one line per host; the others stand once per host. */
const KINDS = ["line", "stacked"];
/** So many choices are offered. */
const MOST = 60;
/** Before the names of what is computed, so that no series is mistaken for it. */
const MADE = "~";
const APART = ["limit", "readout", "mark"];
/** Parts of a whole that nobody uses, and those that others use. */
const UNUSED = ["rest", "idle", "apart"];

/**
 * @typedef {import("./types.js").LaidWidget} LaidWidget
 * @typedef {{key: string, title: string}} Measure key: as in the URL
 */

/** @param {LaidWidget} widget */
function plainOf(widget) {
  return widget.series.map((_, n) => n).filter((n) => !APART.includes(widget.series[n].labels?.role ?? ""));
}

/** What is computed of a widget, the first being its headline. @param {LaidWidget} widget @returns {Measure[]} */
function made(widget) {
  const series = plainOf(widget).map((n) => widget.series[n]);
  if (widget.kind === "stacked") {
    const rest = series.find(({ labels }) => labels?.role === "rest");
    if (!rest) return [{ key: `${MADE}sum`, title: "sum" }];
    return [{ key: `${MADE}used`, title: widget.unit === "%" ? "busy" : `all but ${rest.name}` }];
  }
  const kinds = [...new Set(series.filter(({ labels }) => labels?.instance).map(({ labels }) => labels.series ?? ""))];
  return kinds.map((kind) => ({ key: `${MADE}highest${kind ? ` ${kind}` : ""}`, title: kind ? `highest ${kind}` : "highest" }));
}

/**
 * What may be compared of the widgets of several hosts, the headline first.
 * @param {LaidWidget[]} widgets the same one, as laid out for each host
 * @returns {Measure[]}
 */
function measuresOf(widgets) {
  /** @type {Map<string, Measure>} */
  const found = new Map();
  const laid = widgets.filter(({ series }) => series.length);
  for (const one of laid.flatMap(made)) if (!found.has(one.key)) found.set(one.key, one);
  for (const widget of laid) {
    for (const n of plainOf(widget)) {
      const { name } = widget.series[n];
      if (!found.has(name)) found.set(name, { key: name, title: name });
    }
  }
  return [...found.values()].slice(0, MOST);
}

/** The measure of that key, else the headline; null where nothing is laid out yet. @param {Measure[]} measures @param {string|undefined} key */
function chosen(measures, key) {
  return measures.find((one) => one.key === key) ?? measures[0] ?? null;
}

/**
 * One column of a widget's; null where this host has no such series.
 * @param {LaidWidget} widget
 * @param {Float64Array[]} columns of its series
 * @param {string} key
 * @returns {Float64Array|null}
 */
function columnOf(widget, columns, key) {
  const plain = plainOf(widget);
  const role = (/** @type {number} */ n) => widget.series[n].labels?.role ?? "";
  const pick = (/** @type {(n: number) => boolean} */ of) => plain.filter(of).map((n) => columns[n]);
  if (!key.startsWith(MADE)) return pick((n) => widget.series[n].name === key)[0] ?? null;
  const [what, ...rest] = key.slice(MADE.length).split(" ");
  if (what === "sum") return sum(pick(() => true));
  // Of what no counter names, only the part that nobody uses is left out.
  if (what === "used") return sum(pick((n) => (widget.unit === "%" ? !UNUSED.includes(role(n)) : role(n) !== "rest")));
  if (what === "highest") return highest(pick((n) => Boolean(widget.series[n].labels?.instance) && (widget.series[n].labels.series ?? "") === rest.join(" ")));
  return null;
}

/** @param {Float64Array[]} columns */
function sum(columns) {
  if (!columns.length) return null;
  const sums = totals(columns);
  return sums.length ? sums : columns[0];
}

/** The highest of each row; a gap where all have one. @param {Float64Array[]} columns */
function highest(columns) {
  if (columns.length < 2) return columns[0] ?? null;
  const tops = Float64Array.from(columns[0]);
  for (const column of columns) {
    for (let n = 0; n < tops.length; n += 1) if (column[n] > tops[n] || tops[n] !== tops[n]) tops[n] = column[n];
  }
  return tops;
}

/** Whether a widget of this kind has one line per host. @param {string} kind */
function comparable(kind) {
  return KINDS.includes(kind);
}

/**
 * What is compared instead of the headline, for the URL: `measure=disk-throughput:sda+read`.
 * @param {Record<string, string>} choices measures by wish
 * @param {Map<string, string>} places wishes by their names within the dashboard
 */
function printCompared(choices, places) {
  return [...places].filter(([, wish]) => choices[wish]).map(([place, wish]) => `${place}:${choices[wish]}`);
}

/** @param {string[]} texts @param {Map<string, string>} places @returns {Record<string, string>} by wish */
function readCompared(texts, places) {
  const choices = /** @type {Record<string, string>} */ ({});
  for (const text of texts) {
    const at = text.indexOf(":");
    const wish = places.get(text.slice(0, at));
    if (wish && at > 0 && text.length > at + 1) choices[wish] = text.slice(at + 1);
  }
  return choices;
}

export { chosen, columnOf, comparable, measuresOf, printCompared, readCompared };
