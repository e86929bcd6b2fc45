/**
 * Where there are no data: stretches without any row, or whose rows hold no number.
 * They become bands on the chart; before the first row ever seen there is no band, only emptiness.
 */

/** Neighbours farther apart than this many intervals are never joined. */
const APART = 2.5;

/**
 * @param {Float64Array} times
 * @param {Float64Array[]} columns those drawn; a row is empty when all are NaN in it
 * @param {number} interval
 * @param {number} to right edge of the chart: where the data end before it, a band begins
 * @param {"any"|"all"} [need] "all": a row with one missing number counts as empty (stacks)
 * @returns {[number, number][]} from the middle after the last good row to that before the next
 */
function gapBands(times, columns, interval, to, need = "any") {
  /** @type {[number, number][]} */
  const bands = [];
  let good = NaN;
  let empty = false;
  for (let i = 0; i < times.length; i += 1) {
    if (!filled(columns, i, need)) {
      empty = true;
      continue;
    }
    const apart = times[i] - good;
    if (apart > APART * interval || (empty && good === good)) {
      bands.push([good + interval / 2, times[i] - interval / 2]);
    }
    good = times[i];
    empty = false;
  }
  if (good === good && to - good > APART * interval + 1) bands.push([good + interval / 2, to]);
  return bands.filter(([from, end]) => end > from);
}

/** @param {Float64Array[]} columns @param {number} i @param {"any"|"all"} need */
function filled(columns, i, need) {
  const has = (/** @type {Float64Array} */ column) => column[i] === column[i];
  return need === "any" ? columns.some(has) : columns.every(has);
}

export { APART, filled, gapBands };
