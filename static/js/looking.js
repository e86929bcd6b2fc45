/**
 * Named changes of how one looks at the charts: pure, as those of actions.js.
 */

import { lookOf } from "./model/looks.js";

/**
 * @typedef {import("./actions.js").State} State
 * @typedef {import("./model/types.js").Look} Look
 */

/** How a widget is drawn; its own way is not kept. @param {State} state @param {{wish: string, kind: string, look: Look}} choice kind: of the widget itself @returns {State} */
function look_chosen(state, { wish, kind, look }) {
  const looks = { ...state.dashboard.looks };
  const kept = lookOf(kind, look);
  delete looks[wish];
  return { ...state, dashboard: { ...state.dashboard, looks: kept ? { ...looks, [wish]: kept } : looks } };
}

/** With the window before, or without. @param {State} state @param {boolean} compare @returns {State} */
function compare_chosen(state, compare) {
  return { ...state, dashboard: { ...state.dashboard, compare } };
}

/** How much of the past the server keeps. @param {State} state @param {number} held seconds @returns {State} */
function held_told(state, held) {
  return { ...state, held };
}

/** Why there is nothing to compare with; empty where there is. @param {State} state */
function compareHindrance({ held, dashboard }) {
  const span = dashboard.frozen ? dashboard.frozen.to - dashboard.frozen.from : dashboard.window;
  if (2 * span <= held) return "";
  return `This server keeps ${Math.floor(held / 60)} min: too little for two times what is shown. Show less time, or raise ring_seconds.`;
}

export { compareHindrance, compare_chosen, held_told, look_chosen };
