/**
 * A small picture of the last minute of some series: SVG paths on one scale. Pure.
 */

/** @typedef {{name: string, points: [number, number|null][], labels?: import("./types.js").Labels}} PreviewSeries milliseconds and values */
/** @typedef {{low: number, high: number}} Ends */

/** Lowest and highest value, zero within them; null where there is none. @param {PreviewSeries[]} series @returns {Ends|null} */
function ends(series) {
  let low = 0;
  let high = -Infinity;
  for (const { points } of series) {
    for (const [, value] of points) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (high === -Infinity) return null;
  return { low, high: high > low ? high : low + 1 };
}

/**
 * The path of one series; gaps stay gaps, a lone point is a dash.
 * @param {PreviewSeries} series
 * @param {{from: number, to: number, width: number, height: number}} box times in milliseconds
 * @param {Ends} scale
 */
function previewPath({ points }, { from, to, width, height }, { low, high }) {
  const x = (/** @type {number} */ t) => (((t - from) / (to - from)) * width).toFixed(1);
  const y = (/** @type {number} */ value) => (height - 1 - ((value - low) / (high - low)) * (height - 2)).toFixed(1);
  let path = "";
  let last = -Infinity;
  for (const [t, value] of points) {
    if (value === null || t < from) {
      last = -Infinity;
      continue;
    }
    path += t - last > 2500 ? `M${x(t)} ${y(value)}h1` : `L${x(t)} ${y(value)}`;
    last = t;
  }
  return path;
}

/** The newest value of a series, null where its newest point is a gap. @param {PreviewSeries} series */
function newest({ points }) {
  return points.length ? points[points.length - 1][1] : null;
}

export { ends, newest, previewPath };
