/**
 * The cards of a dashboard, or of one of its groups with a heading that folds: in the page's own
 * flow, or each at its place on the grid. Which cards, and where, is decided in board.js.
 */

import { el, icon, say } from "../dom.js";
import { GAP, LEAST_ROWS, MOST, ROW } from "../model/layout.js";

/** @typedef {import("../model/layout.js").Placed} Placed */
/** @typedef {import("../widgets/card.js").Card|import("../widgets/verdict.js").VerdictCard} AnyCard */
/** @typedef {{cell: HTMLElement, card: AnyCard}} Seat */

/** Rows of a verdict of full width. */
const STRIP = 5;

class Shelf {
  /** The cells, each of which holds a card. */
  box = el("div", { class: "cards" });
  #count = el("span", { class: "group-count" });
  #fold;
  #head;

  /** @param {string} name of the group; empty where there are none @param {() => void} fold */
  constructor(name, fold) {
    this.name = name;
    this.#fold = el("button", { type: "button", class: "group-fold", onclick: fold }, icon("chevron"), el("span", {}, name), this.#count);
    this.#head = el("h2", { class: "group-head", hidden: !name }, this.#fold);
    this.node = el("section", { class: "shelf", "data-group": name }, this.#head, this.box);
  }

  /** @param {{folded: boolean, count: number, alone: boolean}} state alone: one card fills the page */
  show({ folded, count, alone }) {
    this.#fold.setAttribute("aria-expanded", String(!folded));
    this.#head.hidden = !this.name || alone;
    this.box.hidden = folded;
    say(this.#count, folded ? `${count} ${count === 1 ? "widget" : "widgets"}` : "");
  }

  /** Cards in a row of the flow, as the browser has laid them out. */
  get flow() {
    return Math.min(12, getComputedStyle(this.box).gridTemplateColumns.split(" ").length);
  }

  /** What a card is in the flow of one host: so wide, so high. @param {AnyCard} card @param {boolean} listed one below the other now */
  shape(card, listed) {
    const { dataset, offsetHeight } = card.node;
    const strip = dataset.kind === "verdict";
    const h = listed && strip ? STRIP : Math.round((offsetHeight + GAP) / ROW);
    return { wide: strip || dataset.kind === "rows", h: Math.max(LEAST_ROWS, Math.min(MOST.rows, h)) };
  }

  /**
   * Seats the cards in this order: at their places; or, without columns, in the flow, as high as they say.
   * @param {Seat[]} seats
   * @param {Map<string, Placed>} places by wish
   * @param {number|null} columns
   */
  seat(seats, places, columns) {
    this.box.classList.toggle("placed", columns !== null);
    this.box.style.gridTemplateColumns = columns === null ? "" : `repeat(${columns}, minmax(0, 1fr))`;
    for (const { card } of seats) {
      const { style, dataset } = card.node;
      const at = places.get(card.wish);
      style.gridArea = columns !== null && at ? `${at.y + 1} / ${at.x + 1} / span ${at.h} / span ${at.w}` : "";
      // A verdict is as high as its words need.
      style.height = columns === null && at && dataset.kind !== "verdict" ? `${at.h * ROW - GAP}px` : "";
    }
    place(this.box, seats.map(({ cell }) => cell));
  }
}

/** Cards of one host that the flow has in a row of that width. @param {number} width */
function flowOf(width) {
  return Math.max(1, Math.min(12, Math.floor((width + GAP) / 340)));
}

/** Puts nodes into order, moving only those that stand elsewhere. @param {Element} parent @param {Element[]} nodes */
function place(parent, nodes) {
  nodes.forEach((node, n) => {
    if (parent.children[n] !== node) parent.insertBefore(node, parent.children[n] ?? null);
  });
}

export { Shelf, flowOf, place };
