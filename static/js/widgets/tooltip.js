/**
 * The one tooltip of the page: all values of one chart at one time. It stands beside the card
 * that it describes, never over its plot, and goes with it where the page scrolls while it is pinned.
 */

import { el, fill } from "../dom.js";

const ROWS = 14;
const GAP = 8;

/**
 * @typedef {{name: string, color: string, text: string, strong?: boolean, before?: string}} Row before: what was there earlier, in words
 * @typedef {{time: string, rows: Row[], notes: string[], pinned: boolean}} Content
 */

class Tooltip {
  #node;
  /** @type {{card: HTMLElement, plot: HTMLElement}|null} */
  #place = null;
  #pinned = false;

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#node = el("div", { class: "tooltip", role: "status", "aria-live": "off", hidden: true });
    parent.append(this.#node);
    const moved = () => (this.#pinned ? this.#stand() : this.hide());
    window.addEventListener("scroll", moved, { passive: true });
    window.addEventListener("resize", moved);
  }

  hide() {
    this.#node.hidden = true;
    this.#place = null;
    this.#pinned = false;
  }

  /** @param {HTMLElement} card @param {HTMLElement} plot @param {Content} content */
  show(card, plot, { time, rows, notes, pinned }) {
    const more = rows.length - ROWS;
    fill(
      this.#node,
      el("div", { class: "tooltip-time" }, time),
      ...rows.slice(0, ROWS).map((row) => this.#row(row)),
      more > 0 && el("div", { class: "tooltip-note" }, `and ${more} more`),
      ...notes.map((note) => el("div", { class: "tooltip-note" }, note)),
    );
    this.#node.classList.toggle("pinned", pinned);
    this.#pinned = pinned;
    this.#place = { card, plot };
    this.#node.hidden = false;
    this.#stand();
  }

  /** @param {Row} row */
  #row({ name, color, text, strong, before }) {
    const swatch = el("i", { class: "swatch" });
    swatch.style.background = color;
    return el("div", { class: strong ? "tooltip-row strong" : "tooltip-row" }, swatch, el("span", {}, name), el("b", {}, text), before && el("small", {}, before));
  }

  /** Right of the card, else left of it, else below its plot, else above. */
  #stand() {
    if (!this.#place) return;
    const card = this.#place.card.getBoundingClientRect();
    const plot = this.#place.plot.getBoundingClientRect();
    // A card out of sight takes its tooltip along.
    this.#node.style.visibility = plot.bottom < 0 || plot.top > window.innerHeight ? "hidden" : "";
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
