/**
 * The metric browser: all metrics of a host as a tree and by search, each with what the host
 * says of it, and charts of any of them. It is fetched when it is first opened.
 */

import { shownWishes, widget_added, wish_replaced } from "../actions.js";
import { getNames } from "../api.js";
import { el, fill, say } from "../dom.js";
import { hostTitle } from "../model/hosts.js";
import { chartOf, metricsOf } from "../model/maker.js";
import { MetricIndex } from "../model/search.js";
import { printWish } from "../model/wish.js";
import { ChartMaker } from "./chartmaker.js";
import { failure } from "./check.js";
import { openDialog } from "./dialog.js";
import { MetricFacts } from "./metricfacts.js";
import { MetricTree } from "./metrictree.js";

const MOST_FOUND = 100;

/** @typedef {import("../feeds.js").PageStore} PageStore */

class MetricBrowser {
  #store;
  #host;
  /** The chart that is changed here; null where a new one is made. */
  #edited;
  #search = el("input", { type: "search", class: "picker-search", placeholder: "Search name, help and unit", "aria-label": "Search metrics", autofocus: true, spellcheck: "false", autocomplete: "off" });
  #count = el("p", { class: "quiet metrics-count", role: "status" });
  #tree;
  #facts;
  #maker;
  /** @type {MetricIndex|null} */
  #index = null;
  #stop = new AbortController();

  /** @param {PageStore} store @param {() => import("../model/colours.js").Palette} palette @param {string|null} wish */
  constructor(store, palette, wish) {
    this.#store = store;
    this.#edited = wish;
    const { hosts } = store.state.dashboard;
    this.#host = hosts[0] ?? "";
    this.#tree = new MetricTree({ choose: (n) => this.#choose(n), chart: (n) => this.#chart(this.#name(n)) });
    this.#facts = new MetricFacts({ chart: (name) => this.#chart(name), insert: (name) => this.#maker.insert(name) }, palette);
    this.#maker = new ChartMaker({ add: (made) => this.#add(made), host: () => this.#host }, palette);
    const left = el("div", { class: "metrics-left" }, hosts.length > 1 && this.#hostBox(hosts), this.#search, this.#count, this.#tree.node);
    const dialog = openDialog("Metrics", "metrics-browser", el("div", { class: "metrics-grid" }, left, el("div", { class: "metrics-right" }, this.#facts.node, this.#maker.node)));
    dialog.addEventListener("close", () => this.#close());
    this.#search.addEventListener("input", () => this.#find());
    this.#search.addEventListener("keydown", (event) => this.#key(event));
    const chart = wish && chartOf(wish);
    if (chart) this.#maker.open(chart, "Change the chart");
    this.#load(chart ? metricsOf(chart.exprs)[0] : undefined);
    this.#search.focus();
  }

  #close() {
    this.#stop.abort();
    this.#facts.stop();
    this.#maker.stop();
  }

  /** @param {string[]} hosts */
  #hostBox(hosts) {
    const known = this.#store.state.hosts;
    const select = el("select", { class: "select", "aria-label": "Host", onchange: () => { this.#host = select.value; this.#load(); } }, ...hosts.map((host) => el("option", { value: host }, hostTitle(host, known[host]))));
    return select;
  }

  /** @param {string} [name] the metric to stand on */
  async #load(name) {
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#index = null;
    fill(this.#tree.node);
    say(this.#count, "Reading the names of its metrics. The first time this takes some seconds.");
    try {
      const { metrics, total } = await getNames(this.#host, signal);
      if (signal.aborted) return;
      this.#index = new MetricIndex(metrics);
      this.#tree.show(this.#index);
      say(this.#count, total > metrics.length ? `${metrics.length} of ${total} metrics` : `${total} metrics`);
      if (this.#search.value.trim()) this.#find();
      else if (name) this.#reveal(name);
    } catch (error) {
      if (!signal.aborted) fill(this.#count, failure(error));
    }
  }

  /** @param {string} name */
  #reveal(name) {
    const at = this.#index?.at(name) ?? -1;
    if (at < 0) return;
    this.#tree.reveal(name);
    this.#choose(at);
  }

  #find() {
    if (!this.#index) return;
    const text = this.#search.value.trim();
    const { found, total } = this.#index.search(text, MOST_FOUND);
    this.#tree.list(text ? found : null);
    say(this.#count, !text ? `${total} metrics` : !total ? "No metric has these words." : total > found.length ? `${found.length} of ${total} found` : `${total} found`);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.isComposing) this.#tree.enter();
  }

  /** @param {number} n */
  #name(n) {
    return this.#index?.rows[n][0] ?? "";
  }

  /** @param {number} n */
  #choose(n) {
    const row = this.#index?.rows[n];
    if (row) this.#facts.show(this.#host, row);
  }

  /** One click makes a chart. @param {string} name */
  #chart(name) {
    const text = this.#put(printWish("chart", { expr: name }));
    say(this.#count, text);
  }

  /** The chart in the making: onto the dashboard, or in place of the one that is changed. @param {string} wish */
  #add(wish) {
    if (this.#edited === null || !shownWishes(this.#store.state).includes(this.#edited)) return this.#put(wish);
    this.#store.do(wish_replaced, { from: this.#edited, to: wish });
    this.#edited = wish;
    return "The chart on the dashboard is this one now.";
  }

  /** @param {string} wish */
  #put(wish) {
    if (shownWishes(this.#store.state).includes(wish)) return "It stands on the dashboard already.";
    this.#store.do(widget_added, wish);
    return shownWishes(this.#store.state).includes(wish) ? "It stands on the dashboard now, at the end." : "The dashboard is full: remove a widget first.";
  }
}

/** @param {PageStore} store @param {() => import("../model/colours.js").Palette} palette @param {string|null} [wish] a chart to be changed */
function openMetrics(store, palette, wish = null) {
  if (store.state.dashboard.hosts.length) return new MetricBrowser(store, palette, wish);
  return null;
}

export { openMetrics };
