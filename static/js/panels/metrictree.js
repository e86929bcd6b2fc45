/**
 * The names of a host's metrics as a tree, or those that a search found as a list: keys and
 * pointer move through it, what it stands on is told to its owner.
 */

import { el, fill, icon } from "../dom.js";

/** @typedef {import("../model/search.js").MetricIndex} MetricIndex */
/** @typedef {{path: string, name: string, metric: number|null, below: number, level: number, place: number, of: number}} Row */
/** @typedef {{choose: (metric: number) => void, chart: (metric: number) => void}} Hands */

class MetricTree {
  node = el("ul", { class: "tree", role: "tree", "aria-label": "Metrics of the host" });
  #hands;
  /** @type {MetricIndex|null} */
  #index = null;
  /** @type {number[]|null} */
  #found = null;
  /** @type {Set<string>} */
  #open = new Set();
  /** @type {Row[]} */
  #rows = [];
  /** Where the focus stands, or would. */
  #at = "";
  #chosen = "";

  /** @param {Hands} hands */
  constructor(hands) {
    this.#hands = hands;
    this.node.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The tree of a host. @param {MetricIndex} index */
  show(index) {
    this.#index = index;
    this.#found = null;
    this.#draw();
  }

  /** What a search found, in its order; null: the tree again. @param {number[]|null} found */
  list(found) {
    this.#found = found;
    this.#draw();
  }

  /** Opens the branches above a metric and stands on it. @param {string} name */
  reveal(name) {
    const parts = name.split(".");
    parts.slice(1).forEach((_, n) => this.#open.add(parts.slice(0, n + 1).join(".")));
    this.#at = this.#chosen = name;
    this.#draw();
    this.#node(name)?.scrollIntoView({ block: "nearest" });
  }

  /** The first row, as from the search box by the arrow down. */
  enter() {
    this.#move(this.#rows[0]);
  }

  /** @returns {Row[]} */
  #shown() {
    const index = this.#index;
    if (!index) return [];
    if (!this.#found) return index.visible(this.#open);
    const of = this.#found.length;
    return this.#found.map((metric, n) => {
      const [path] = index.rows[metric];
      return { path, name: path, metric, below: 0, level: 1, place: n + 1, of };
    });
  }

  #draw() {
    const focused = this.node.contains(document.activeElement);
    this.#rows = this.#shown();
    if (!this.#rows.some(({ path }) => path === this.#at)) this.#at = this.#rows[0]?.path ?? "";
    fill(this.node, ...this.#rows.map((row) => this.#row(row)));
    if (focused) this.#node(this.#at)?.focus();
  }

  /** @param {string} path @returns {HTMLElement|null} */
  #node(path) {
    return /** @type {HTMLElement|null} */ ([...this.node.children].find((one) => /** @type {HTMLElement} */ (one).dataset.path === path) ?? null);
  }

  /** @param {Row} row */
  #row(row) {
    const { path, name, metric, below, level, place, of } = row;
    const facts = metric === null ? null : this.#index?.rows[metric];
    const draws = facts && facts[1] !== "string";
    const node = el(
      "li",
      {
        role: "treeitem",
        class: metric === null ? "branch" : "leaf",
        "data-path": path,
        "aria-level": level,
        "aria-posinset": place,
        "aria-setsize": of,
        "aria-expanded": below ? String(this.#open.has(path)) : null,
        "aria-selected": String(path === this.#chosen),
        tabindex: path === this.#at ? "0" : "-1",
        onclick: () => this.#clicked(row),
      },
      el("span", { class: "tree-mark" }, below ? icon("chevron") : null),
      el("code", {}, name),
      el("span", { class: "tree-note" }, facts ? [facts[3], this.#found ? facts[5] : ""].filter(Boolean).join(" \u00b7 ") : `${below}`),
      draws && el("button", { type: "button", tabindex: "-1", class: "icon-button tree-add", "aria-label": `Chart ${path}`, title: "Make a chart of it (+)", onclick: (/** @type {Event} */ event) => this.#chart(event, row) }, icon("plus")),
    );
    node.style.setProperty("--level", String(level - 1));
    return node;
  }

  /** @param {Row} row */
  #clicked(row) {
    if (row.below) this.#toggle(row.path);
    this.#move(row);
  }

  /** @param {Event} event @param {Row} row */
  #chart(event, row) {
    event.stopPropagation();
    this.#move(row);
    if (row.metric !== null) this.#hands.chart(row.metric);
  }

  /** @param {string} path */
  #toggle(path) {
    if (!this.#open.delete(path)) this.#open.add(path);
    this.#draw();
  }

  /** @param {Row|undefined} row */
  #move(row) {
    if (!row) return;
    this.#node(this.#at)?.setAttribute("tabindex", "-1");
    this.#node(this.#chosen)?.setAttribute("aria-selected", "false");
    this.#at = this.#chosen = row.path;
    const node = this.#node(row.path);
    node?.setAttribute("tabindex", "0");
    node?.setAttribute("aria-selected", "true");
    node?.focus();
    if (row.metric !== null) this.#hands.choose(row.metric);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const at = this.#rows.findIndex(({ path }) => path === this.#at);
    const row = this.#rows[at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const open = this.#open.has(row.path);
    const above = this.#rows.slice(0, at).reverse().find(({ level }) => level < row.level);
    const moves = /** @type {Record<string, () => void>} */ ({
      ArrowDown: () => this.#move(this.#rows[at + 1]),
      ArrowUp: () => this.#move(this.#rows[at - 1]),
      Home: () => this.#move(this.#rows[0]),
      End: () => this.#move(this.#rows[this.#rows.length - 1]),
      ArrowRight: () => (row.below && !open ? this.#toggle(row.path) : row.below && this.#move(this.#rows[at + 1])),
      ArrowLeft: () => (row.below && open ? this.#toggle(row.path) : this.#move(above)),
      Enter: () => this.#clicked(row),
      " ": () => this.#clicked(row),
      "+": () => row.metric !== null && this.#hands.chart(row.metric),
    });
    const move = moves[event.key];
    if (!move) return;
    move();
    event.preventDefault();
  }
}

export { MetricTree };
