/**
 * From Plotly's layout of a chart to what a live one has besides its lines: the labels of time,
 * and the few SVG elements over the ink. Pure.
 */

import { innerOf, MARGIN } from "./figure.js";

/** Where Plotly puts the foot of a label's letters: under the box, and beside an anchor. */
const TICK_FOOT = 12;
const WORDS = { foot: 5, head: 12, line: 13.65, middle: 3.7, side: 2 };

/**
 * @typedef {import("./figure.js").Paper} Paper
 * @typedef {{tag: string, text?: string, [attribute: string]: string|number|undefined}} Part
 */

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}

/**
 * Labels of time: the middle of each, and the foot of its letters, in the plot's box.
 * @param {any} layout
 * @param {Paper} paper
 * @returns {{x: number, y: number, text: string}[]}
 */
function timeLabels({ xaxis }, paper) {
  const { width, height } = innerOf(paper);
  const [from, to] = xaxis.range;
  const x = (/** @type {number} */ t) => round(((t - from) / (to - from)) * width);
  return xaxis.tickvals.map((/** @type {number} */ t, /** @type {number} */ n) => ({ x: x(t), y: height + TICK_FOOT, text: xaxis.ticktext[n] }));
}

/**
 * Bands and marks, in the plot's box.
 * @param {any} layout
 * @param {Paper} paper
 * @returns {Part[]}
 */
function slidingParts({ shapes, xaxis }, paper) {
  const { width, height } = innerOf(paper);
  const [from, to] = xaxis.range;
  const perSecond = width / (to - from);
  const at = (/** @type {number} */ t) => round((t - from) * perSecond);
  return shapes
    .filter((/** @type {any} */ shape) => shape.xref === "x")
    .map((/** @type {any} */ { type, x0, x1, y0, y1, fillcolor, line }) =>
      type === "rect"
        ? { tag: "rect", x: at(x0), y: 0, width: round((x1 - x0) * perSecond), height, fill: fillcolor }
        : { tag: "line", x1: at(x0), x2: at(x1), y1: (1 - y0) * height, y2: (1 - y1) * height, stroke: line.color, "stroke-width": line.width },
    );
}

/**
 * Lines of limits, in the box; words, in the whole.
 * @param {any} layout
 * @param {Paper} paper
 * @returns {{limits: Part[], words: Part[]}}
 */
function fixedParts({ shapes, annotations, xaxis, yaxis }, paper) {
  const { width, height } = innerOf(paper);
  const [low, high] = yaxis.range;
  const y = (/** @type {number} */ value) => round(height - ((value - low) / (high - low)) * height);
  const limits = shapes
    .filter((/** @type {any} */ { xref }) => xref === "paper")
    .map((/** @type {any} */ { y0, line }) => ({ tag: "line", x1: 0, x2: width, y1: y(y0), y2: y(y0), stroke: line.color, "stroke-width": line.width, "stroke-dasharray": "9 9" }));
  const [from, to] = xaxis.range;
  const x = (/** @type {any} */ note) => MARGIN.l + width * (note.xref === "x" ? (note.x - from) / (to - from) : note.x);
  const top = (/** @type {any} */ note) => MARGIN.t + (note.yref === "y" ? y(note.y) : (1 - note.y) * height);
  return { limits, words: annotations.flatMap((/** @type {any} */ note) => noteParts(note, x(note), top(note))) };
}

/** One text per line of a note. @param {any} note @param {number} x @param {number} y of its anchor @returns {Part[]} */
function noteParts({ text, font, xanchor, yanchor }, x, y) {
  const lines = plain(text);
  const aside = { left: WORDS.side, right: -WORDS.side, center: 0 }[/** @type {"left"} */ (xanchor)];
  const foot = { bottom: -WORDS.foot, top: WORDS.head, middle: WORDS.middle - ((lines.length - 1) * WORDS.line) / 2 }[/** @type {"top"} */ (yanchor)];
  const anchor = { left: "start", right: "end", center: "middle" }[/** @type {"left"} */ (xanchor)];
  return lines.map((line, n) => ({
    tag: "text",
    x: round(x + aside),
    y: round(y + foot + n * WORDS.line),
    "text-anchor": anchor,
    "font-size": `${font.size}px`,
    fill: font.color,
    style: font.shadow ? `text-shadow: ${font.shadow}` : "",
    text: line,
  }));
}

/** The lines of a text that was made literal for Plotly. @param {string} text */
function plain(text) {
  const read = (/** @type {string} */ line) => line.replace(/%\u200b\{/g, "%{").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  return text.split("<br>").map(read);
}

export { fixedParts, slidingParts, timeLabels };
