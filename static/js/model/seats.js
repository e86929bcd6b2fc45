/**
 * Where the words of a limit stand: above or below its line, at the right end or the left, where
 * they cover no data, or the fewest. They stay there until data come in their way. Pure, but for
 * the seats that the caller keeps.
 */

import { innerOf } from "./figure.js";

/** Room of the words in pixels: of one character, and of a line with what it keeps clear of. */
const WORD = { width: 6, height: 16 };

/** @typedef {{right: boolean, above: boolean}} Seat */

/** @type {Seat[]} the first free one is taken */
const SEATS = [
  { right: true, above: true },
  { right: true, above: false },
  { right: false, above: true },
  { right: false, above: false },
];

/**
 * @param {import("./figures.js").Drawing} drawing
 * @param {{name: string, value: number}} limit
 * @param {string} text
 * @returns {Seat}
 */
function seatOf(drawing, limit, text) {
  const before = drawing.seats?.get(limit.name);
  const order = before ? [before, ...SEATS] : SEATS;
  let best = SEATS[0];
  let least = Infinity;
  for (const seat of order) {
    const covered = crowd(drawing, seat, limit.value, text);
    if (covered < least) [best, least] = [seat, covered];
    if (!covered) break;
  }
  drawing.seats?.set(limit.name, best);
  return best;
}

/**
 * How many points would be covered; endless where the words would leave the plot.
 * @param {import("./figures.js").Drawing} drawing
 * @param {Seat} seat
 * @param {number} value
 * @param {string} text
 */
function crowd({ view, pens, rest, lines, paper, range }, seat, value, text) {
  const inner = innerOf(paper);
  const unit = ((range.high - range.low) / inner.height) * WORD.height;
  const [low, high] = seat.above ? [value, value + unit] : [value - unit, value];
  if (high > range.high || low < range.low) return Infinity;
  const wide = ((view.to - view.from) / inner.width) * (text.length * WORD.width + 4);
  const [from, to] = seat.right ? [view.to - wide, view.to] : [view.from, view.from + wide];
  const columns = lines ?? [...pens.map(({ index }) => index), ...rest].map((index) => view.columns[index]);
  return columns.reduce((sum, column) => sum + within(view.times, column, [from, to], [low, high]), 0);
}

/**
 * Points of a line in a box, and crossings of it from one point to the next.
 * @param {Float64Array} times
 * @param {Float64Array} values
 * @param {[number, number]} span
 * @param {[number, number]} band
 */
function within(times, values, [from, to], [low, high]) {
  let count = 0;
  for (let i = 0; i < times.length; i += 1) {
    if (times[i] < from || times[i] > to) continue;
    const before = i > 0 && values[i - 1] === values[i - 1] ? values[i - 1] : values[i];
    if (Math.max(before, values[i]) >= low && Math.min(before, values[i]) <= high) count += 1;
  }
  return count;
}

export { seatOf };
