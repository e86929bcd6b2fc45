/**
 * The figures of the kinds of charts: lines, stacks, heatmaps; from a view to Plotly's data.
 * Pure. What is highlighted, hidden or in which range is decided by the caller.
 */

import { faded } from "./colours.js";
import { figureLayout, limitNote, limitShape, literal, markShapes, valueAxis } from "./figure.js";
import { grid } from "./heat.js";
import { lineRows } from "./joined.js";
import { seatOf } from "./seats.js";
import { stack, totals } from "./stack.js";
import { line } from "./thin.js";
import { formatLimit } from "./units.js";

/**
 * @typedef {{view: import("./types.js").View, by: number}} Ghost what was `by` seconds earlier, of the same series
 * @typedef {{index: number, name: string, color: string, dash: string, faint?: boolean, note?: string}} Pen
 * @typedef {{view: import("./types.js").View, paper: import("./figure.js").Paper, pens: Pen[],
 *   rest: number[], limits: import("./figure.js").Limit[], marks?: number[], range: import("./range.js").Range,
 *   lines?: Float64Array[], seats?: Map<string, import("./seats.js").Seat>, ghost?: Ghost|null}} Drawing
 *   lines: what stands out as lines, where that is not the pens' own columns; seats: of the limits' words, kept by the caller
 *   pens: series in colour, in drawing order; rest: those drawn faintly together
 * @typedef {import("./path.js").Trace} Trace
 */

const LINE = { type: "scatter", mode: "lines", hoverinfo: "skip", connectgaps: false };

/** Seconds that one thinned point stands for; at most one point pair per two pixels. @param {Drawing} drawing */
function bucketOf({ view, paper }) {
  return ((view.to - view.from) / Math.max(50, paper.width - 78)) * 2;
}

/** @param {Drawing} drawing */
function limitParts(drawing) {
  const { limits, marks = [], range, paper, view } = drawing;
  const inside = limits.filter(({ value }) => value >= range.low && value <= range.high);
  return {
    shapes: [...inside.map((limit) => limitShape(limit, paper.palette)), ...marks.flatMap((index) => markShapes(view, index, paper))],
    annotations: inside.map((limit) => {
      const text = limit.text ?? formatLimit(limit.value, view.unit);
      return limitNote(limit, seatOf(drawing, limit, `${limit.name} ${text}`), paper.palette, text);
    }),
  };
}

/** Plotly's layout of lines and areas. @param {Drawing} drawing */
function traceLayout(drawing) {
  const { view, paper, range } = drawing;
  return figureLayout(paper, view, valueAxis(paper, range, view.unit), limitParts(drawing));
}

/** @param {Drawing} drawing */
function lineFigure(drawing) {
  return { data: lineTraces(drawing), layout: traceLayout(drawing) };
}

/** @param {Drawing} drawing */
function stackFigure(drawing) {
  return { data: stackTraces(drawing), layout: traceLayout(drawing) };
}

/**
 * Lines, the faint ones first. With `start`, the rows from there on alone.
 * @param {Drawing} drawing
 * @param {number} [start]
 * @returns {Trace[]}
 */
function lineTraces(drawing, start = 0) {
  const { view, pens, rest, paper, range } = drawing;
  const bucket = bucketOf(drawing);
  const single = pens.length === 1 && rest.length === 0;
  const data = [...ghostTraces(drawing, bucket), ...(rest.length ? [restTrace(drawing, bucket, start)] : [])];
  for (const pen of pens) {
    const { times, values, interval } = lineRows(view, pen.index, start);
    const points = line(times, values, interval, bucket);
    const style = { color: pen.color, width: paper.palette.width, dash: pen.dash };
    // A log scale has no zero that an area could rest on.
    if (single && !range.log) data.push(areaTrace(drawing, pen, bucket, start));
    data.push({ ...LINE, ...points, name: literal(pen.name), line: style });
  }
  return data;
}

/**
 * The lines of a moment ago under those of now, each at the place of `by` seconds later; of a
 * stack, its total.
 * @param {Drawing} drawing
 * @param {number} bucket
 * @param {boolean} [whole] of a stack
 * @returns {Trace[]}
 */
function ghostTraces({ ghost, pens, paper: { palette } }, bucket, whole = false) {
  if (!ghost) return [];
  const { times, columns, interval } = ghost.view;
  const trace = (/** @type {import("./joined.js").Own} */ rows, /** @type {string} */ name, /** @type {string} */ color) => {
    const style = { color, width: palette.width * 0.8, dash: "dot" };
    const later = rows.times.map((t) => t + ghost.by);
    return { ...LINE, ...line(later, rows.values, rows.interval, bucket), name: `${literal(name)}, before`, line: style };
  };
  if (whole) return [trace({ times, values: totals(pens.map(({ index }) => columns[index])), interval }, "all", palette.ghost)];
  return pens.filter(({ faint }) => !faint).map((pen) => trace(lineRows(ghost.view, pen.index, 0), pen.name, faded(pen.color, palette.strong ? 0.8 : 0.6)));
}

/**
 * A lone series gets a quiet area. Plotly's own fill to zero would join it across gaps.
 * @param {Drawing} drawing
 * @param {Pen} pen
 * @param {number} bucket
 * @param {number} start
 * @returns {Trace}
 */
function areaTrace({ view }, pen, bucket, start) {
  const { times, values, interval } = lineRows(view, pen.index, 0);
  const [layer] = stack(times, [values], interval, bucket, view.own ? 0 : start).outlines;
  const outline = layer?.outline ?? { x: [], y: [] };
  return { ...LINE, ...outline, name: "area", fill: "toself", fillcolor: faded(pen.color, 0.13), line: { width: 0 } };
}

/**
 * All faint series as one trace: one path costs far less than fifty.
 * @param {Drawing} drawing
 * @param {number} bucket
 * @param {number} start
 * @returns {Trace}
 */
function restTrace({ view, rest, paper }, bucket, start) {
  /** @type {(number|null)[]} */
  const x = [];
  /** @type {(number|null)[]} */
  const y = [];
  const times = view.times.subarray(start);
  for (const index of rest) {
    const points = line(times, view.columns[index].subarray(start), view.interval, bucket);
    for (const one of points.x) x.push(one);
    for (const one of points.y) y.push(one);
    x.push(null);
    y.push(null);
  }
  return { ...LINE, x, y, name: "others", line: { color: paper.palette.rest, width: 1, dash: "solid" } };
}

/**
 * Areas on each other, the lowest first. With `start`, the rows from there on alone.
 * @param {Drawing} drawing
 * @param {number} [start]
 * @returns {Trace[]}
 */
function stackTraces(drawing, start = 0) {
  const { view, pens, paper, range } = drawing;
  const columns = pens.map(({ index }) => view.columns[index]);
  const bucket = bucketOf(drawing);
  const { outlines } = stack(view.times, columns, view.interval, bucket, start);
  // A layer thinner than a pixel would only be a coloured edge on the one below.
  const pixel = (range.high - range.low) / paper.height;
  const solid = outlines.filter(({ index }) => columns[index].some((value) => value > pixel));
  const areas = solid.map(({ index, outline }) => {
    const pen = pens[index];
    return {
      ...LINE,
      ...outline,
      name: literal(pen.name),
      fill: "toself",
      fillcolor: faded(pen.color, pen.faint ? 0.14 : 0.7),
      line: { width: 0 },
    };
  });
  // In high contrast colour is not all that tells layers apart: each has an edge with its own dash.
  const edges = paper.palette.strong ? solid.map(({ index, edge }) => edgeTrace(pens[index], edge, paper)) : [];
  return [...areas, ...edges, ...ghostTraces(drawing, bucket, true)];
}

/** @param {Pen} pen @param {import("./stack.js").Outline} edge @param {import("./figure.js").Paper} paper @returns {Trace} */
function edgeTrace(pen, edge, { palette }) {
  return { ...LINE, ...edge, name: `${literal(pen.name)}, edge`, line: { color: palette.text, width: 1.5, dash: pen.dash } };
}

/** @param {Drawing} drawing pens: the rows, the first at the top */
function heatFigure(drawing) {
  const { view, pens, paper, range } = drawing;
  const rows = { ...view, columns: pens.map(({ index }) => view.columns[index]) };
  const { z, x0, dx } = grid(rows, (paper.width - 78) / 1.5);
  const trace = {
    type: "heatmap",
    z,
    x0,
    dx,
    y0: 0,
    dy: 1,
    zmin: range.low,
    zmax: range.high,
    colorscale: paper.palette.heat,
    showscale: false,
    hoverinfo: "skip",
    zsmooth: false,
  };
  return { data: [trace], layout: figureLayout(paper, view, rowAxis(pens.map(({ name }) => name), paper)) };
}

/** @param {string[]} names @param {import("./figure.js").Paper} paper */
function rowAxis(names, paper) {
  const room = Math.max(2, Math.floor((paper.height - 30) / 16));
  const step = [1, 2, 4, 8, 16, 32, 64, 128].find((one) => names.length / one <= room) ?? 256;
  const shown = names.map((_, i) => i).filter((i) => i % step === 0);
  return {
    type: "linear",
    range: [names.length - 0.5, -0.5],
    fixedrange: true,
    tickmode: "array",
    tickvals: shown,
    ticktext: shown.map((i) => literal(shortened(names[i]))),
    ticks: "",
    ticklabelstandoff: 6,
    showgrid: false,
    zeroline: false,
    automargin: false,
  };
}

/** @param {string} name */
function shortened(name) {
  return name.length > 9 ? `${name.slice(0, 8)}…` : name;
}

export { heatFigure, lineFigure, lineTraces, bucketOf, stackFigure, stackTraces, traceLayout };
