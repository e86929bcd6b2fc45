/**
 * Heatmaps of histograms: rows by range, the highest on top; colours by the logarithm of counts,
 * so that one slow request among ten thousand is seen. Pure.
 */

import { figureLayout, literal } from "./figure.js";
import { grid } from "./heat.js";
import { format, scaleOf } from "./units.js";

/** At least so many rows are shown, so that a row never fills the card. */
const LEAST = 6;

/**
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Buckets} Buckets
 * @typedef {{index: number, low: number, high: number}} Bucket
 */

/**
 * The ranges to show, highest first: from the lowest to the highest that has any event, one
 * more at each end.
 * @param {View} view
 * @returns {Bucket[]}
 */
function bucketRows(view) {
  const all = view.series
    .map(({ labels }, index) => ({ index, low: Number(labels.low), high: Number(labels.high) }))
    .filter(({ low, high }) => low <= high)
    .sort((a, b) => a.low - b.low);
  const filled = all.map(({ index }) => view.columns[index].some((value) => value > 0));
  let first = filled.indexOf(true);
  let last = filled.lastIndexOf(true);
  if (first < 0) return all.slice(0, LEAST).reverse();
  first = Math.max(0, first - 1);
  last = Math.min(all.length - 1, last + 1);
  while (last - first + 1 < Math.min(LEAST, all.length)) {
    if (first > 0) first -= 1;
    else last += 1;
  }
  return all.slice(first, last + 1).reverse();
}

/** Share of the scale, 0 to 1. @param {number} value @param {number} high */
function shade(value, high) {
  return Math.min(1, Math.log10(1 + value) / Math.log10(1 + Math.max(high, 1)));
}

/**
 * @param {{view: View, paper: import("./figure.js").Paper, range: import("./range.js").Range}} drawing
 * @param {Buckets} buckets
 */
function bucketFigure({ view, paper, range }, buckets) {
  const rows = bucketRows(view);
  const columns = rows.map(({ index }) => view.columns[index]);
  const { z, x0, dx } = grid({ ...view, columns }, (paper.width - 78) / 1.5);
  // No event leaves the ground bare, as no colour says "none" as well.
  const shades = z.map((row) => row.map((value) => (value ? shade(value, range.high) : null)));
  const trace = {
    type: "heatmap",
    z: shades,
    x0,
    dx,
    y0: 0,
    dy: 1,
    zmin: 0,
    zmax: 1,
    colorscale: paper.palette.heat.map(([at, colour], n) => [at, n === 0 ? paper.palette.heat[1][1] : colour]),
    showscale: false,
    hoverinfo: "skip",
    zsmooth: false,
  };
  return { data: [trace], layout: figureLayout(paper, view, edgeAxis(rows, buckets, paper)) };
}

/** Lower ends of ranges, where the rows meet. @param {Bucket[]} rows @param {Buckets} buckets @param {import("./figure.js").Paper} paper */
function edgeAxis(rows, buckets, paper) {
  const room = Math.max(2, Math.floor((paper.height - 30) / 18));
  const step = [1, 2, 3, 4, 6, 8].find((one) => rows.length / one <= room) ?? 16;
  const shown = rows.map((_, n) => n).filter((n) => (rows.length - 1 - n) % step === 0);
  return {
    type: "linear",
    range: [rows.length - 0.5, -0.5],
    fixedrange: true,
    tickmode: "array",
    tickvals: shown.map((n) => n + 0.5),
    ticktext: shown.map((n) => literal(edgeText(rows[n].low, buckets.unit))),
    ticks: "",
    ticklabelstandoff: 6,
    showgrid: true,
    gridcolor: paper.palette.grid,
    zeroline: false,
    automargin: false,
  };
}

/** An end of a range: powers of two in microseconds are read as 1 ms, 4 ms, 66 ms. @param {number} value @param {string} unit */
function edgeText(value, unit) {
  if (value === 0) return "0";
  const { factor, suffix } = scaleOf(unit, value);
  const scaled = value / factor;
  const whole = Math.abs(scaled - Math.round(scaled)) < scaled * 0.06;
  return `${whole ? Math.round(scaled) : scaled.toFixed(1)}${suffix}`;
}

/** "64 – 127 µs". @param {Bucket} bucket @param {Buckets} buckets */
function rangeText({ low, high }, { unit }) {
  const [from, to] = [edgeText(low, unit), edgeText(high, unit)];
  const suffix = to.slice(to.lastIndexOf(" "));
  return `${from.endsWith(suffix) ? from.slice(0, -suffix.length) : from} – ${to}`;
}

/** A count of one interval as events per second, or as what is there now. @param {number} value @param {View} view @param {Buckets} buckets */
function countText(value, view, { rate }) {
  return rate ? format(value / view.interval, "/s") : format(value, "count");
}

/**
 * Rows of the tooltip: the range under the pointer, then those with most events.
 * @param {View} view
 * @param {number} row
 * @param {number} level pointer's height in the plot, 0 at the top
 * @param {import("./range.js").Range|null} range
 * @param {import("./colours.js").Palette} palette
 * @param {Buckets} buckets
 * @returns {{name: string, color: string, text: string, strong: boolean}[]}
 */
function bucketTip(view, row, level, range, palette, buckets) {
  const rows = bucketRows(view);
  const under = rows[Math.floor(level * rows.length)];
  const value = (/** @type {Bucket} */ bucket) => view.columns[bucket.index][row];
  const rest = rows.filter((one) => one !== under && value(one) > 0).sort((a, b) => value(b) - value(a));
  const total = rows.reduce((sum, one) => sum + (value(one) || 0), 0);
  return [...(under ? [under] : []), ...rest.slice(0, 7)].map((bucket) => {
    const share = total && value(bucket) > 0 ? `, ${format((100 * value(bucket)) / total, "%")}` : "";
    return {
      name: rangeText(bucket, buckets),
      color: colourOf(value(bucket), range?.high ?? 1, palette),
      text: `${countText(value(bucket), view, buckets)}${share}`,
      strong: bucket === under,
    };
  });
}

/** @param {number} value @param {number} high @param {import("./colours.js").Palette} palette */
function colourOf(value, high, palette) {
  if (!(value > 0)) return palette.heat[0][1];
  const share = shade(value, high);
  return (palette.heat.slice(1).find(([at]) => share <= at) ?? palette.heat[palette.heat.length - 1])[1];
}

/** Words of the foot: low end, high end, what a row is. @param {View} view @param {import("./range.js").Range|null} range @param {Buckets} buckets */
function bucketScale(view, range, buckets) {
  return ["none", range ? countText(range.high, view, buckets) : "", "log scale"];
}

/** All events of a row of points. @param {View} view @param {(index: number) => number} value @param {Buckets} buckets */
function bucketTotal(view, value, buckets) {
  const values = view.series.map((_, index) => value(index)).filter((one) => one === one);
  if (!values.length) return "–";
  return countText(values.reduce((sum, one) => sum + one, 0), view, buckets);
}

export { bucketFigure, bucketRows, bucketScale, bucketTip, bucketTotal, rangeText };
