/**
 * A live table's rows as this viewer has them: messages in, sorted and filtered names out.
 * What a row looks like is the widget's; here are no elements.
 */

import { clockText } from "./ticks.js";
import { format } from "./units.js";

/** A sparkline reaches back this far, in seconds. */
const REACH = 60;

/**
 * @typedef {import("./types.js").Column} Column
 * @typedef {import("./types.js").RowsMessage} RowsMessage
 * @typedef {Record<string, number|string|null>} Cells
 * @typedef {{column: string, down: boolean}} Order
 */

class Rows {
  /** How many rows there are on the host, shown or not. */
  total = 0;
  /** Why there are none. */
  note = "";
  /** Second of the newest message. */
  seq = 0;
  /** @type {Column[]} */
  #columns;
  #spark;
  /** @type {Map<string, Cells>} */
  #rows = new Map();
  /** @type {Map<string, [number, number][]>} */
  #past = new Map();

  /** @param {Column[]} columns */
  constructor(columns) {
    this.#columns = columns;
    this.#spark = columns.find(({ spark }) => spark)?.id ?? null;
  }

  get columns() {
    return this.#columns;
  }

  get size() {
    return this.#rows.size;
  }

  /** The order that the server chose the rows by. @returns {Order} */
  get order() {
    return { column: this.#columns.find(({ sort }) => sort)?.id ?? "", down: true };
  }

  /** @param {RowsMessage} message */
  take(message) {
    this.total = message.total;
    this.note = message.note;
    this.seq = message.seq;
    if (message.whole) this.#begin(message);
    for (const [name, cells] of Object.entries(message.cells)) {
      if (cells === null) this.#drop(name);
      else this.#rows.set(name, { ...this.#rows.get(name), ...cells });
    }
    if (!message.whole) this.#remember(message.seq);
  }

  /** @param {RowsMessage} message */
  #begin({ t = [], past = {} }) {
    this.#rows.clear();
    this.#past.clear();
    for (const [name, values] of Object.entries(past)) {
      this.#past.set(name, values.map((value, n) => /** @type {[number, number]} */ ([t[n], value ?? NaN])));
    }
  }

  /** @param {string} name */
  #drop(name) {
    this.#rows.delete(name);
    this.#past.delete(name);
  }

  /** @param {number} seq */
  #remember(seq) {
    if (this.#spark === null) return;
    for (const [name, cells] of this.#rows) {
      const value = cells[this.#spark];
      const points = this.#past.get(name) ?? [];
      points.push([seq, typeof value === "number" ? value : NaN]);
      while (points[0][0] <= seq - REACH) points.shift();
      this.#past.set(name, points);
    }
  }

  /** A cell; the row's own name for the first column. @param {string} name @param {string} column */
  cell(name, column) {
    return column === "" ? name : (this.#rows.get(name)?.[column] ?? null);
  }

  /** Points of a row's sparkline: second and value, NaN for a gap. @param {string} name */
  past(name) {
    return this.#past.get(name) ?? [];
  }

  /**
   * Names of rows that have each word of `filter` in a name or text, in order.
   * @param {Order} order
   * @param {string} [filter]
   */
  names(order, filter = "") {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const names = [...this.#rows.keys()].filter((name) => this.#has(name, words));
    const sign = order.down ? -1 : 1;
    const key = (/** @type {string} */ name) => this.cell(name, order.column);
    return names.sort((a, b) => compare(key(a), key(b), sign) || compare(a, b, 1));
  }

  /** @param {string} name @param {string[]} words */
  #has(name, words) {
    if (!words.length) return true;
    const cells = Object.values(this.#rows.get(name) ?? {});
    const text = [name, ...cells.filter((cell) => typeof cell === "string")].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  }
}

const NATURAL = new Intl.Collator("en", { numeric: true });

/** What has no value stands last, whichever way. @param {number|string|null} a @param {number|string|null} b @param {number} sign */
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * NATURAL.compare(String(a), String(b));
}

/**
 * A cell as people read it.
 * @param {number|string|null} cell
 * @param {Column} column
 * @param {boolean} utc
 */
function cellText(cell, column, utc) {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (column.unit === "id") return String(cell);
  if (column.unit === "time") return clockText(cell, true, utc);
  return format(cell, column.unit || "1");
}

/**
 * A sparkline as an SVG path, from `to` minus a minute to `to`; empty where nothing can be drawn.
 * @param {[number, number][]} points
 * @param {number} to
 * @param {number} width
 * @param {number} height
 */
function sparkPath(points, to, width, height) {
  const there = points.filter(([t, value]) => value === value && t > to - REACH && t <= to);
  if (there.length < 2) return "";
  const values = there.map(([, value]) => value);
  const max = Math.max(...values);
  const min = Math.min(...values);
  // What hardly changes is drawn as a line that hardly changes.
  const span = Math.max(max - min, Math.abs(max) * 0.1, Number.MIN_VALUE);
  const middle = (max + min) / 2;
  const x = (/** @type {number} */ t) => ((t - to + REACH) / REACH) * width;
  const y = (/** @type {number} */ value) => height / 2 - ((value - middle) / span) * (height - 2);
  let path = "";
  let before = -Infinity;
  for (const [t, value] of points) {
    if (value !== value || t <= to - REACH || t > to) continue;
    path += `${t - before > gapOf(points) ? "M" : "L"}${x(t).toFixed(1)} ${y(value).toFixed(1)}`;
    before = t;
  }
  return path;
}

/** More seconds than this between points are a gap. @param {[number, number][]} points */
function gapOf(points) {
  const steps = points.slice(1).map(([t], n) => t - points[n][0]);
  return 2.5 * Math.max(1, Math.min(...steps));
}

export { Rows, cellText, sparkPath };
