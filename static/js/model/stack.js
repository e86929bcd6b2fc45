/**
 * Stacked areas as closed polygons, one run of rows at a time.
 * Plotly's own stacking lets an area fall to zero in a gap; a gap is no zero, so here
 * each run between gaps has its own outline. A row counts only where every series of the
 * stack has a number; a series that was never there before some row counts as nothing until then.
 */

import { APART } from "./gaps.js";

/** @typedef {{x: (number|null)[], y: (number|null)[]}} Outline */

/**
 * Columns as a stack takes them: series without any number are left out, and numbers
 * missing before a series' first are zero.
 * @param {Float64Array[]} columns
 * @returns {{index: number, values: Float64Array}[]}
 */
function stackable(columns) {
  const taken = [];
  for (let index = 0; index < columns.length; index += 1) {
    const first = columns[index].findIndex((value) => value === value);
    if (first < 0) continue;
    let values = columns[index];
    if (first > 0 && columns.some((other) => other.subarray(0, first).some((value) => value === value))) {
      values = Float64Array.from(values);
      for (let i = 0; i < first; i += 1) {
        if (columns.some((other) => other[i] === other[i])) values[i] = 0;
      }
    }
    taken.push({ index, values });
  }
  return taken;
}

/**
 * Runs of rows without a gap, thinned to one row per bucket's least and largest total.
 * @param {Float64Array} times
 * @param {Float64Array} totals NaN where the row is a gap
 * @param {number} interval
 * @param {number} bucket
 * @returns {number[][]}
 */
function runs(times, totals, interval, bucket) {
  /** @type {number[][]} */
  const found = [];
  /** @type {number[]} */
  let run = [];
  for (let i = 0; i < times.length; i += 1) {
    const hole = totals[i] !== totals[i];
    if (run.length && (hole || times[i] - times[run[run.length - 1]] > APART * interval)) {
      found.push(run);
      run = [];
    }
    if (!hole) run.push(i);
  }
  if (run.length) found.push(run);
  return bucket > 2 * interval ? found.map((rows) => thinned(rows, times, totals, bucket)) : found;
}

/** @param {number[]} rows @param {Float64Array} times @param {Float64Array} totals @param {number} bucket */
function thinned(rows, times, totals, bucket) {
  const kept = [];
  let n = 0;
  while (n < rows.length) {
    const end = (Math.floor(times[rows[n]] / bucket) + 1) * bucket;
    let least = rows[n];
    let most = rows[n];
    for (; n < rows.length && times[rows[n]] < end; n += 1) {
      if (totals[rows[n]] < totals[least]) least = rows[n];
      if (totals[rows[n]] > totals[most]) most = rows[n];
    }
    kept.push(...new Set([Math.min(least, most), Math.max(least, most)]));
  }
  if (kept[kept.length - 1] !== rows[rows.length - 1]) kept.push(rows[rows.length - 1]);
  if (kept[0] !== rows[0]) kept.unshift(rows[0]);
  return kept;
}

/**
 * Outlines of all series of a stack, bottom first, and the total.
 * @param {Float64Array} times
 * @param {Float64Array[]} columns
 * @param {number} interval
 * @param {number} bucket
 * @param {number} [start] only the rows from here on
 * @returns {{outlines: {index: number, outline: Outline, edge: Outline}[], totals: Float64Array}} edge: the top of each alone
 */
function stack(times, columns, interval, bucket, start = 0) {
  // What a series was before decides whether it counts as nothing: so it is asked of all rows.
  const taken = stackable(columns).map(({ index, values }) => ({ index, values: start ? values.subarray(start) : values }));
  if (start) times = times.subarray(start);
  const totals = new Float64Array(times.length);
  if (!taken.length) totals.fill(NaN);
  for (const { values } of taken) for (let i = 0; i < totals.length; i += 1) totals[i] += values[i];
  const stretches = runs(times, totals, interval, bucket);
  const floor = new Float64Array(times.length);
  const outlines = taken.map(({ index, values }) => {
    /** @type {Outline} */
    const outline = { x: [], y: [] };
    /** @type {Outline} */
    const edge = { x: [], y: [] };
    for (const rows of stretches) around(outline, edge, rows, times, floor, values, interval);
    for (let i = 0; i < floor.length; i += 1) floor[i] += values[i];
    return { index, outline, edge };
  });
  return { outlines, totals };
}

/**
 * Adds one run's outline: along the top, which is its edge too, and back along the floor.
 * @param {Outline} outline
 * @param {Outline} edge
 * @param {number[]} rows
 * @param {Float64Array} times
 * @param {Float64Array} floor
 * @param {Float64Array} values
 * @param {number} interval
 */
function around(outline, edge, rows, times, floor, values, interval) {
  if (outline.x.length) {
    for (const one of [outline, edge]) {
      one.x.push(null);
      one.y.push(null);
    }
  }
  // A run of one row would be a line without an area: it gets the width of its interval.
  const wide = rows.length === 1 ? interval / 2 : 0;
  for (const side of wide ? [-wide, wide] : [0]) {
    for (const i of rows) {
      for (const one of [outline, edge]) {
        one.x.push(times[i] + side);
        one.y.push(floor[i] + values[i]);
      }
    }
  }
  for (const side of wide ? [wide, -wide] : [0]) {
    for (let n = rows.length - 1; n >= 0; n -= 1) {
      outline.x.push(times[rows[n]] + side);
      outline.y.push(floor[rows[n]]);
    }
  }
}

/** Sums of rows of a stack; a row with a gap is a gap. @param {Float64Array[]} columns */
function totals(columns) {
  const taken = stackable(columns);
  const sums = new Float64Array(taken[0]?.values.length ?? 0);
  for (const { values } of taken) for (let i = 0; i < sums.length; i += 1) sums[i] += values[i];
  return sums;
}

export { stack, stackable, totals };
