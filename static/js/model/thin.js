/**
 * Lines with no more points than there are pixels: the least and the largest of each
 * pixel column, so that no peak is lost. Buckets are anchored in absolute time, or a
 * sliding window would make the line shiver.
 */

import { APART } from "./gaps.js";

/**
 * x and y of a line. A null in y breaks it: at NaN, and where neighbours are too far apart.
 * @param {Float64Array} times
 * @param {Float64Array} values
 * @param {number} interval
 * @param {number} bucket seconds per pixel pair; at most one interval means all points
 */
function line(times, values, interval, bucket) {
  /** @type {number[]} */
  const x = [];
  /** @type {(number|null)[]} */
  const y = [];
  const far = APART * interval;
  const rows = bucket > 2 * interval ? keep(times, values, bucket) : null;
  const count = rows ? rows.length : times.length;
  let last = NaN;
  for (let n = 0; n < count; n += 1) {
    const i = rows ? rows[n] : n;
    const broken = i > 0 && times[i] - times[i - 1] > far;
    const hole = values[i] !== values[i];
    if (broken && !hole && y.length && y[y.length - 1] !== null) {
      x.push(last + interval / 2);
      y.push(null);
    }
    x.push(times[i]);
    y.push(hole ? null : values[i]);
    last = times[i];
  }
  return widen(x, y, Math.max(interval / 2, bucket * 0.75));
}

/**
 * A point between two gaps would be a line without length: it becomes a dash of a few pixels.
 * @param {number[]} x
 * @param {(number|null)[]} y
 * @param {number} half of the dash, in seconds
 */
function widen(x, y, half) {
  for (let i = x.length - 1; i >= 0; i -= 1) {
    const alone = y[i] !== null && (y[i - 1] ?? null) === null && (y[i + 1] ?? null) === null;
    if (!alone) continue;
    x.splice(i, 1, x[i] - half, x[i] + half);
    y.splice(i, 1, y[i], y[i]);
  }
  return { x, y };
}

/**
 * Rows that a thinned line keeps: per bucket its least and largest value, and one of each
 * side of a gap.
 * @param {Float64Array} times
 * @param {Float64Array} values
 * @param {number} bucket
 */
function keep(times, values, bucket) {
  /** @type {number[]} */
  const rows = [];
  let i = 0;
  while (i < times.length) {
    const end = (Math.floor(times[i] / bucket) + 1) * bucket;
    let least = -1;
    let most = -1;
    let hole = -1;
    for (; i < times.length && times[i] < end; i += 1) {
      if (values[i] !== values[i]) hole = i;
      else if (hole >= 0 && (least >= 0)) break;
      else {
        if (least < 0 || values[i] < values[least]) least = i;
        if (most < 0 || values[i] > values[most]) most = i;
      }
    }
    rows.push(...[...new Set([least, most, hole])].filter((row) => row >= 0).sort((a, b) => a - b));
  }
  return rows;
}

export { keep, line };
