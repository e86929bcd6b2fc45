/**
 * Where there are no samples: seconds without a row, or whose row holds no number of any series.
 * They become bands on the chart. A series that is undefined for a while has no line there, and
 * no band: its host was heard.
 */

/** Neighbours farther apart than this many intervals are never joined. */
const APART = 2.5;

/**
 * @param {import("./types.js").View} view
 * @returns {[number, number][]} from the middle after the last good row to that before the next
 */
function gapBands({ times, presence, interval, from, to, since, until = to }) {
  /** @type {[number, number][]} */
  const bands = [];
  const start = Math.max(from, since - interval / 2);
  // Nothing good so far: a band would begin where the chart does, or what is kept.
  let end = start;
  let good = start;
  let empty = false;
  for (let i = 0; i < times.length; i += 1) {
    if (Number.isNaN(presence[i])) {
      empty = true;
      continue;
    }
    if (times[i] - good > APART * interval || (empty && times[i] - interval / 2 > end)) {
      bands.push([end, times[i] - interval / 2]);
    }
    good = times[i];
    end = good + interval / 2;
    empty = false;
  }
  // What is still to come is no gap.
  if (since && Math.min(to, until) - good > APART * interval + 1) bands.push([end, Math.min(to, until)]);
  return bands;
}

export { APART, gapBands };
