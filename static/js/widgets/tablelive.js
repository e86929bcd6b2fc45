/**
 * A live table: sortable columns, a filter, sparklines. Rows keep their elements while they
 * are shown, and only what changed is written. While the pointer or the focus is in the
 * table its order stands still, so that nothing moves away from under a click.
 */

import { el, fill, say } from "../dom.js";
import { cellText, sparkPath } from "../model/rows.js";

const SPARK = { width: 64, height: 18 };
const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {import("../model/rows.js").Rows} Rows
 * @typedef {import("../model/types.js").Column} Column
 * @typedef {{rank: (column: string) => void, narrow: ((row: string) => void)|null, widen: (() => void)|null}} Hands
 *   rank: let the server choose rows by another column; narrow, widen: show one thing alone, or all
 * @typedef {{node: HTMLTableRowElement, cells: HTMLElement[], spark: SVGPathElement|null}} Line
 */

class LiveTable {
  node = el("div", { class: "live-table" });
  #hands;
  #filter;
  #count = el("span", { class: "quiet" });
  #choose = el("button", { type: "button", class: "link", hidden: true });
  #body = el("tbody", {});
  #note = el("p", { class: "quiet table-note", hidden: true });
  #scroll;
  /** @type {Rows|null} */
  #rows = null;
  #key = "";
  /** @type {{button: HTMLElement, cell: HTMLElement, column: Column}[]} */
  #heads = [];
  /** @type {import("../model/rows.js").Order|null} */
  #order = null;
  /** @type {Map<string, Line>} */
  #lines = new Map();
  #utc = false;

  /** @param {string} label @param {Hands} hands */
  constructor(label, hands) {
    this.#hands = hands;
    this.#filter = el("input", { type: "search", class: "table-filter", placeholder: "Filter rows", "aria-label": `Filter the rows of ${label}`, spellcheck: "false", autocomplete: "off", oninput: () => this.#sort(true) });
    this.#scroll = el("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": label });
    this.#choose.addEventListener("click", () => hands.rank(this.#order?.column ?? ""));
    const all = hands.widen && el("button", { type: "button", class: "button", onclick: hands.widen }, "Show all again");
    fill(this.node, el("div", { class: "table-tools" }, this.#filter, all, this.#count, this.#choose), this.#scroll);
  }

  /** @param {Rows} rows @param {boolean} utc */
  update(rows, utc) {
    const key = JSON.stringify(rows.columns);
    this.#rows = rows;
    this.#utc = utc;
    if (key !== this.#key) this.#build(key, rows);
    this.#sort(false);
    for (const [name, line] of this.#lines) this.#write(rows, name, line);
    this.#tell(rows);
  }

  /** Names of the rows, in the order in which they stand. */
  get names() {
    return [...this.#lines.keys()];
  }

  /** @param {string} key @param {Rows} rows */
  #build(key, rows) {
    this.#key = key;
    this.#lines.clear();
    const known = rows.columns.some(({ id }) => id === this.#order?.column);
    if (!known) this.#order = rows.order;
    this.#heads = rows.columns.map((column) => {
      const button = el("button", { type: "button", title: column.help || null, onclick: () => this.#turn(column) }, column.title);
      const cell = el("th", { scope: "col", class: kind(column, "") }, button);
      return { button, cell, column };
    });
    fill(this.#body);
    fill(this.#scroll, el("table", {}, el("thead", {}, el("tr", {}, ...this.#heads.map(({ cell }) => cell))), this.#body), this.#note);
  }

  /** A click on a head: sort by it, or the other way round. @param {Column} column */
  #turn(column) {
    const same = this.#order?.column === column.id;
    this.#order = { column: column.id, down: same ? !this.#order?.down : !column.text };
    this.#sort(true);
    if (this.#rows) this.#tell(this.#rows);
  }

  /** @param {boolean} asked by a person: then the order changes under the pointer too */
  #sort(asked) {
    const rows = this.#rows;
    if (!rows || !this.#order) return;
    for (const { cell, column } of this.#heads) {
      const way = column.id === this.#order.column ? (this.#order.down ? "descending" : "ascending") : "none";
      if (cell.getAttribute("aria-sort") !== way) cell.setAttribute("aria-sort", way);
    }
    const names = rows.names(this.#order, this.#filter.value);
    const still = !asked && (this.#body.matches(":hover") || this.#scroll.contains(document.activeElement));
    this.#place(rows, still ? this.#settled(names) : names);
  }

  /** Rows that stand already stay where they are; new ones come last. @param {string[]} names */
  #settled(names) {
    const wanted = new Set(names);
    const standing = [...this.#lines.keys()].filter((name) => wanted.has(name));
    const held = new Set(standing);
    return [...standing, ...names.filter((name) => !held.has(name))];
  }

  /** @param {Rows} rows @param {string[]} names */
  #place(rows, names) {
    const kept = new Set(names);
    for (const [name, line] of this.#lines) if (!kept.has(name)) line.node.remove();
    const lines = new Map(names.map((name) => [name, this.#lines.get(name) ?? this.#line(rows, name)]));
    this.#lines = lines;
    // The card is as high as the most rows so far need: it grows, and never shrinks.
    const size = Math.min(12, Math.max(3, rows.size, Number(this.node.dataset.rows ?? 0)));
    this.node.dataset.rows = String(size);
    /** @type {HTMLElement|null} */ (this.node.closest(".card"))?.style.setProperty("--rows", String(size));
    let at = 0;
    for (const { node } of lines.values()) {
      if (this.#body.children[at] !== node) this.#body.insertBefore(node, this.#body.children[at] ?? null);
      at += 1;
    }
  }

  /** @param {Rows} rows @param {string} name @returns {Line} */
  #line(rows, name) {
    /** @type {SVGPathElement|null} */
    let spark = null;
    const cells = rows.columns.map((column, n) => {
      if (n === 0) return this.#name(name);
      const text = el("span", {});
      if (column.spark) spark = sparkline();
      return el("td", { class: kind(column, "text") }, column.spark && spark ? /** @type {Node} */ (spark.parentNode) : null, text);
    });
    const line = { node: el("tr", {}, ...cells), cells, spark };
    this.#write(rows, name, line);
    return line;
  }

  /** @param {string} name */
  #name(name) {
    const { narrow } = this.#hands;
    const text = narrow ? el("button", { type: "button", class: "link", title: "Show this one alone", onclick: () => narrow(name) }, name) : el("span", {}, name);
    return el("th", { scope: "row", title: name }, text);
  }

  /** @param {Rows} rows @param {string} name @param {Line} line */
  #write(rows, name, { cells, spark }) {
    rows.columns.forEach((column, n) => {
      if (n === 0) return;
      const cell = rows.cell(name, column.id);
      say(/** @type {Node} */ (cells[n].lastChild), cellText(cell, column, this.#utc));
      if (column.text) cells[n].title = typeof cell === "string" ? cell : "";
    });
    const path = spark ? sparkPath(rows.past(name), rows.seq, SPARK.width, SPARK.height) : "";
    if (spark && spark.getAttribute("d") !== path) spark.setAttribute("d", path);
  }

  /** How many of how many; and a way to have others chosen. @param {Rows} rows */
  #tell(rows) {
    const shown = this.#lines.size;
    const nothing = rows.size ? (shown ? "" : "No row has these words.") : rows.note || (rows.seq ? "There are no rows now." : "The first rows are on their way.");
    // Rows that stand still for a fault say so below.
    say(this.#note, nothing || rows.note);
    this.#note.hidden = !this.#note.textContent;
    const chosen = rows.columns.find(({ sort }) => sort);
    const part = rows.total > rows.size;
    const whole = part ? `the first ${rows.size} of ${rows.total}${chosen ? ` by ${chosen.title}` : ""}` : `${rows.size} row${rows.size === 1 ? "" : "s"}`;
    say(this.#count, shown === rows.size ? whole : `${shown} of ${whole}`);
    const column = rows.columns.find(({ id }) => id === this.#order?.column);
    const other = part && column && !column.text && column.unit !== "id" && !column.sort;
    this.#choose.hidden = !other;
    if (other) say(this.#choose, `Choose by ${column.title}`);
  }
}

/** The classes of a column's cells. @param {Column} column @param {string} text of texts */
function kind(column, text) {
  return [column.text ? text : "number", column.wide ? "wide" : ""].filter(Boolean).join(" ");
}

/** An empty sparkline; the path is its only child. */
function sparkline() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("width", String(SPARK.width));
  svg.setAttribute("height", String(SPARK.height));
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  svg.append(path);
  return path;
}

export { LiveTable };
