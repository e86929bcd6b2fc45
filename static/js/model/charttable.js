/**
 * A chart as tables of words: of each series its last value, least, most and average; and the
 * points, one row for so many seconds that there are few enough to be read. Pure.
 */

import { bucketRows, rangeText } from "./buckets.js";
import { format } from "./units.js";

/** So many rows of points are enough. */
const MOST = 60;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];

/**
 * @typedef {import("./types.js").View} View
 * @typedef {{name: string, unit: string, values: ArrayLike<number>}} Column
 * @typedef {{text: string, columns: Column[], times: ArrayLike<number>, interval: number}} Told
 */

/**
 * What the chart draws, series by series; of a histogram its ranges, as events a second where it counts.
 * @param {View} view
 * @param {number[]} drawn indices
 * @param {import("./types.js").Buckets} [buckets]
 * @returns {Column[]}
 */
function columnsOf(view, drawn, buckets) {
  if (!buckets) return drawn.map((index) => ({ name: view.series[index].name, unit: view.unit, values: view.columns[index] }));
  const per = buckets.rate ? view.interval : 1;
  const rows = bucketRows(view).reverse();
  return rows.map((bucket) => ({ name: rangeText(bucket, buckets), unit: buckets.rate ? "/s" : "count", values: view.columns[bucket.index].map((value) => value / per) }));
}

/** @param {ArrayLike<number>} values */
function known(values) {
  return Array.from(values).filter(Number.isFinite);
}

/** @param {number[]} values */
function mean(values) {
  return values.length ? values.reduce((sum, one) => sum + one, 0) / values.length : NaN;
}

/** Of one series: last, least, most and average in words, and how many seconds have no number. @param {Column} column */
function summaryRow({ name, unit, values }) {
  const some = known(values);
  const [least, most] = [Math.min(...some), Math.max(...some)];
  const texts = [values[values.length - 1] ?? NaN, least, most, mean(some)].map((value) => format(value, unit));
  return { name, texts, gaps: values.length - some.length };
}

/** Seconds of one row of points. @param {number} seconds in all @param {number} interval */
function stepFor(seconds, interval) {
  return STEPS.find((one) => one % interval === 0 && seconds / one <= MOST) ?? Math.max(interval, STEPS[STEPS.length - 1]);
}

/**
 * Rows of points, the newest first: the average of each piece; an en dash where nothing is known.
 * @param {{columns: Column[], times: ArrayLike<number>, step: number}} points
 * @returns {{t: number, texts: string[]}[]} t: the first second of the piece
 */
function pointRows({ columns, times, step }) {
  const rows = [];
  let end = times.length;
  while (end > 0) {
    const t = Math.floor(times[end - 1] / step) * step;
    let start = end;
    while (start > 0 && times[start - 1] >= t) start -= 1;
    const piece = (/** @type {ArrayLike<number>} */ values) => mean(known(Array.prototype.slice.call(values, start, end)));
    rows.push({ t, texts: columns.map(({ values, unit }) => format(piece(values), unit)) });
    end = start;
  }
  return rows;
}

export { columnsOf, pointRows, stepFor, summaryRow };
