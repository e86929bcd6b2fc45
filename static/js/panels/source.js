/**
 * Where a widget's numbers come from: what it shows, what is normal, what to do when not,
 * and its metrics with the host's own words about them.
 */

import { getMetrics } from "../api.js";
import { el, fill } from "../dom.js";
import { parseWish } from "../model/wish.js";
import { failure } from "./check.js";
import { openDialog } from "./dialog.js";

const NAME = /[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+/g;

/** @param {import("../model/types.js").CatalogWidget|null} widget @param {string} wish */
function metricNames(widget, wish) {
  if (widget?.metrics.length) return widget.metrics;
  return [...new Set(parseWish(wish)?.options.expr?.match(NAME) ?? [])];
}

/** @param {import("../model/types.js").CatalogWidget|null} widget */
function helpRows(widget) {
  const help = widget?.help ?? {};
  const rows = [
    ["What it shows", help.shows],
    ["What is normal", help.normal],
    ["What to do when not", help.action],
  ];
  return rows.filter(([, text]) => text).flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]);
}

/** @param {{name: string, expression: string}[]} series */
function formulas(series) {
  if (!series.length) return "";
  return el(
    "details",
    { class: "formulas" },
    el("summary", {}, "How each series is computed (counters as rates per second)"),
    el("dl", {}, ...series.flatMap(({ name, expression }) => [el("dt", {}, name), el("dd", {}, el("code", {}, expression))])),
  );
}

/**
 * @param {string} name
 * @param {any} metric as the host tells it, or null where it has none
 */
function metricRow(name, metric) {
  const facts = metric ? [metric.semantics, metric.units || "no unit", metric.indom ? "per instance" : "", metric.type].filter(Boolean) : [];
  return el(
    "li",
    {},
    el("code", {}, name),
    el("span", { class: "quiet" }, facts.join(" · ")),
    el("p", {}, metric ? metric.help || "The host has no help text for it." : "This host has no such metric."),
  );
}

/**
 * @param {{wish: string, host: string, title: string}} card
 * @param {import("../model/types.js").CatalogWidget|null} widget
 */
function openSource({ wish, host, title }, widget) {
  const names = metricNames(widget, wish);
  const list = el("ul", { class: "metrics" }, ...names.map((name) => el("li", {}, el("code", {}, name), el("p", { class: "quiet" }, "Asking the host."))));
  const dialog = openDialog(
    `Where “${title}” comes from`,
    "source",
    el("dl", { class: "source-help" }, ...helpRows(widget)),
    formulas(widget?.series ?? []),
    el("h3", {}, `PCP metrics, in the words of ${host}`),
    names.length ? list : el("p", { class: "quiet" }, "This widget names no metric."),
  );
  const stop = new AbortController();
  dialog.addEventListener("close", () => stop.abort());
  askAll(host, names, list, stop.signal);
}

/** One look-up per metric, in turn: they share one connection at the host. @param {string} host @param {string[]} names @param {HTMLElement} list @param {AbortSignal} signal */
async function askAll(host, names, list, signal) {
  for (const [n, name] of names.entries()) {
    try {
      const { metrics } = await getMetrics(host, name, 20, signal);
      list.children[n].replaceWith(metricRow(name, metrics.find((/** @type {any} */ one) => one.name === name) ?? null));
    } catch (error) {
      if (signal.aborted) return;
      fill(list.children[n], el("code", {}, name), failure(error));
    }
  }
}

export { metricNames, openSource };
