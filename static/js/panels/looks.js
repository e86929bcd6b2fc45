/**
 * The part of a card's menu that changes how its chart is drawn, and the key that does the same.
 */

import { look_chosen } from "../looking.js";
import { lookFor, nextLook, ownLook } from "../model/looks.js";
import { EVERY } from "../model/together.js";

/**
 * @typedef {import("../feeds.js").PageStore} PageStore
 * @typedef {import("../widgets/card.js").Card} Card
 * @typedef {import("../model/types.js").Look} Look
 */

const WORDS = /** @type {[Look, string][]} */ ([
  ["lines", "Draw as lines"],
  ["stacked", "Draw as areas on each other"],
  ["log", "Draw on a log scale"],
]);

/** How it is drawn now; null for what has no such choice. @param {PageStore} store @param {Card} card */
function lookNow(store, card) {
  const kind = card.shown.widget?.kind ?? "";
  const own = card.plot && ownLook(kind);
  return own ? { kind, look: lookFor(store.state.dashboard.looks[card.wish], card.host === EVERY) ?? own } : null;
}

/** Areas add up what is drawn: that needs two series, and none below zero. @param {Card} card */
function stackable({ seen }) {
  // Hosts are no parts of a whole.
  if (!seen || seen.plan.plain.length < 2 || seen.view.own) return false;
  return seen.plan.plain.every((index) => !seen.view.columns[index].some((value) => value < 0));
}

/** @param {PageStore} store @param {Card} card @returns {import("./menu.js").Item[]} */
function lookItems(store, card) {
  const now = lookNow(store, card);
  if (!now) return [];
  return WORDS.map(([look, label]) => ({
    label,
    checked: look === now.look,
    off: look === "stacked" && look !== now.look && !stackable(card),
    run: () => store.do(look_chosen, { wish: card.wish, kind: now.kind, look }),
  }));
}

/** @param {PageStore} store @param {Card} card */
function changeLook(store, card) {
  const now = lookNow(store, card);
  if (now) store.do(look_chosen, { wish: card.wish, kind: now.kind, look: nextLook(now.look, stackable(card)) });
}

export { changeLook, lookItems };
