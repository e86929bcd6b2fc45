/**
 * What a card shows as a sheet (model/export.js), and its legend for pictures. Nothing is
 * drawn or saved here.
 */

import { format } from "../model/units.js";
import { recent } from "./table.js";

/**
 * @typedef {import("../model/export.js").Sheet} Sheet
 * @typedef {{wish: string, host: string, interval: number, edge: number,
 *   words: {title: string, unit: string, now: string},
 *   widget: import("../model/types.js").LaidWidget|null,
 *   view: import("../model/types.js").View|null, plan: import("../model/pens.js").Plan|null,
 *   rows: import("../model/rows.js").Rows|null, names: string[]}} Shown
 *   names: of a live table's rows, in the order in which they stand
 * @typedef {{name: string, color: string, dash: string, text: string}} Entry
 */

/** All that is drawn: series that the legend hides are left out. @param {Shown} shown @returns {Sheet|null} */
function sheetOf(shown) {
  const { host, wish, words, interval, edge, widget } = shown;
  const about = { host, wish, title: words.title, unit: widget?.unit ?? "", interval };
  if (shown.rows) return { ...about, from: shown.rows.seq, to: shown.rows.seq, times: [], lines: [], table: tableOf(shown) };
  const { view, plan } = shown;
  if (!view || !plan || !view.times.length) return null;
  const drawn = plan.pens.length || plan.rest.length ? [...plan.pens.map(({ index }) => index), ...plan.rest] : plan.plain;
  const line = (/** @type {number} */ index, /** @type {string} */ unit) => {
    const { name, labels } = view.series[index];
    return { name, unit, labels, values: view.columns[index] };
  };
  const order = drawn.sort((a, b) => a - b);
  const lines = [...order.map((index) => line(index, view.unit)), ...plan.readouts.map(({ index, unit }) => line(index, unit))];
  return { ...about, from: view.times[0], to: Math.min(edge, view.times[view.times.length - 1]), times: view.times, lines, table: null };
}

/** @param {Shown} shown @returns {NonNullable<Sheet["table"]>} */
function tableOf({ rows, names }) {
  const table = /** @type {import("../model/rows.js").Rows} */ (rows);
  const heads = table.columns.map(({ id, text, title, unit }) => ({ id, text: text || id === "", title, unit }));
  return { heads, rows: names.map((name) => table.columns.map(({ id }) => table.cell(name, id))) };
}

/** The legend: what is drawn in colour, and its value of now. Limits have their words in the chart. @param {Shown} shown @returns {Entry[]} */
function legendOf({ view, plan }) {
  if (!view || !plan) return [];
  return plan.pens.map(({ index, name, color, dash }) => ({ name, color, dash, text: format(recent(view, index), view.unit) }));
}

export { legendOf, sheetOf };
