/**
 * The range of a value axis, with hysteresis: it grows at once and shrinks only
 * when the data fill little of it, so that a chart does not jump each second.
 */

const HEADROOM = 1.12;
const SHRINK_BELOW = 0.6;
const FLAT_ROOM = 1.06;
/** A flat line at zero needs some height all the same. */
const LEAST = /** @type {Record<string, number>} */ ({ "%": 1, B: 1024, "B/s": 1024, s: 0.001 });

/** @typedef {{low: number, high: number, flat?: boolean, log?: import("./log.js").Log}} Range flat: nothing but zero, so two ticks do; log: the ends are logarithms */

/**
 * @param {Range|null} before the range in force
 * @param {{min: number, max: number}|null} data extremes of what is drawn; null where nothing is
 * @param {{unit: string, min?: number|null, max?: number|null}} rules fixed ends, where the widget has them
 * @returns {Range}
 */
function nextRange(before, data, rules) {
  const least = LEAST[rules.unit] ?? 1;
  if (typeof rules.max === "number") {
    // A little above a fixed end, so that a line along it is seen whole.
    const span = rules.max - (rules.min ?? 0);
    const over = data && data.max > rules.max * 1.05 ? data.max * HEADROOM : rules.max + span * 0.03;
    return { low: rules.min ?? 0, high: over };
  }
  if (!data) return before ?? { low: rules.min ?? 0, high: least };
  if (data.max <= 0 && data.min >= 0) {
    return { low: 0, high: least * FLAT_ROOM, flat: true };
  }
  const low = bound(before?.low ?? 0, -data.min, (x) => -x);
  const want = Math.max(data.max * HEADROOM, least);
  const keep = before && !before.flat && data.max <= before.high && data.max * HEADROOM >= before.high * SHRINK_BELOW;
  return { low: typeof rules.min === "number" ? rules.min : low, high: keep ? before.high : want };
}

/**
 * The lower end: zero unless there are negative numbers.
 * @param {number} before
 * @param {number} depth how far below zero the data reach
 * @param {(x: number) => number} turn
 */
function bound(before, depth, turn) {
  if (depth <= 0) return 0;
  const kept = -before;
  return kept >= depth && depth >= kept * SHRINK_BELOW ? before : turn(depth * HEADROOM);
}

/**
 * Extremes of the columns between two rows; null where there is no number.
 * @param {Float64Array[]} columns
 * @param {number} [start]
 * @param {number} [end]
 */
function extremes(columns, start = 0, end = Infinity) {
  let min = Infinity;
  let max = -Infinity;
  for (const column of columns) {
    const stop = Math.min(end, column.length);
    for (let i = start; i < stop; i += 1) {
      if (column[i] < min) min = column[i];
      if (column[i] > max) max = column[i];
    }
  }
  return max === -Infinity ? null : { min, max };
}

/** The number at the top of a scale. @param {Range} range */
function topOf({ high, log }) {
  return log ? 10 ** high : high;
}

export { FLAT_ROOM, extremes, nextRange, topOf };
