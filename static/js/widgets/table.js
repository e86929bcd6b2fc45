/**
 * Bodies of cards that are no charts: a table of last values with bars, and single values.
 */

import { el, fill, say } from "../dom.js";
import { lastNumber } from "../model/pens.js";
import { format } from "../model/units.js";

/** @typedef {import("../model/types.js").View} View */

class Table {
  node = el("div", { class: "table-box" });
  #key = "";
  /** @type {{value: HTMLElement, bar: HTMLElement|null}[]} */
  #rows = [];

  /**
   * @param {View} view
   * @param {number[]} plain indices of the series shown
   * @param {number|null} full the value of a full bar; null where bars would mean nothing
   */
  update(view, plain, full) {
    const key = `${full}\n${plain.map((index) => view.series[index].name).join("\n")}`;
    if (key !== this.#key) {
      this.#key = key;
      this.#build(view, plain, full);
    }
    plain.forEach((index, n) => {
      const value = recent(view, index);
      say(this.#rows[n].value, format(value, view.unit));
      const { bar } = this.#rows[n];
      if (bar && full) {
        bar.style.width = `${Math.max(0, Math.min(100, ((value || 0) / full) * 100))}%`;
        bar.classList.toggle("high", value >= full * 0.9);
      }
    });
  }

  /** @param {View} view @param {number[]} plain @param {number|null} full */
  #build(view, plain, full) {
    this.#rows = [];
    const rows = plain.map((index) => {
      const value = el("td", { class: "number" });
      const bar = full ? el("i", { class: "bar" }) : null;
      this.#rows.push({ value, bar });
      const name = view.series[index].labels?.label ?? view.series[index].name;
      return el("tr", {}, el("th", { scope: "row", title: view.series[index].name }, name), bar && el("td", { class: "bar-cell" }, bar), value);
    });
    fill(this.node, el("table", {}, el("tbody", {}, ...rows)));
  }
}

class Value {
  node = el("div", { class: "value-box" });
  #key = "";
  /** @type {HTMLElement[]} */
  #values = [];

  /** @param {View} view @param {number[]} plain */
  update(view, plain) {
    const key = plain.map((index) => view.series[index].name).join("\n");
    if (key !== this.#key) {
      this.#key = key;
      this.#values = plain.map(() => el("b", {}));
      fill(
        this.node,
        ...plain.map((index, n) => el("div", { class: "value" }, this.#values[n], el("span", {}, view.series[index].name))),
      );
    }
    plain.forEach((index, n) => say(this.#values[n], format(recent(view, index), view.unit)));
  }
}

/** The value of now; NaN where the newest ones are gaps. @param {View} view @param {number} index */
function recent(view, index) {
  const { times, to, until = to } = view;
  const fresh = times.length && until - times[times.length - 1] <= 2.5 * view.interval + 1;
  return fresh ? lastNumber(view.columns[index].subarray(Math.max(0, times.length - 3))) : NaN;
}

export { Table, Value, recent };
