/**
 * What a chart draws of its series: which in colour, which faintly together, which as
 * limit lines, which as numbers beside the title. Pure but for the choice kept by the caller.
 */

import { penOf } from "./colours.js";
import { joinedPens } from "./joined.js";

/** More series than this: the worst in colour, the others faint. */
const MANY = 8;

/**
 * @typedef {import("./figures.js").Pen} Pen
 * @typedef {{pens: Pen[], rest: number[], limits: {name: string, value: number, color?: string}[],
 *   readouts: {name: string, index: number, unit: string}[], marks: number[], entries: Pen[], plain: number[]}} Plan
 *   entries: of the legend, hidden ones too; plain: all series that are neither limit nor readout
 */

/** Last number of a column; NaN where there is none. @param {Float64Array} column */
function lastNumber(column) {
  for (let i = column.length - 1; i >= 0; i -= 1) if (column[i] === column[i]) return column[i];
  return NaN;
}

/** @param {import("./types.js").View} view @param {string} role */
function ofRole(view, role) {
  return view.series.map((_, index) => index).filter((index) => view.series[index].labels?.role === role);
}

/**
 * @param {import("./types.js").View} view
 * @param {{kind: string, hidden: string[], palette: import("./colours.js").Palette,
 *   choice: import("./rank.js").Choice, all?: boolean}} how all: the legend lists the faint ones too
 * @returns {Plan}
 */
function planPens(view, { kind, hidden, palette, choice, all = false }) {
  if (view.own) return joinedPens(view, hidden, palette);
  const name = (/** @type {number} */ index) => view.series[index].name;
  const limits = ofRole(view, "limit").map((index) => ({ name: name(index), value: lastNumber(view.columns[index]) }));
  const marks = ofRole(view, "mark");
  const readouts = [...ofRole(view, "readout"), ...marks].map((index) => ({
    name: view.series[index].labels.series ?? name(index),
    index,
    unit: view.series[index].labels.unit ?? view.unit,
  }));
  const apart = new Set([...ofRole(view, "limit"), ...ofRole(view, "readout"), ...marks]);
  const plain = view.series.map((_, index) => index).filter((index) => !apart.has(index));
  const shown = plain.filter((index) => !hidden.includes(name(index)));
  const common = { limits: limits.filter(({ value }) => value === value), readouts, marks, plain };
  if (kind !== "line" || shown.length <= MANY) {
    const pens = plain.map((index, n) => ({ index, name: name(index), ...inkOf(view, index, n, palette, kind) }));
    const many = plain.length > MANY && kind === "line";
    const drawn = pens.filter((pen) => shown.includes(pen.index)).map((pen, n) => (many ? { ...pen, ...penOf(palette, n) } : pen));
    return { ...common, pens: drawn, rest: [], entries: many && !all ? drawn : merged(pens, drawn) };
  }
  const slots = choice.pick(shown.map(name), shown.map((index) => view.columns[index]), MANY, view.to);
  const pens = shown
    .filter((index) => slots.has(name(index)))
    .map((index) => ({ index, name: name(index), ...penOf(palette, slots.get(name(index)) ?? 0) }));
  const rest = shown.filter((index) => !slots.has(name(index)));
  const faint = plain.map((index) => ({ index, name: name(index), color: palette.rest, dash: "solid", faint: true }));
  return { ...common, pens, rest, entries: all ? merged(faint, pens) : pens };
}

/** @param {Pen[]} base @param {Pen[]} drawn */
function merged(base, drawn) {
  return base.map((pen) => drawn.find(({ index }) => index === pen.index) ?? pen);
}

/** @param {import("./types.js").View} view @param {number} index @param {number} n @param {import("./colours.js").Palette} palette @param {string} kind */
function inkOf(view, index, n, palette, kind) {
  if (view.series[index].labels?.role === "rest") return { color: palette.muted, dash: "solid", faint: true };
  const pen = penOf(palette, n);
  return kind === "stacked" && !palette.strong ? { ...pen, dash: "solid" } : pen;
}

export { MANY, lastNumber, planPens };
