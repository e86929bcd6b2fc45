/**
 * Rows of a view by time: the one nearest to a place under the pointer. Pure.
 */

/** Rows farther from the place than this many intervals are not meant. */
const NEAR = 1.25;

/** @param {import("./types.js").View} view @param {number} share of the plot's width */
function timeAt({ from, to }, share) {
  return from + share * (to - from);
}

/** A time in whole seconds, or in whole intervals where those are shorter. @param {import("./types.js").View} view @param {number} t */
function snapped({ interval }, t) {
  return interval < 1 ? Math.round(t * 10) / 10 : Math.round(t);
}

/** Row nearest to a second; null where there is none near. @param {import("./types.js").View} view @param {number} t */
function rowAt({ times, interval }, t) {
  if (!times.length) return null;
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < t) low = middle + 1;
    else high = middle;
  }
  const best = low > 0 && t - times[low - 1] < Math.abs(times[low] - t) ? low - 1 : low;
  return Math.abs(times[best] - t) <= NEAR * interval ? best : null;
}

/** The same row, where any of these columns has a number in it. @param {import("./types.js").View} view @param {number|null} row @param {number[]} plain */
function filledRow({ columns }, row, plain) {
  return row !== null && plain.some((index) => columns[index][row] === columns[index][row]) ? row : null;
}

export { filledRow, rowAt, snapped, timeAt };
