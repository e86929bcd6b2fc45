/**
 * Where there are no samples: seconds without a row, or whose row holds no number of any series.
 * They become bands on the chart. A series that is undefined for a while has no line there, and
 * no band: its host was heard.
 */

/** Neighbours farther apart than this many intervals are never joined. */
const APART = 2.5;

/**
 * @param {Float64Array} times
 * @param {Float64Array} presence NaN where a row is empty
 * @param {number} interval
 * @param {number} to right edge of the chart: where the samples end before it, a band begins
 * @returns {[number, number][]} from the middle after the last good row to that before the next
 */
function gapBands(times, presence, interval, to) {
  /** @type {[number, number][]} */
  const bands = [];
  let good = NaN;
  let empty = false;
  for (let i = 0; i < times.length; i += 1) {
    if (Number.isNaN(presence[i])) {
      empty = true;
      continue;
    }
    const apart = times[i] - good;
    if (apart > APART * interval || (empty && apart > 0)) {
      bands.push([good + interval / 2, times[i] - interval / 2]);
    }
    good = times[i];
    empty = false;
  }
  if (to - good > APART * interval + 1) bands.push([good + interval / 2, to]);
  return bands.filter(([from, end]) => end > from);
}

export { APART, gapBands };
