/**
 * What all charts share: margins, axes, bands over gaps, limit lines; as Plotly's layout.
 * Pure: numbers in, plain objects out. Texts that come from hosts are escaped here,
 * since Plotly reads some of HTML in them.
 */

import { faded } from "./colours.js";
import { gapBands } from "./gaps.js";
import { logTicks } from "./log.js";
import { FLAT_ROOM } from "./range.js";
import { clockText, timeTicks, valueTicks } from "./ticks.js";

const MARGIN = { l: 64, r: 12, t: 8, b: 22 };

/** Size of the plot's box. @param {{width: number, height: number}} paper */
function innerOf({ width, height }) {
  return { width: width - MARGIN.l - MARGIN.r, height: height - MARGIN.t - MARGIN.b };
}

/**
 * @typedef {{width: number, height: number, palette: import("./colours.js").Palette, utc: boolean}} Paper
 * @typedef {{name: string, value: number, text?: string, color?: string}} Limit text: its value in words, where
 *   that is not the number drawn; color: of one host's own among others
 */

/** Text as Plotly shows it literally. @param {string} text */
function literal(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/%\{/g, "%\u200b{");
}

/** @param {Paper} paper @param {import("./types.js").View} view */
function timeAxis(paper, { from, to, interval }) {
  const ticks = timeTicks(from, to, paper.width - MARGIN.l - MARGIN.r, paper.utc, interval < 1);
  return {
    type: "linear",
    range: [from, to],
    fixedrange: true,
    tickmode: "array",
    tickvals: ticks.values,
    ticktext: ticks.texts,
    ticks: "",
    showgrid: false,
    zeroline: false,
    automargin: false,
  };
}

/** @param {Paper} paper @param {import("./range.js").Range} range @param {string} unit */
function valueAxis(paper, range, unit) {
  const count = range.flat ? 1 : Math.max(2, Math.round((paper.height - 30) / 42));
  const ticks = range.log ? logTicks(range, unit, count) : valueTicks(range.low, range.flat ? range.high / FLAT_ROOM : range.high, unit, count);
  return {
    type: "linear",
    range: [range.low, range.high],
    fixedrange: true,
    tickmode: "array",
    tickvals: ticks.values,
    ticktext: ticks.texts,
    ticks: "",
    ticklabelstandoff: 6,
    gridcolor: paper.palette.grid,
    gridwidth: 1,
    zeroline: false,
    automargin: false,
  };
}

/** @param {[number, number]} band @param {string} colour */
function bandShape([from, to], colour) {
  return {
    type: "rect",
    layer: "above",
    xref: "x",
    yref: "paper",
    x0: from,
    x1: to,
    y0: 0,
    y1: 1,
    fillcolor: colour,
    line: { width: 0 },
  };
}

/** @param {Limit} limit @param {import("./colours.js").Palette} palette */
function limitShape(limit, palette) {
  return {
    type: "line",
    layer: "above",
    xref: "paper",
    yref: "y",
    x0: 0,
    x1: 1,
    y0: limit.value,
    y1: limit.value,
    line: { color: limit.color ? faded(limit.color, 0.5) : palette.limit, width: 1.2, dash: "dash" },
  };
}

/**
 * Short ticks at the top where a series of events is above zero; at most one for three pixels.
 * @param {import("./types.js").View} view
 * @param {number} index
 * @param {Paper} paper
 */
function markShapes(view, index, paper) {
  const wide = ((view.to - view.from) / Math.max(50, paper.width - MARGIN.l - MARGIN.r)) * 3;
  const shapes = [];
  let last = -Infinity;
  for (let row = 0; row < view.times.length; row += 1) {
    const t = view.times[row];
    if (!(view.columns[index][row] > 0) || t - last < wide) continue;
    last = t;
    shapes.push({ type: "line", layer: "above", xref: "x", yref: "paper", x0: t, x1: t, y0: 0.95, y1: 1, line: { color: paper.palette.limit, width: 1.4 } });
  }
  return shapes;
}

/**
 * The words of a limit, beside its line where they cover the fewest data, on a ground of the card's colour.
 * @param {Limit} limit
 * @param {import("./seats.js").Seat} seat
 * @param {import("./colours.js").Palette} palette
 * @param {string} value
 */
function limitNote(limit, seat, palette, value) {
  const halo = `0 0 2px ${palette.card}`;
  return {
    xref: "paper",
    yref: "y",
    x: seat.right ? 1 : 0,
    y: limit.value,
    xanchor: seat.right ? "right" : "left",
    yanchor: seat.above ? "bottom" : "top",
    text: literal(`${limit.name} ${value}`),
    showarrow: false,
    font: { size: 10.5, color: palette.limit, shadow: Array(5).fill(halo).join(", ") },
    borderwidth: 0,
    borderpad: 2,
  };
}

/**
 * What stands before the first second that is kept: a band as over gaps, told apart by its words.
 * @param {Paper} paper
 * @param {import("./types.js").View} view
 */
function beginning(paper, { from, to, since, interval }) {
  const end = Math.min(to, since - interval / 2);
  if (!since || end - from <= 2.5 * interval) return null;
  const width = ((end - from) / (to - from)) * (paper.width - MARGIN.l - MARGIN.r);
  const note = {
    xref: "x",
    yref: "paper",
    x: (from + end) / 2,
    y: 0.5,
    xanchor: "center",
    yanchor: "middle",
    text: `not recorded<br>before ${clockText(since, true, paper.utc)}`,
    showarrow: false,
    font: { size: 10.5, color: paper.palette.muted },
  };
  return { band: /** @type {[number, number]} */ ([from, end]), notes: width > 96 ? [note] : [] };
}

/**
 * Plotly's layout of one chart: the view's time axis, its gaps, and what the kind adds.
 * @param {Paper} paper
 * @param {import("./types.js").View} view
 * @param {object} yaxis
 * @param {{shapes: object[], annotations: object[]}} [extra]
 */
function figureLayout(paper, view, yaxis, extra = { shapes: [], annotations: [] }) {
  const { palette } = paper;
  const { from, to } = view;
  const start = beginning(paper, view);
  const gaps = gapBands(view);
  const bands = [...(start ? [start.band] : []), ...gaps]
    .map(([a, b]) => /** @type {[number, number]} */ ([Math.max(a, from), Math.min(b, to)]))
    .filter(([a, b]) => b > a);
  return {
    width: paper.width,
    height: paper.height,
    margin: { ...MARGIN, pad: 0, autoexpand: false },
    paper_bgcolor: palette.card,
    plot_bgcolor: palette.card,
    showlegend: false,
    hovermode: false,
    dragmode: false,
    font: { family: "Inter, system-ui, sans-serif", size: 11, color: palette.muted },
    xaxis: timeAxis(paper, view),
    yaxis,
    shapes: [...bands.map((band) => bandShape(band, palette.band)), ...extra.shapes],
    annotations: [...(start?.notes ?? []), ...extra.annotations],
  };
}

export { MARGIN, figureLayout, innerOf, limitNote, limitShape, literal, markShapes, valueAxis };
