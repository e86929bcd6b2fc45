/**
 * A chart in a sentence, for those who hear the page: what it shows, of how long, and the numbers
 * of now. Pure.
 */

import { bucketRows, bucketTotal, rangeText } from "../model/buckets.js";
import { format } from "../model/units.js";
import { recent } from "./table.js";

/** @typedef {import("./card.js").Seen} Seen */

/** So many numbers are told; the table has all. */
const MOST = 5;
const KINDS = /** @type {Record<string, string>} */ ({ line: "lines", stacked: "stacked areas", heatmap: "a heatmap" });

/** @param {number} seconds */
function longText(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}

/** @param {number} count */
function seriesText(count) {
  return count === 1 ? "one series" : `${count} series`;
}

/** Counts by range: where most of them are now. @param {Seen} seen */
function heatText({ widget, view }) {
  const buckets = /** @type {import("../model/types.js").Buckets} */ (widget.buckets);
  const now = (/** @type {number} */ index) => recent(view, index);
  const rows = bucketRows(view).filter(({ index }) => now(index) > 0).sort((a, b) => now(b.index) - now(a.index));
  const total = bucketTotal(view, now, buckets);
  return rows.length ? `now ${total}, most of them ${rangeText(rows[0], buckets)}` : `now ${total === "–" ? "no data" : "none"}`;
}

/** @param {string} title @param {Seen} seen */
function summaryText(title, { widget, view, plan, log, ghost }) {
  const how = `${KINDS[widget.kind] ?? "a chart"}${log ? " on a log scale" : ""} of ${longText(view.to - view.from)}`;
  const more = ghost ? ", compared with the time before" : "";
  if (widget.buckets) return `${title}, ${how}${more}; ${heatText({ widget, view, plan, log, ghost, hidden: [] })}.`;
  const values = plan.plain.map((index) => ({ name: view.series[index].name, value: recent(view, index) }));
  const order = values.length > MOST ? [...values].sort((a, b) => (b.value || 0) - (a.value || 0)) : values;
  const told = order.slice(0, MOST).map(({ name, value }) => `${name} ${value === value ? format(value, view.unit) : "no data"}`);
  const rest = values.length - told.length;
  return `${title}, ${seriesText(values.length)} as ${how}${more}; now ${told.join(", ")}${rest > 0 ? ` and ${rest} smaller` : ""}.`;
}

export { longText, summaryText };
