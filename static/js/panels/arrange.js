/**
 * Moving and resizing cards, by pointer and by key. What stands where is read from the page, the
 * geometry is model/layout.js', and what comes of it is an action; dragging itself is grid.js'.
 *
 * A card is grabbed by its head, resized by its corner. With several hosts side by side, and where
 * the page is narrow, cards have an order and a height of their own, and no other place.
 */

import { shownWishes, notice_given } from "../actions.js";
import { cards_placed } from "../layouts.js";
import { GAP, ROW, TALL, columnsFor, flowed, moved, placesOf, reading, reordered, resized, same, stacked } from "../model/layout.js";
import { flowOf } from "./shelf.js";

/**
 * @typedef {import("../model/layout.js").Placed} Placed
 * @typedef {import("../model/layout.js").Way} Way
 * @typedef {import("../model/layout.js").Growth} Growth
 * @typedef {import("./shelf.js").Shelf} Shelf
 * @typedef {import("./shelf.js").AnyCard} AnyCard
 * @typedef {{shelf: Shelf, wishes: string[], cards: Map<string, AnyCard>}} Group cards by wish, of the first host;
 *   none of a folded group
 * @typedef {{hosts: number, width: number, groups: Group[]}} Stand
 * @typedef {{flow: number, columns: number, lists: Placed[][]}} Standing
 */

const WAYS = ["left", "right", "up", "down"];
const SLACK = 4;
/** Cards in a row on a screen. */
const USUAL = 4;
/** What lies on a head and is pressed, not dragged. */
const PRESSED = "button, a, input, select, textarea, [contenteditable]";

/** Narrower, all cards stand one below the other. */
function narrow() {
  return window.matchMedia("(max-width: 700px)").matches;
}

class Arranger {
  #store;
  #stand;
  #announce;
  /** What the flow makes of a card, as it was last seen there. @type {Map<string, {wide: boolean, h: number}>} */
  #shapes = new Map();
  /** Whether a card is under way. */
  busy = false;

  /**
   * @param {import("../feeds.js").PageStore} store
   * @param {() => Stand} stand
   * @param {(text: string) => void} announce
   */
  constructor(store, stand, announce) {
    this.#store = store;
    this.#stand = stand;
    this.#announce = announce;
  }

  /** The cards of all groups at their places, or at those that the flow gives them. @returns {Standing} */
  #standing() {
    const { hosts, width, groups } = this.#stand();
    const { layout } = this.#store.state.dashboard;
    if (layout && Object.keys(layout.places).length) {
      return { flow: flowOf(width), columns: layout.columns, lists: groups.map(({ wishes }) => placesOf(layout, wishes)) };
    }
    const listed = hosts > 1 || narrow();
    const open = groups.find(({ cards }) => cards.size);
    // Whoever is on a phone changes what others see on a screen: it is meant for that.
    const flow = narrow() ? USUAL : listed || !open ? flowOf(width) : open.shelf.flow;
    for (const { shelf, cards } of groups) for (const [wish, card] of cards) this.#shapes.set(wish, shelf.shape(card, listed));
    const lists = groups.map(({ wishes }) => reading(flowed(wishes.map((wish) => this.#item(wish)), flow)));
    return { flow, columns: columnsFor(flow), lists };
  }

  /** @param {string} wish */
  #item(wish) {
    return { wish, wide: false, h: TALL, ...this.#shapes.get(wish) };
  }

  /** @param {Standing} standing */
  #commit({ flow, columns, lists }) {
    const usual = (/** @type {Placed[]} */ list) => reading(flowed(list.map(({ wish }) => this.#item(wish)), flow));
    const flowing = columns === columnsFor(flow) && lists.every((list) => same(list, usual(list)));
    const all = reading(stacked(lists));
    this.#store.do(cards_placed, { list: flowing ? this.#inTurn(lists) : all, columns, flowing });
  }

  /** Each group's cards where its own stood among all: a step in one group moves no other. @param {Placed[][]} lists */
  #inTurn(lists) {
    const turns = lists.map((list) => ({ own: new Set(list.map(({ wish }) => wish)), rest: [...list] }));
    const next = (/** @type {string} */ wish) => turns.find(({ own }) => own.has(wish))?.rest.shift();
    return /** @type {Placed[]} */ (shownWishes(this.#store.state).map(next).filter(Boolean));
  }

  /**
   * One step of a card, by key or button.
   * @param {string} wish
   * @param {Way|Growth} how
   * @param {string} title
   */
  step(wish, how, title) {
    if (this.#store.state.dashboard.full) return;
    const standing = this.#standing();
    const at = standing.lists.findIndex((list) => list.some((one) => one.wish === wish));
    if (at < 0) return;
    const list = standing.lists[at];
    const next = this.#next(list, wish, how, standing.columns);
    if (same(list, next)) return this.#announce(`${title} can’t be ${WAYS.includes(how) ? `moved ${how}` : `made ${how}`}.`);
    this.#commit({ ...standing, lists: standing.lists.map((one, n) => (n === at ? next : one)) });
    const card = /** @type {Placed} */ (next.find((one) => one.wish === wish));
    if (WAYS.includes(how)) this.#announce(`${title} moved ${how}: widget ${next.indexOf(card) + 1} of ${next.length}.`);
    else this.#announce(`${title} is ${how}: ${card.w} of ${standing.columns} columns, ${card.h} rows.`);
  }

  /** @param {Placed[]} list @param {string} wish @param {Way|Growth} how @param {number} columns */
  #next(list, wish, how, columns) {
    const listed = this.#stand().hosts > 1 || narrow();
    if (!WAYS.includes(how)) {
      if (listed && (how === "wider" || how === "narrower")) return list;
      return resized(list, wish, /** @type {Growth} */ (how), columns);
    }
    if (!listed) return moved(list, wish, /** @type {Way} */ (how), columns);
    const order = list.map((one) => one.wish);
    const from = order.indexOf(wish);
    const to = Math.max(0, Math.min(order.length - 1, from + (how === "left" || how === "up" ? -1 : 1)));
    order.splice(from, 1);
    order.splice(to, 0, wish);
    return from === to ? list : reordered(list, order, columns);
  }

  /** Takes what is grabbed on a board. @param {HTMLElement} board */
  listen(board) {
    board.addEventListener("pointerdown", (event) => {
      const target = /** @type {Element} */ (event.target);
      // A finger scrolls; by touch a card is moved from its menu.
      if (event.pointerType === "touch" || event.button !== 0 || this.busy || !this.#grabbable(target)) return;
      const card = /** @type {HTMLElement} */ (target.closest(".card"));
      this.#grabbed(card, target.closest(".grip") !== null, event);
    });
  }

  /** @param {Element} target */
  #grabbable(target) {
    const { dashboard } = this.#store.state;
    if (dashboard.full || narrow() || document.body.classList.contains("embedded")) return false;
    if (target.closest(PRESSED)) return false;
    return target.closest(".grip, .card > header, .card[data-kind='verdict']") !== null;
  }

  /** Nothing moves before the pointer has. @param {HTMLElement} card @param {boolean} resize @param {PointerEvent} event */
  #grabbed(card, resize, event) {
    const from = { x: event.clientX, y: event.clientY };
    let now = from;
    let begun = false;
    const released = new AbortController();
    const { signal } = released;
    document.addEventListener("pointermove", (/** @type {PointerEvent} */ one) => {
      now = { x: one.clientX, y: one.clientY };
      if (begun || Math.hypot(now.x - from.x, now.y - from.y) < SLACK) return;
      begun = true;
      void this.#drag(card, { wish: card.dataset.wish ?? "", resize, from, now: () => now, released: signal });
    }, { signal });
    for (const type of ["pointerup", "pointercancel"]) document.addEventListener(type, () => setTimeout(() => released.abort()), { signal });
  }

  /** @param {HTMLElement} card @param {import("./grid.js").Grab} grab */
  async #drag(card, grab) {
    this.busy = true;
    try {
      const { drag } = await import("./grid.js");
      const standing = this.#standing();
      const { hosts, groups } = this.#stand();
      const at = groups.findIndex(({ cards }) => cards.has(grab.wish));
      if (at < 0) return;
      const { box } = groups[at].shelf;
      const ground = hosts > 1 ? sideBySide(box, hosts) : alone(box, groups[at], standing.lists[at], standing.columns);
      const found = await drag(ground, hosts > 1 ? { ...grab, wish: nameOf(card) } : grab);
      this.busy = false;
      const before = standing.lists[at];
      const list = !found ? before : hosts > 1 ? reordered(before, orderOf(found, card), standing.columns) : found;
      this.#commit({ ...standing, lists: standing.lists.map((one, n) => (n === at ? list : one)) });
      card.focus({ preventScroll: true });
    } catch (error) {
      this.#store.do(notice_given, { key: "grid", kind: "error", text: `Cards can’t be dragged: ${error instanceof Error ? error.message : error}.`, hint: "They can be moved from their menu." });
    } finally {
      this.busy = false;
    }
  }
}

/** The cards of one host at their places. @param {HTMLElement} box @param {Group} group @param {Placed[]} list @param {number} columns @returns {import("./grid.js").Ground} */
function alone(box, { cards }, list, columns) {
  const cells = new Map([...cards].map(([wish, { node }]) => [wish, /** @type {HTMLElement} */ (node.parentElement)]));
  return { box, cells, list, columns };
}

/** A card among those of several hosts. @param {HTMLElement} card */
function nameOf({ dataset }) {
  return `${dataset.host}\n${dataset.wish}`;
}

/** The cards of several hosts: a column per host, a row per widget. @param {HTMLElement} box @param {number} hosts @returns {import("./grid.js").Ground} */
function sideBySide(box, hosts) {
  const cards = /** @type {HTMLElement[]} */ ([...box.querySelectorAll(".card")]);
  let top = 0;
  const list = cards.map((card, n) => {
    const row = cards.slice(n - (n % hosts), n - (n % hosts) + hosts);
    const h = Math.round((Math.max(...row.map(({ offsetHeight }) => offsetHeight)) + GAP) / ROW);
    const place = { wish: nameOf(card), x: n % hosts, y: top, w: 1, h };
    if (place.x === hosts - 1) top += h;
    return place;
  });
  return { box, list, columns: hosts, cells: new Map(cards.map((card) => [nameOf(card), /** @type {HTMLElement} */ (card.parentElement)])) };
}

/** The order of widgets in the column of the host whose card was moved. @param {Placed[]} list @param {HTMLElement} card */
function orderOf(list, card) {
  const start = `${card.dataset.host}\n`;
  const own = list.filter(({ wish }) => wish.startsWith(start));
  // Dropped level with another one, over whichever host, it comes first.
  const rank = (/** @type {Placed} */ one) => one.y - (one.wish === nameOf(card) ? 0.5 : 0);
  return own.sort((a, b) => rank(a) - rank(b)).map(({ wish }) => wish.slice(start.length));
}

export { Arranger, narrow };
