/**
 * Layout in menus: that of the whole board, and a card's part of it. Panels that few people open
 * are fetched when they are opened.
 */

import { notice_given, shownWishes } from "../actions.js";
import { full_chosen, groupOf, groups_chosen, groups_folded, layout_reset } from "../layouts.js";
import { grouped } from "../model/layout.js";
import { parseWish } from "../model/wish.js";

/** @typedef {import("../feeds.js").PageStore} PageStore */
/** @typedef {import("./menu.js").Item} Item */
/** @typedef {import("../widgets/card.js").Card} Card */

/** The menu of the board. @param {PageStore} store @returns {Item[]} */
function layoutItems(store) {
  const { layout } = store.state.dashboard;
  const names = grouped(shownWishes(store.state), (wish) => groupOf(store.state, wish)).map(({ name }) => name);
  const by = layout?.grouped ?? false;
  const folded = layout?.folded ?? [];
  return [
    { label: by ? "Without groups" : "Group by resource", run: () => store.do(groups_chosen, !by) },
    { label: "Fold all groups", run: () => store.do(groups_folded, names), off: names.every((name) => folded.includes(name)) },
    { label: "Open all groups", run: () => store.do(groups_folded, []), off: !folded.length },
    { label: "Default layout", run: () => store.do(layout_reset, undefined), off: !layout },
  ];
}

/** A card's part of its menu. @param {PageStore} store @param {import("./board.js").Board} board @param {Card} card @returns {Item[]} */
function cardItems(store, board, card) {
  const { full } = store.state.dashboard;
  const id = parseWish(card.wish)?.id;
  return [
    { label: full ? "Leave full screen" : "Full screen", run: () => store.do(full_chosen, full ? null : card.wish) },
    { label: "Move or resize", run: () => opened(store, async () => (await import("./placing.js")).openPlacing(board, card)), off: full !== null },
    { label: "Duplicate with other instances", run: () => opened(store, async () => (await import("./duplicate.js")).openDuplicate(store, card)), off: id === "verdict" },
  ];
}

/** @param {PageStore} store @param {() => Promise<void>} open */
async function opened(store, open) {
  try {
    await open();
  } catch (error) {
    store.do(notice_given, { key: "panel", kind: "error", text: `It could not be opened: ${error instanceof Error ? error.message : error}.`, hint: "Reload the page." });
  }
}

/**
 * One step of a card by key; it keeps the focus, and stays in sight.
 * @param {import("./board.js").Board} board
 * @param {HTMLElement} card
 * @param {import("../model/layout.js").Way|import("../model/layout.js").Growth} how
 */
function stepCard(board, card, how) {
  const focused = document.activeElement;
  board.arranger.step(card.dataset.wish ?? "", how, card.querySelector("h3")?.textContent ?? "");
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

export { cardItems, layoutItems, stepCard };
