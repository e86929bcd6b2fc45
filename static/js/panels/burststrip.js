/**
 * The row below the bar that says that a burst of a shown host runs, or is kept: to look at, to
 * stop, to put away. Its points and its view are others'.
 */

import { burst_forgotten } from "../actions.js";
import { el, fill, icon, say } from "../dom.js";
import { alive, burstText } from "../model/burst.js";
import { hostTitle } from "../model/hosts.js";

/** @typedef {import("../model/burst.js").Told} Told */

const EVERY = 500;

/**
 * @param {HTMLElement} node
 * @param {import("../feeds.js").PageStore} store
 * @param {{now: () => number, sweep: () => void, open: (told: Told) => void, opened: () => string}} hands
 *   opened: the burst that is looked at
 * @returns {() => void} shows it anew
 */
function mountBurstStrip(node, store, { now, sweep, open, opened }) {
  let timer = 0;
  /** Rows by burst and state, so that buttons stay in place while the seconds count. @type {Map<string, HTMLElement>} */
  let texts = new Map();
  // Beside an open one, only what runs is worth a row.
  const wanted = (/** @type {Told} */ { state, burst }) => burst !== opened() && (state === "running" || (state === "ended" && !opened()));
  const shown = () => Object.values(store.state.bursts).filter((one) => wanted(one) && alive(one, now()) && store.state.dashboard.hosts.includes(one.host));
  const words = (/** @type {Told} */ told) => `Burst of ${hostTitle(told.host, store.state.hosts[told.host])}: ${burstText(told, now(), store.state.utc)}.`;
  const show = () => {
    sweep();
    const all = shown();
    const keys = all.map(({ burst, state }) => `${burst} ${state}`);
    if (keys.join() !== [...texts.keys()].join()) {
      texts = new Map(keys.map((key) => [key, el("p", {})]));
      fill(node, ...all.map((told, n) => row(told, /** @type {HTMLElement} */ (texts.get(keys[n])))));
    }
    all.forEach((told, n) => say(/** @type {HTMLElement} */ (texts.get(keys[n])), words(told)));
    clearTimeout(timer);
    if (all.length) timer = setTimeout(show, all.some(({ state }) => state === "running") ? EVERY : 20 * EVERY);
  };
  const row = (/** @type {Told} */ told, /** @type {HTMLElement} */ text) =>
    el(
      "div",
      { class: "notice burst-row" },
      icon("burst"),
      text,
      el("button", { type: "button", class: "button", onclick: () => open(store.state.bursts[told.burst] ?? told) }, "Look at it"),
      told.state === "ended" &&
        el("button", { type: "button", class: "icon-button", "aria-label": "Put this burst away", onclick: () => store.do(burst_forgotten, told.burst) }, icon("close")),
    );
  store.follow((state) => state.bursts, show);
  store.subscribe((state) => state.dashboard.hosts, show);
  return show;
}

export { mountBurstStrip };
