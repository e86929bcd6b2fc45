/**
 * A card's chart as a table, in a dialog: for screen readers, and for whoever wants the numbers.
 * It shows what was drawn when it was opened, and stays so until it is asked to read again.
 */

import { el, fill } from "../dom.js";
import { columnsOf, pointRows, stepFor, summaryRow } from "../model/charttable.js";
import { clockText, zoneName } from "../model/ticks.js";
import { formatLimit } from "../model/units.js";
import { openDialog } from "./dialog.js";

/** @typedef {import("../widgets/card.js").Card} Card */
/** @typedef {import("../model/charttable.js").Column} Column */

/** @param {string} caption @param {string[]} heads @param {{name: string, texts: string[]}[]} rows */
function table(caption, heads, rows) {
  const [first, ...rest] = heads;
  const head = el("tr", {}, el("th", { scope: "col" }, first), ...rest.map((text) => el("th", { scope: "col", class: "number" }, text)));
  const body = rows.map(({ name, texts }) => el("tr", {}, el("th", { scope: "row" }, name), ...texts.map((text) => el("td", { class: "number" }, text))));
  return el("table", {}, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, ...body));
}

/** @param {Column[]} columns */
function summaryTable(columns) {
  const rows = columns.map((column) => {
    const { name, texts, gaps } = summaryRow(column);
    return { name, texts: [...texts, gaps ? String(gaps) : "none"] };
  });
  return table("Each series over the time shown", ["Series", "Last", "Least", "Most", "Average", "Points without a value"], rows);
}

/** @param {Card} card @param {boolean} utc */
function content(card, utc) {
  const { seen } = card;
  if (!seen || !seen.view.times.length) return [el("p", {}, "This chart has no points yet.")];
  const { view, plan, widget } = seen;
  const drawn = [...plan.pens.map(({ index }) => index), ...plan.rest].sort((a, b) => a - b);
  const columns = columnsOf(view, drawn, widget.buckets);
  const step = stepFor(view.to - view.from, view.interval);
  const points = pointRows({ columns, times: view.times, step });
  const clock = (/** @type {number} */ t) => clockText(t, true, utc);
  const each = step > view.interval ? `averages of ${step} seconds, from the second named on` : step === 1 ? "each second" : `every ${step} seconds`;
  const limits = plan.limits.map(({ name, value }) => `${name} ${formatLimit(value, view.unit)}`);
  return [
    el("p", { class: "quiet" }, `${clock(view.times[0])} to ${clock(view.times[view.times.length - 1])}, ${zoneName(view.to, utc)}. `, limits.length ? `Limits: ${limits.join(", ")}. ` : "", "A dash is a gap: nothing is known of that time."),
    summaryTable(columns),
    table(`Points, newest first: ${each}`, ["Time", ...columns.map(({ name }) => name)], points.map(({ t, texts }) => ({ name: clock(t), texts }))),
  ];
}

/** @param {Card} card @param {() => boolean} utc whether times are told in UTC */
function openChartTable(card, utc) {
  const box = el("div", { class: "chart-table", tabindex: "0", role: "region", "aria-label": "Tables" });
  const read = () => fill(box, ...content(card, utc()));
  const again = el("button", { type: "button", class: "button", onclick: read }, "Read the newest points");
  read();
  openDialog(`${card.title} on ${card.where}`, "as-table", again, box);
}

export { openChartTable };
