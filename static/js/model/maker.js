/**
 * A chart of any metrics in the making: its expressions and options, as a wish and back. Pure.
 */

import { parseWish, printWish } from "./wish.js";

/** @typedef {{exprs: string[], instances: string, unit: string, kind: string, top: string, title: string}} Chart */

const UNITS = ["", "%", "B", "B/s", "s", "/s", "count", "1"];
const KINDS = ["line", "stacked", "heatmap", "value"];
/** What one expression may do over its instances. */
const OVER = ["sum", "avg", "min", "max", "top 5"];
const MOST_EXPRESSIONS = 20;
const NAME = /[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+/g;

/** @returns {Chart} */
function emptyChart() {
  return { exprs: [], instances: "", unit: "", kind: "line", top: "", title: "" };
}

/** Expressions of a comma-separated list; commas within parentheses do not part them. @param {string} text */
function splitExpressions(text) {
  const parts = [""];
  let depth = 0;
  for (const letter of text) {
    depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim()).filter(Boolean);
}

/** The chart that a wish means; null where it is none of any metric. @param {string} text @returns {Chart|null} */
function chartOf(text) {
  const wish = parseWish(text);
  if (wish?.id !== "chart") return null;
  const { expr = "", ...options } = wish.options;
  return { ...emptyChart(), ...options, exprs: splitExpressions(expr) };
}

/** Its wish; null where it has no expression. @param {Chart} chart */
function wishOf(chart) {
  const exprs = chart.exprs.map((one) => one.trim()).filter(Boolean);
  if (!exprs.length) return null;
  const { instances, unit, kind, top, title } = chart;
  const options = { expr: exprs.join(", "), instances: instances.trim(), unit, kind: kind === "line" ? "" : kind, top: top.trim(), title: title.trim() };
  return printWish("chart", Object.fromEntries(Object.entries(options).filter(([, value]) => value)));
}

/** One expression more, once. @param {Chart} chart @param {string} expr @returns {Chart} */
function withExpression(chart, expr) {
  const exprs = chart.exprs.filter((one) => one.trim());
  if (exprs.includes(expr) || exprs.length >= MOST_EXPRESSIONS) return { ...chart, exprs };
  return { ...chart, exprs: [...exprs, expr] };
}

/** An expression over its instances: `sum(e)`, `top(5, e)`; another takes the place of the former. @param {string} expr @param {string} how "" takes it away */
function over(expr, how) {
  const former = /^(?:(?:sum|avg|min|max)\(|top\(\s*\d+\s*,)(.*)\)$/s.exec(expr.trim());
  const inner = former && closed(former[1]) ? former[1].trim() : expr.trim();
  if (!how) return inner;
  const [name, count] = how.split(" ");
  return count ? `${name}(${count}, ${inner})` : `${name}(${inner})`;
}

/** Whether all parentheses of a text close within it. @param {string} text */
function closed(text) {
  let depth = 0;
  for (const letter of text) {
    depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/** Names of metrics in expressions. @param {string[]} exprs */
function metricsOf(exprs) {
  return [...new Set(exprs.flatMap((one) => one.match(NAME) ?? []))];
}

/** An id for a widget file, from a title or its first metric. @param {Chart} chart */
function idOf(chart) {
  const words = chart.title || metricsOf(chart.exprs)[0] || "chart";
  return `own-${words}`.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60).replace(/-+$/, "");
}

export { KINDS, OVER, UNITS, chartOf, emptyChart, idOf, metricsOf, over, splitExpressions, wishOf, withExpression };
