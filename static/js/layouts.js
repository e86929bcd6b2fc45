/**
 * Named changes of how the cards of a dashboard stand: pure actions beside those of actions.js.
 */

import { findWidget, shownWishes, widget_added } from "./actions.js";
import { noLayout } from "./model/layout.js";
import { parseWish } from "./model/wish.js";

/**
 * @typedef {import("./actions.js").State} State
 * @typedef {import("./model/layout.js").Layout} Layout
 * @typedef {import("./model/layout.js").Placed} Placed
 */

/** The group of cards that have none. */
const OWN = "Own charts";
const STRIP = "Verdict";

/** What a layout says that is not the usual; null where it says nothing. @param {Layout} layout @returns {Layout|null} */
function spoken(layout) {
  return layout.grouped || Object.keys(layout.places).length ? layout : null;
}

/** @param {State} state @param {Partial<import("./model/types.js").Dashboard>} part @returns {State} */
function change(state, part) {
  return { ...state, dashboard: { ...state.dashboard, ...part } };
}

/** The heading below which a widget stands. @param {State} state @param {string} wish */
function groupOf(state, wish) {
  const id = parseWish(wish)?.id ?? "";
  if (id === "verdict") return STRIP;
  return (id !== "chart" && findWidget(state, id)?.group) || OWN;
}

/**
 * Cards were moved or resized. Where the flow would lay them out as well, their order says it all.
 * @param {State} state
 * @param {{list: Placed[], columns: number, flowing: boolean}} cards in reading order
 */
function cards_placed(state, { list, columns, flowing }) {
  const { layout } = state.dashboard;
  const before = shownWishes(state);
  const order = list.map(({ wish }) => wish);
  const same = order.every((wish, n) => wish === before[n]);
  if (flowing) {
    const flow = spoken({ ...(layout ?? noLayout()), columns: 12, places: {} });
    return change(state, same ? { layout: flow } : { layout: flow, preset: null, wishes: order });
  }
  const places = Object.fromEntries(list.map(({ wish, x, y, w, h }) => [wish, { x, y, w, h }]));
  // The places tell the order too: without them, it is again what it was, and a preset stays one.
  return change(state, { layout: { ...(layout ?? noLayout()), columns, places } });
}

/** As the page lays them out by itself. @param {State} state */
function layout_reset(state) {
  return change(state, { layout: null });
}

/** Under headings, or in one. @param {State} state @param {boolean} grouped */
function groups_chosen(state, grouped) {
  return change(state, { layout: spoken({ ...(state.dashboard.layout ?? noLayout()), grouped, folded: [] }) });
}

/** Folds a group, or opens it; the last open one too. @param {State} state @param {string} name */
function group_folded(state, name) {
  const layout = state.dashboard.layout ?? noLayout();
  const folded = layout.folded.includes(name) ? layout.folded.filter((one) => one !== name) : [...layout.folded, name];
  return groups_folded(state, folded);
}

/** Folds these groups, and no others. @param {State} state @param {string[]} folded */
function groups_folded(state, folded) {
  const layout = state.dashboard.layout ?? noLayout();
  return change(state, { layout: spoken({ ...layout, grouped: true, folded: [...folded].sort() }) });
}

/** One widget fills the page; null: all again. @param {State} state @param {string|null} full */
function full_chosen(state, full) {
  return state.dashboard.full === full ? state : change(state, { full });
}

/** A widget comes into sight, wherever it was; it is added where it is not on the page. @param {State} state @param {string} id */
function widget_revealed(state, id) {
  const there = shownWishes(state).find((wish) => parseWish(wish)?.id === id);
  const shown = there ? state : widget_added(state, id);
  const { layout, full } = shown.dashboard;
  const group = groupOf(shown, there ?? id);
  const open = layout?.folded.includes(group) ? group_folded(shown, group) : shown;
  return full && full !== there ? full_chosen(open, null) : open;
}

/** Another wish behind one, as large as that. @param {State} state @param {{after: string, wish: string}} copy */
function widget_copied(state, { after, wish }) {
  const added = widget_added(state, wish);
  if (added === state) return state;
  const wishes = shownWishes(added).filter((one) => one !== wish);
  wishes.splice(wishes.indexOf(after) + 1, 0, wish);
  const { layout } = state.dashboard;
  const place = layout?.places[after];
  const bottom = Math.max(0, ...Object.values(layout?.places ?? {}).map(({ y, h }) => y + h));
  const places = layout && place ? { ...layout.places, [wish]: { ...place, y: bottom } } : layout?.places;
  return change(added, { wishes, layout: layout && { ...layout, places: places ?? {} } });
}

/** Wishes that nobody sees, and nobody asks for: their group is folded. @param {State} state @param {string} wish */
function isFolded(state, wish) {
  const { layout, full } = state.dashboard;
  return Boolean(layout?.folded.length && wish !== full && layout.folded.includes(groupOf(state, wish)));
}

export { cards_placed, full_chosen, group_folded, groupOf, groups_chosen, groups_folded, isFolded, layout_reset, widget_copied, widget_revealed };
