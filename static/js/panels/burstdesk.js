/**
 * Where bursts are asked for, opened and closed: by the button, the key, a card's menu, or the row
 * that says that one runs. The view itself is fetched when the first one is opened.
 */

import { knownWishes, notice_given } from "../actions.js";
import { mountBurstStrip } from "./burststrip.js";

/**
 * @typedef {import("../model/burst.js").Told} Told
 * @typedef {{node: HTMLElement, board: HTMLElement, strip: HTMLElement, store: import("../feeds.js").PageStore,
 *   bursts: import("../bursts.js").Bursts, tooltip: import("../widgets/tooltip.js").Tooltip,
 *   palette: () => import("../model/colours.js").Palette,
 *   speak: (text: string) => void,
 *   source: (card: {wish: string, host: string, title: string}) => void}} Parts
 */

class BurstDesk {
  #parts;
  #show_strip;
  /** @type {import("./burst.js").BurstView|null} */
  #view = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { bursts, store, strip } = parts;
    bursts.on_started = (told) => this.open(told);
    bursts.on_refused = (told) => this.#refused(told);
    bursts.on_points = (burst) => {
      if (this.#view?.burst === burst) this.#view.points_arrived();
    };
    this.#show_strip = mountBurstStrip(strip, store, {
      now: () => bursts.now(),
      sweep: () => bursts.sweep(this.#view?.burst ?? ""),
      open: (told) => this.open(told),
      opened: () => this.#view?.burst ?? "",
    });
  }

  /** A burst of what is shown, or the one that runs already. */
  async ask() {
    const { store } = this.#parts;
    const { hosts } = store.state.dashboard;
    if (!hosts.length || this.#view) return;
    if (hosts.length === 1) this.start(hosts[0], knownWishes(store.state));
    else (await this.#fetched(() => import("./burstask.js")))?.askHost(store, (host) => this.start(host, knownWishes(store.state)));
  }

  /** @param {string} host @param {string[]} wishes */
  start(host, wishes) {
    const { bursts } = this.#parts;
    const running = bursts.running(host);
    if (running) this.open(running);
    else bursts.start(host, wishes);
  }

  /** @param {Told} told */
  async open(told) {
    const { node, board, bursts } = this.#parts;
    const module = await this.#fetched(() => import("./burst.js"));
    if (!module || this.#view?.burst === told.burst) return;
    this.#view?.close();
    bursts.join(told.burst);
    node.hidden = false;
    board.hidden = true;
    this.#view = new module.BurstView(node, this.#parts.store.state.bursts[told.burst] ?? told, { ...this.#parts, closed: () => this.#closed() });
    window.scrollTo(0, 0);
    this.#show_strip();
  }

  mark_all() {
    this.#view?.mark_all();
  }

  /** What a chart of the open burst shows, for tests. @param {string} wish */
  figure(wish) {
    return this.#view?.figure(wish) ?? null;
  }

  #closed() {
    const { node, board, bursts } = this.#parts;
    const burst = this.#view?.burst ?? "";
    this.#view = null;
    node.hidden = true;
    board.hidden = false;
    // One that runs goes on: whoever asked for it may look at the board meanwhile.
    if (this.#parts.store.state.bursts[burst]?.state !== "running") bursts.leave(burst);
    this.#show_strip();
  }

  /** @param {Told} told */
  async #refused(told) {
    const { store } = this.#parts;
    if (this.#view?.burst === told.burst && told.burst) this.#view.close();
    if (told.needs.length) {
      (await this.#fetched(() => import("./burstask.js")))?.askWidgets(store, told, (wishes) => this.start(told.host, wishes));
      return;
    }
    const why = [...new Set(told.left.map(({ reason }) => reason))].slice(0, 2).join(" ");
    store.do(notice_given, { key: "burst", kind: "note", text: `No burst: ${told.reason}`, hint: [told.hint, why].filter(Boolean).join(" "), host: told.host });
  }

  /** @template T @param {() => Promise<T>} fetch @returns {Promise<T|null>} */
  async #fetched(fetch) {
    try {
      return await fetch();
    } catch (error) {
      this.#parts.store.do(notice_given, { key: "burst", kind: "error", text: `The burst's view did not come: ${error}.`, hint: "Reload the page." });
      return null;
    }
  }
}

export { BurstDesk };
