/**
 * What a card shows, for whoever draws it: the whole figure as Plotly takes it, and of lines and
 * areas also the parts from which a live chart is drawn a second at a time. Pure.
 */

import { bucketFigure } from "./buckets.js";
import { heatFigure, lineTraces, bucketOf, stackTraces, traceLayout } from "./figures.js";
import { logDrawing } from "./log.js";

/**
 * @typedef {import("./figures.js").Drawing} Drawing
 * @typedef {{data: object[], layout: any}} Figure
 * @typedef {{stretch: import("./slide.js").Stretch, range: import("./range.js").Range, steady: boolean,
 *   traces: (since: number) => import("./path.js").Trace[]}} Ink
 *   steady: what was drawn stays as it is while time goes on
 * @typedef {{figure: () => Figure, layout: any, ink: Ink|null, paper: import("./figure.js").Paper}} Picture
 */

/**
 * @param {import("./types.js").LaidWidget} widget
 * @param {Drawing} drawing
 * @returns {Picture}
 */
function pictureOf(widget, drawing) {
  const { paper } = drawing;
  if (widget.kind === "heatmap") {
    const made = widget.buckets ? bucketFigure(drawing, widget.buckets) : heatFigure(drawing);
    return { figure: () => made, layout: made.layout, ink: null, paper };
  }
  const make = widget.kind === "stacked" ? stackTraces : lineTraces;
  const values = drawing.range.log ? logDrawing(drawing) : drawing;
  const layout = traceLayout(values);
  return { figure: () => ({ data: make(values), layout }), layout, ink: inkOf(values, widget.kind, make), paper };
}

/** @param {Drawing} drawing @param {string} kind @param {typeof lineTraces} make @returns {Ink} */
function inkOf(drawing, kind, make) {
  const { view, range } = drawing;
  const { times, from, to, interval } = view;
  const stretch = { key: keyOf(drawing, kind), from, to, interval, last: view.settled ?? times[times.length - 1] ?? 0, bucket: bucketOf(drawing) };
  const traces = (/** @type {number} */ since) => make(drawing, firstFrom(times, since));
  // Dashes begin at a line's left end: they move as that does.
  const steady = !drawing.ghost && drawing.pens.every(({ dash }) => dash === "solid");
  return { stretch, range, traces, steady };
}

/** All that pixels drawn earlier depend on. @param {Drawing} drawing @param {string} kind */
function keyOf({ view, paper, pens, rest, range, ghost }, kind) {
  const pixel = (range.high - range.low) / paper.height;
  const pen = (/** @type {import("./figures.js").Pen} */ { index, color, dash, faint }) =>
    `${index} ${color} ${dash} ${faint ?? ""} ${kind === "stacked" && view.columns[index].some((value) => value > pixel)}`;
  const { width, height, palette } = paper;
  const parts = [kind, width, height, palette.card, palette.rest, range.low, range.high, range.log?.floor, ghost?.by];
  parts.push(view.to - view.from, view.interval, view.revision);
  return [...parts, rest.join(), ...pens.map(pen)].join("\n");
}

/** Index of the first row at or after `t`. @param {Float64Array} times @param {number} t */
function firstFrom(times, t) {
  let row = t === -Infinity ? 0 : times.length;
  while (row > 0 && times[row - 1] >= t) row -= 1;
  return row;
}

/**
 * What stands still while the lines slide: the box, the ticks and the grid of values.
 * @param {Picture} picture
 * @returns {Figure & {key: string}}
 */
function frameOf({ layout, paper }) {
  const { width, height, palette } = paper;
  const xaxis = { ...layout.xaxis, range: [0, 1], tickvals: [], ticktext: [] };
  const key = JSON.stringify([width, height, palette.card, palette.muted, layout.yaxis]);
  return { key, data: [], layout: { ...layout, xaxis, shapes: [], annotations: [] } };
}

export { frameOf, pictureOf };
