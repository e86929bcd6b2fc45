/**
 * The words and numbers around a chart: headline, foot, rows of the tooltip. Pure.
 */

import { MANY } from "../model/pens.js";
import { rowAt } from "../model/rowat.js";
import { format } from "../model/units.js";

/**
 * @typedef {import("../model/types.js").View} View
 * @typedef {import("../model/pens.js").Plan} Plan
 * @typedef {import("../model/range.js").Range} Range
 */

/** Parts of a whole that nobody uses, and the one that others use. */
const UNUSED = ["rest", "idle", "apart"];

/**
 * How much of a whole is used: "busy 19.7 % \u00b7 steal 3.1 %". What idles is not busy, nor is what
 * others took; series that are hidden count all the same. Where the parts are not the whole
 * (some were left out by an option), their sum has no such name.
 * @param {View} view
 * @param {Plan} plan
 * @param {(index: number) => number} value
 */
function share(view, plan, value) {
  const known = plan.plain.filter((index) => view.columns[index].some((one) => one === one));
  const role = (/** @type {number} */ index) => view.series[index].labels?.role ?? "";
  const sum = (/** @type {number[]} */ list) => list.reduce((total, index) => total + value(index), 0);
  const whole = sum(known);
  if (!known.length || whole !== whole) return "\u2013";
  const used = format(sum(known.filter((index) => !UNUSED.includes(role(index)))), view.unit);
  if (Math.abs(whole - 100) > 1) return used;
  const apart = known.filter((index) => role(index) === "apart" && value(index) >= 0.05);
  return [`busy ${used}`, ...apart.map((index) => `${view.series[index].name} ${format(value(index), view.unit)}`)].join(" \u00b7 ");
}

/** The one number that tells most. @param {string} kind @param {View} view @param {Plan} plan @param {(index: number) => number} value */
function headline(kind, view, plan, value) {
  if (kind === "stacked" && plan.plain.length > 1) return view.unit === "%" ? share(view, plan, value) : "";
  const drawn = [...plan.pens.filter((pen) => !pen.faint).map(({ index }) => index), ...plan.rest];
  const values = drawn.map(value).filter((one) => one === one);
  // Of several hosts the legend tells each; no one number is theirs.
  if (view.own) return "";
  if (!values.length) return "–";
  if (plan.plain.length === 1) return format(values[0], view.unit);
  if (kind === "heatmap" || plan.plain.length > MANY) return `max ${format(Math.max(...values), view.unit)}`;
  return "";
}

/** "showing 8 of 64" where not all are in colour or here; else empty. @param {import("../model/types.js").LaidWidget} widget @param {Plan} plan */
function showing(widget, plan) {
  const here = plan.plain.length;
  const total = Math.max(widget.total ?? 0, here);
  if (plan.rest.length) return `showing ${plan.pens.length} of ${total}`;
  return total > here ? `showing ${here} of ${total}` : "";
}

/** Low end, high end and rows of a heatmap. @param {View} view @param {Plan} plan @param {Range|null} range */
function scaleText(view, plan, range) {
  const high = range ? (view.unit === "%" && range.high > 100 && range.high < 110 ? 100 : range.high) : 0;
  return [range ? format(range.low, view.unit).replace(/ .*/, "") : "", range ? format(high, view.unit) : "", `${plan.plain.length} rows`];
}

/**
 * Rows of the tooltip, the largest first where there are many; on a heatmap the row under the
 * pointer comes first.
 * @param {string} kind
 * @param {View} view
 * @param {Plan} plan
 * @param {number} row
 * @param {number} level pointer's height in the plot, 0 at the top
 * @param {Range|null} range
 * @param {import("../model/colours.js").Palette} palette
 * @param {import("../model/figures.js").Ghost|null} [ghost]
 * @returns {import("./tooltip.js").Row[]}
 */
function tipRows(kind, view, plan, row, level, range, palette, ghost = null) {
  const number = (/** @type {number} */ index) => view.columns[index][row];
  const rows = [
    ...plan.pens.map((pen) => ({ ...pen, value: number(pen.index) })),
    ...plan.rest.map((index) => ({ index, name: view.series[index].name, color: palette.muted, value: number(index) })),
  ];
  const under = kind === "heatmap" ? rows[Math.floor(level * rows.length)] : null;
  if (kind === "heatmap" || view.own || rows.length > MANY) rows.sort((a, b) => (b.value || 0) - (a.value || 0));
  else if (kind === "stacked") rows.reverse();
  const ordered = under ? [under, ...rows.filter((one) => one !== under)] : rows;
  const past = ghost && rowAt(ghost.view, view.times[row] - ghost.by);
  return ordered.map((one) => ({
    ...(ghost ? { before: beforeText(one.value, past === null ? NaN : ghost.view.columns[one.index][past], view.unit) } : {}),
    name: one.name,
    color: kind === "heatmap" ? heatColour(one.value, range, palette) : one.color,
    text: format(one.value, view.unit),
    strong: one === under,
  }));
}

/** What was there before, and how much more there is now: "was 10 %, +2 %". @param {number} now @param {number} before @param {string} unit */
function beforeText(now, before, unit) {
  if (before !== before) return "was –";
  const more = now - before;
  const sign = more > 0 ? "+" : "";
  return `was ${format(before, unit)}${more === more ? `, ${sign}${format(more, unit)}` : ""}`;
}

/** @param {number} value @param {Range|null} range @param {import("../model/colours.js").Palette} palette */
function heatColour(value, range, palette) {
  const share = range ? (value - range.low) / (range.high - range.low) : 0;
  return (palette.heat.find(([at]) => share <= at) ?? palette.heat[palette.heat.length - 1])[1];
}

export { headline, scaleText, showing, tipRows };
