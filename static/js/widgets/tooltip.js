/**
 * The one tooltip of the page: all values of the hovered chart at one time. It stands beside
 * the card that it describes, never over its plot.
 */

import { el, fill } from "../dom.js";

const ROWS = 14;
const GAP = 8;

/** @typedef {{name: string, color: string, text: string, strong?: boolean}} Row */

class Tooltip {
  #node;

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#node = el("div", { class: "tooltip", role: "status", "aria-live": "off", hidden: true });
    parent.append(this.#node);
    window.addEventListener("scroll", () => this.hide(), { passive: true });
  }

  hide() {
    this.#node.hidden = true;
  }

  /**
   * @param {HTMLElement} card
   * @param {HTMLElement} plot
   * @param {string} time
   * @param {Row[]} rows
   * @param {string} [note]
   */
  show(card, plot, time, rows, note = "") {
    const more = rows.length - ROWS;
    fill(
      this.#node,
      el("div", { class: "tooltip-time" }, time),
      ...rows.slice(0, ROWS).map((row) => this.#row(row)),
      more > 0 && el("div", { class: "tooltip-note" }, `and ${more} more`),
      note && el("div", { class: "tooltip-note" }, note),
    );
    this.#node.hidden = false;
    this.#place(card.getBoundingClientRect(), plot.getBoundingClientRect());
  }

  /** @param {Row} row */
  #row({ name, color, text, strong }) {
    const swatch = el("i", { class: "swatch" });
    swatch.style.background = color;
    return el("div", { class: strong ? "tooltip-row strong" : "tooltip-row" }, swatch, el("span", {}, name), el("b", {}, text));
  }

  /** Right of the card, else left of it, else below its plot, else above. @param {DOMRect} card @param {DOMRect} plot */
  #place(card, plot) {
    const { offsetWidth: width, offsetHeight: height } = this.#node;
    const page = { width: document.documentElement.clientWidth, height: window.innerHeight };
    let left = card.right + GAP;
    let top = plot.top;
    if (left + width > page.width - 4) left = card.left - GAP - width;
    if (left < 4) {
      left = Math.max(4, Math.min(plot.left, page.width - width - 4));
      top = plot.bottom + GAP + height <= page.height ? plot.bottom + GAP : plot.top - GAP - height;
    }
    this.#node.style.left = `${Math.round(left)}px`;
    this.#node.style.top = `${Math.round(Math.max(4, Math.min(top, page.height - height - 4)))}px`;
  }
}

export { Tooltip };
