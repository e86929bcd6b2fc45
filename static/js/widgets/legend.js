/**
 * A card's legend: one button per series with its value, in one line, the most important
 * first; the rest opens on demand. Click hides or shows a series, double click or Shift
 * isolates it. Values change each second, buttons only when series do.
 */

import { el, fill, say } from "../dom.js";

/**
 * @typedef {{name: string, text: string}} Aside
 * @typedef {{index: number, name: string, color: string, dash: string, faint?: boolean, note?: string}} Entry note: instead of a value
 * @typedef {{toggle: (name: string) => void, isolate: (name: string) => void, list: () => void}} Hands
 * @typedef {{entries: Entry[], hidden: string[], above: Aside[], readouts: Aside[],
 *   count: number, showing: string, listed: boolean}} Content
 *   above: limits beyond the chart; readouts: numbers that are not drawn; count: all series; showing: "showing 8 of 64" or empty
 */

class Legend {
  node = el("div", { class: "legend-box" });
  #list = el("div", { class: "legend" });
  #more;
  #hands;
  #key = "";
  /** @type {Content|null} */
  #content = null;
  /** @type {Map<number, HTMLElement>} */
  #values = new Map();
  /** @type {HTMLElement[]} */
  #asides = [];
  #resize = new ResizeObserver(() => this.#measure());

  /** @param {Hands} hands */
  constructor(hands) {
    this.#hands = hands;
    this.#more = el("button", { type: "button", class: "link more", hidden: true, onclick: () => hands.list() });
    this.node.append(this.#list, this.#more);
    this.#resize.observe(this.#list);
  }

  destroy() {
    this.#resize.disconnect();
  }

  /** Whether a pointer or the focus is in it: then nothing is put in another order. */
  get busy() {
    return this.node.matches(":hover, :focus-within");
  }

  /**
   * @param {Content} content
   * @param {(index: number) => string} text
   */
  update(content, text) {
    const { entries, hidden, above, readouts, listed } = content;
    const key = [
      ...entries.map((one) => `${one.name}\n${one.color}\n${one.dash}\n${hidden.includes(one.name)}`),
      ...above.map((one) => `${one.name}\n${one.text}`),
      ...readouts.map((one) => one.name),
      content.showing,
      listed,
    ].join("\n");
    this.#content = content;
    let grown = key !== this.#key;
    if (grown) {
      this.#key = key;
      this.#build(content);
    }
    const notes = new Map(entries.map(({ index, note }) => [index, note]));
    for (const [index, node] of this.#values) grown = put(node, notes.get(index) || text(index)) || grown;
    readouts.forEach((one, n) => (grown = put(this.#asides[n], one.text) || grown));
    if (grown) this.#measure();
  }

  /** @param {Content} content */
  #build({ entries, hidden, above, readouts }) {
    const focused = /** @type {HTMLElement|null} */ (this.#list.querySelector(":focus"))?.dataset.name;
    this.#values.clear();
    this.#asides = readouts.map(() => el("b", {}));
    fill(
      this.#list,
      ...readouts.map(({ name }, n) => el("span", { class: "entry aside" }, el("span", {}, name), this.#asides[n])),
      ...above.map(({ name, text }) => aboveEntry(name, text)),
      ...entries.map((entry) => this.#entry(entry, hidden.includes(entry.name))),
    );
    if (focused === undefined) return;
    for (const button of this.#list.querySelectorAll("button")) if (button.dataset.name === focused) button.focus();
  }

  /** Says how many entries the one line leaves out. */
  #measure() {
    if (!this.#content) return;
    const { count, showing, listed } = this.#content;
    const buttons = [...this.#list.querySelectorAll("button")];
    const line = /** @type {HTMLElement|null} */ (this.#list.firstElementChild)?.offsetTop ?? 0;
    const out = count - buttons.filter((button) => button.offsetTop < line + 8).length;
    this.#more.hidden = !listed && !showing && out <= 0;
    say(this.#more, listed ? "fewer" : showing || `+${out} more`);
    this.#more.setAttribute("aria-expanded", String(listed));
    // What the line leaves out must not take the focus unseen.
    for (const button of buttons) button.tabIndex = listed || button.offsetTop < line + 8 ? 0 : -1;
  }

  /** @param {Entry} entry @param {boolean} hidden */
  #entry({ index, name, color, dash }, hidden) {
    const value = el("b", {});
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
      swatch(color, dash),
      el("span", {}, name),
      value,
    );
  }
}

/** A value's room only grows, or the line would shiver. @param {HTMLElement} node @param {string} text */
function put(node, text) {
  say(node, text);
  const wide = Number(node.dataset.wide ?? 0);
  if (text.length <= wide) return false;
  node.dataset.wide = String(text.length);
  node.style.minWidth = `${(text.length * 0.88).toFixed(2)}ch`;
  return true;
}

/** @param {string} name @param {string} text */
function aboveEntry(name, text) {
  return el(
    "span",
    { class: "entry aside", title: `${name} ${text} lies above what this chart shows` },
    swatch("currentcolor", "dash"),
    el("span", {}, name),
    el("b", {}, `${text} \u2191`),
  );
}

/** @param {string} color @param {string} dash */
function swatch(color, dash) {
  const node = el("i", { class: `swatch ${dash}` });
  node.style.setProperty("--ink", color);
  return node;
}

export { Legend };
