/**
 * Shortcuts of the page. They rest while somebody types or a dialog is open.
 */

import * as actions from "./actions.js";
import { full_chosen } from "./layouts.js";
import { INTERVALS, windowsFor } from "./model/url.js";
import { hosts_overlaid } from "./overlaying.js";
import { nextTheme, toggleCompare } from "./panels/bar.js";
import { dialogOpen } from "./panels/dialog.js";

/**
 * @typedef {{hosts: () => void, pick: () => void, metrics: () => void, container: () => void, preset: () => void,
 *   pause: () => void, burst: () => void, help: () => void, source: (card: HTMLElement) => void, look: (card: HTMLElement) => void,
 *   table: (card: HTMLElement) => void, release: () => boolean, pan: (share: number) => void,
 *   zoom: (factor: number) => void,
 *   step: (card: HTMLElement, how: import("./model/layout.js").Way|import("./model/layout.js").Growth) => void}} Hands
 */

/** @type {Record<string, import("./model/layout.js").Way>} */
const WAYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
/** @type {Record<string, import("./model/layout.js").Growth>} */
const SIZES = { ArrowLeft: "narrower", ArrowRight: "wider", ArrowUp: "shorter", ArrowDown: "taller" };

/** @param {number[]} list @param {number} now @param {number} by */
function neighbour(list, now, by) {
  return list[Math.max(0, Math.min(list.length - 1, list.indexOf(now) + by))];
}

/** @param {number} by */
function focusCard(by) {
  const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".cell:not([hidden]) > .card")]);
  const at = cards.indexOf(/** @type {HTMLElement} */ (document.activeElement?.closest(".card")));
  cards[Math.max(0, Math.min(cards.length - 1, at + by))]?.focus();
}

/** @param {import("./feeds.js").PageStore} store @param {Hands} hands @returns {Record<string, (card: HTMLElement|null) => void>} */
function bindings(store, hands) {
  const window = (/** @type {number} */ by) => store.do(actions.window_chosen, neighbour(windowsFor(store.state.held, store.state.dashboard.window), store.state.dashboard.window, by));
  // Live charts have their newest second at the right: there it is the window that changes.
  const zoom = (/** @type {number} */ factor) => (store.state.dashboard.frozen ? hands.zoom(factor) : window(factor < 1 ? -1 : 1));
  return {
    "/": () => hands.hosts(),
    w: () => hands.pick(),
    m: () => hands.metrics(),
    p: () => hands.preset(),
    n: () => hands.container(),
    " ": () => hands.pause(),
    b: () => hands.burst(),
    "?": () => hands.help(),
    t: () => nextTheme(store),
    "[": () => window(-1),
    "]": () => window(1),
    i: () => {
      const at = INTERVALS.indexOf(store.state.dashboard.interval);
      store.do(actions.interval_chosen, INTERVALS[(at + 1) % INTERVALS.length]);
    },
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    c: () => toggleCompare(store),
    u: () => store.do(actions.zone_chosen, !store.state.utc),
    l: (card) => card && hands.look(card),
    v: (card) => card && hands.table(card),
    // What was opened last is left first.
    Escape: () => hands.release() || store.do(full_chosen, null),
    o: () => store.state.dashboard.hosts.length > 1 && store.do(hosts_overlaid, !store.state.dashboard.overlaid),
    j: () => focusCard(1),
    k: () => focusCard(-1),
    f: (card) => full_toggle(store, card),
    s: (card) => card && hands.source(card),
    x: (card) => {
      if (!card) return;
      focusCard(1);
      store.do(actions.widget_removed, card.dataset.wish ?? "");
    },
  };
}

/** On a card arrows move its crosshair, in a row of choices the choice. @param {KeyboardEvent} event @param {HTMLElement} target */
function pans({ key }, target) {
  return (key === "ArrowLeft" || key === "ArrowRight") && !target.closest?.(".card, input");
}

/** One card fills the page, or no longer. @param {import("./feeds.js").PageStore} store @param {HTMLElement|null} card */
function full_toggle(store, card) {
  const { full } = store.state.dashboard;
  if (full || card) store.do(full_chosen, full ? null : (card?.dataset.wish ?? null));
}

/** What Alt and an arrow do to a card; with Shift its size. @param {KeyboardEvent} event */
function stepOf(event) {
  const steps = event.shiftKey ? SIZES : WAYS;
  return Object.hasOwn(steps, event.key) ? steps[event.key] : null;
}

/** Escape in an empty box leaves nothing there. @param {KeyboardEvent} event */
function typing({ target, key }) {
  if (key === "Escape" && target instanceof HTMLInputElement && !target.value) return false;
  return target instanceof HTMLElement && target.closest("input:not([type=radio]), textarea, select, [role=menu]") !== null;
}

/** @param {import("./feeds.js").PageStore} store @param {Hands} hands */
function startKeys(store, hands) {
  const table = bindings(store, hands);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || dialogOpen() || typing(event)) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const card = /** @type {HTMLElement|null} */ (target.closest?.(".card") ?? null);
    if (event.altKey) {
      const how = stepOf(event);
      if (!how || !card) return;
      hands.step(card, how);
    } else {
      if (pans(event, target)) {
        if (!store.state.dashboard.frozen) return;
        hands.pan((event.key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 0.5 : 0.1));
        event.preventDefault();
        return;
      }
      // Space on a button is the button's own.
      if (event.key === " " && target.closest("button, a, summary, input")) return;
      const run = table[event.key];
      if (!run) return;
      run(card);
    }
    event.preventDefault();
  });
}

export { startKeys };
