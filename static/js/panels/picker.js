/**
 * The widget picker: all widgets by group, searchable; what no host on the page can draw is
 * greyed out with the reason. Any metric of the host can be added as a chart, too.
 */

import { findWidget, shownWishes, widget_added, widget_removed } from "../actions.js";
import { getHost, getMetrics } from "../api.js";
import { el, fill, icon } from "../dom.js";
import { parseWish, printWish } from "../model/wish.js";
import { openDialog } from "./dialog.js";

const METRICS = 20;
const PAUSE = 250;

/** @typedef {import("../feeds.js").PageStore} PageStore */
/** @typedef {import("../model/types.js").CatalogWidget} CatalogWidget */

class Picker {
  #store;
  #search = el("input", { type: "search", class: "picker-search", placeholder: "Search widgets and the host’s metrics", "aria-label": "Search widgets and metrics", autofocus: true, spellcheck: "false" });
  #groups = el("div", { class: "picker-groups" });
  #metrics = el("div", { class: "picker-metrics" });
  /** Widgets that a host can't draw: id -> host -> reason. @type {Map<string, Map<string, string>>} */
  #refused = new Map();
  #stop = new AbortController();
  #wait = 0;
  #asked = new AbortController();

  /** @param {PageStore} store @param {() => void} browse opens the metric browser */
  constructor(store, browse) {
    this.#store = store;
    const all = el("button", { type: "button", class: "link picker-all", onclick: () => { dialog.close(); browse(); } }, "All metrics of the host, and charts of any of them");
    const dialog = openDialog("Widgets", "picker", this.#search, all, this.#groups, this.#metrics);
    const undos = [
      store.subscribe((state) => state.dashboard, () => this.#show()),
      store.subscribe((state) => state.catalog, () => this.#show()),
    ];
    dialog.addEventListener("close", () => {
      for (const undo of undos) undo();
      clearTimeout(this.#wait);
      this.#stop.abort();
      this.#asked.abort();
    });
    this.#search.addEventListener("input", () => this.#searched());
    this.#search.addEventListener("keydown", (event) => this.#enter(event));
    this.#search.focus();
    this.#show();
    for (const host of store.state.dashboard.hosts) this.#ask(host);
  }

  /** @param {string} host */
  async #ask(host) {
    try {
      const { widgets = [] } = await getHost(host, this.#stop.signal);
      for (const { id, draws, reason, hint } of widgets) {
        if (draws) continue;
        const hosts = this.#refused.get(id) ?? new Map();
        hosts.set(host, [reason, hint].filter(Boolean).join(" ") || "This host can't draw it.");
        this.#refused.set(id, hosts);
      }
      if (!this.#stop.signal.aborted) this.#show();
    } catch {
      // A host that does not answer greys nothing out: its state stands on the page.
    }
  }

  /** The reason why no host here can draw it; empty where one can. @param {string} id */
  #reason(id) {
    const { hosts } = this.#store.state.dashboard;
    const refused = this.#refused.get(id);
    if (!refused || hosts.some((host) => !refused.has(host))) return "";
    return refused.get(hosts[0]) ?? "";
  }

  #show() {
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = shownWishes(this.#store.state);
    const focused = /** @type {HTMLElement|null} */ (document.activeElement)?.dataset.id;
    /** @type {Map<string, CatalogWidget[]>} */
    const groups = new Map();
    for (const widget of this.#store.state.catalog.widgets) {
      if (widget.id === "chart" || widget.single || !words.every((word) => matches(widget, word))) continue;
      groups.set(widget.group, [...(groups.get(widget.group) ?? []), widget]);
    }
    fill(
      this.#groups,
      ...faults(this.#store.state.catalog.problems),
      ...[...groups].map(([group, widgets]) =>
        el("section", {}, el("h3", {}, group), ...widgets.map((widget) => this.#row(widget, shown))),
      ),
      !groups.size && el("p", { class: "quiet" }, "No widget of that name."),
    );
    for (const button of this.#groups.querySelectorAll("button")) if (focused && button.dataset.id === focused) button.focus();
  }

  /** @param {CatalogWidget} widget @param {string[]} shown */
  #row({ id, title, help }, shown) {
    const wish = shown.find((one) => parseWish(one)?.id === id);
    const reason = this.#reason(id);
    return el(
      "button",
      {
        type: "button",
        class: `pick ${reason ? "cannot" : ""}`,
        "data-id": id,
        "aria-pressed": String(wish !== undefined),
        "aria-disabled": reason && !wish ? "true" : null,
        onclick: () => {
          if (wish) this.#store.do(widget_removed, wish);
          else if (!reason) this.#store.do(widget_added, id);
        },
      },
      el("span", { class: "pick-mark" }, wish ? icon("check") : icon("plus")),
      el("span", { class: "pick-text" }, el("b", {}, title), el("span", {}, reason || help?.shows || "")),
    );
  }

  /** Enter adds the first that was found. @param {KeyboardEvent} event */
  #enter(event) {
    if (event.key !== "Enter" || event.isComposing || !this.#search.value.trim()) return;
    event.preventDefault();
    // Where widgets were found, metrics are not what is meant, even if all of them are on the page.
    const found = this.#groups.querySelector(".pick:not(.cannot)") !== null;
    const first = found ? this.#groups.querySelector(".pick[aria-pressed=false]:not(.cannot)") : this.#metrics.querySelector(".pick:not(.cannot)");
    if (first instanceof HTMLElement) first.click();
  }

  #searched() {
    this.#show();
    clearTimeout(this.#wait);
    this.#asked.abort();
    const text = this.#search.value.trim();
    this.#metrics.classList.toggle("first", text.includes("."));
    if (text.length < 3) fill(this.#metrics);
    else this.#wait = setTimeout(() => this.#find(text), PAUSE);
  }

  /** @param {string} text */
  async #find(text) {
    const host = this.#store.state.dashboard.hosts[0];
    if (!host) return;
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    try {
      const { metrics, total } = await getMetrics(host, text, METRICS, signal);
      if (signal.aborted || !metrics.length) return fill(this.#metrics);
      const more = total > metrics.length ? ` (${metrics.length} of ${total})` : "";
      fill(this.#metrics, el("section", {}, el("h3", {}, `Metrics of ${host}${more}`), ...metrics.map((/** @type {any} */ metric) => this.#metric(metric))));
    } catch {
      if (!signal.aborted) fill(this.#metrics);
    }
  }

  /** @param {{name: string, help: string, units: string, semantics: string, type: string}} metric */
  #metric({ name, help, units, semantics, type }) {
    const wish = printWish("chart", { expr: name });
    const words = type === "string" ? "A text can't be drawn." : `${[semantics, units].filter(Boolean).join(", ")}. ${help}`;
    return el(
      "button",
      { type: "button", class: type === "string" ? "pick cannot" : "pick", "aria-disabled": type === "string" ? "true" : null, onclick: () => type !== "string" && this.#store.do(widget_added, wish) },
      el("span", { class: "pick-mark" }, icon("plus")),
      el("span", { class: "pick-text" }, el("code", {}, name), el("span", {}, words)),
    );
  }
}

/** Faults in files of the user's own, which were left out. @param {string[]} problems */
function faults(problems) {
  if (!problems.length) return [];
  const rows = problems.map((problem) => el("li", {}, problem));
  return [el("section", { class: "picker-faults" }, el("h3", {}, "Left out of your own files"), el("ul", {}, ...rows))];
}

/** By metric only for longer words: every widget has some kernel.all. @param {CatalogWidget} widget @param {string} word */
function matches({ id, title, group, aliases, metrics }, word) {
  const texts = [id, title, group, ...aliases, ...(word.length > 6 ? metrics : [])];
  return texts.some((text) => text.toLowerCase().includes(word));
}

/** @param {PageStore} store @param {() => void} browse opens the metric browser */
function openPicker(store, browse) {
  return new Picker(store, browse);
}

/** The catalogue's widget of a wish. @param {PageStore} store @param {string} wish */
function widgetOf(store, wish) {
  return findWidget(store.state, parseWish(wish)?.id ?? "");
}

export { openPicker, widgetOf };
