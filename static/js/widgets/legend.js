/**
 * A card's legend: one button per series with its value. Click hides or shows it, double
 * click or Shift isolates it. Values change each second, buttons only when series do.
 */

import { el, fill, say } from "../dom.js";

/**
 * @typedef {{index: number, name: string, color: string, dash: string, faint?: boolean}} Entry
 * @typedef {{toggle: (name: string) => void, isolate: (name: string) => void}} Hands
 */

class Legend {
  node = el("div", { class: "legend" });
  #hands;
  #key = "";
  /** @type {Map<number, HTMLElement>} */
  #values = new Map();

  /** @param {Hands} hands */
  constructor(hands) {
    this.#hands = hands;
  }

  /**
   * @param {Entry[]} entries
   * @param {string[]} hidden
   * @param {(index: number) => string} text
   */
  update(entries, hidden, text) {
    const key = entries.map((one) => `${one.name}\n${one.color}\n${one.dash}\n${hidden.includes(one.name)}`).join("\n");
    if (key !== this.#key) {
      this.#key = key;
      this.#build(entries, hidden);
    }
    for (const [index, node] of this.#values) say(node, text(index));
  }

  /** @param {Entry[]} entries @param {string[]} hidden */
  #build(entries, hidden) {
    const focused = /** @type {HTMLElement|null} */ (this.node.querySelector(":focus"))?.dataset.name;
    this.#values.clear();
    fill(this.node, ...entries.map((entry) => this.#entry(entry, hidden.includes(entry.name))));
    if (focused === undefined) return;
    for (const button of this.node.querySelectorAll("button")) if (button.dataset.name === focused) button.focus();
  }

  /** @param {Entry} entry @param {boolean} hidden */
  #entry({ index, name, color, dash }, hidden) {
    const value = el("b", {});
    const swatch = el("i", { class: `swatch ${dash}` });
    swatch.style.setProperty("--ink", color);
    this.#values.set(index, value);
    return el(
      "button",
      {
        type: "button",
        class: "entry",
        "data-name": name,
        "aria-pressed": String(!hidden),
        title: `${name}: click hides or shows it, double click shows it alone`,
        onclick: (/** @type {MouseEvent} */ event) =>
          event.shiftKey ? this.#hands.isolate(name) : this.#hands.toggle(name),
        ondblclick: () => this.#hands.isolate(name),
      },
      swatch,
      el("span", {}, name),
      value,
    );
  }
}

export { Legend };
