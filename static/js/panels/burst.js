/**
 * A burst in the place of the board: the same cards, drawn at ten points a second, from its start
 * to its end; afterwards held still, to zoom into and to take away. The board goes on behind.
 */

import { notice_given, zone_chosen } from "../actions.js";
import { el, fill, hide, icon, say } from "../dom.js";
import { Explorer } from "../explore.js";
import { burstText, wholeOf } from "../model/burst.js";
import { csvText, fileName, jsonText } from "../model/export.js";
import { hostTitle } from "../model/hosts.js";
import { Painter } from "../painter.js";
import { Store } from "../store.js";
import { Card } from "../widgets/card.js";
import { Cursor } from "../widgets/cursor.js";
import { wishTitle } from "./burstask.js";
import { lookItems } from "./looks.js";
import { openMenu } from "./menu.js";
import { Takeaway, download } from "./takeaway.js";

/**
 * @typedef {import("../feeds.js").PageStore} PageStore
 * @typedef {import("../model/burst.js").Told} Told
 * @typedef {{store: PageStore, bursts: import("../bursts.js").Bursts, tooltip: import("../widgets/tooltip.js").Tooltip,
 *   palette: () => import("../model/colours.js").Palette, source: (card: Card) => void, speak: (text: string) => void, closed: () => void}} Hands
 */

const EVERY = 500;

class BurstView {
  burst;
  #hands;
  #node;
  #store;
  #feeds;
  #painter = new Painter();
  #cursor = new Cursor((fn) => this.#painter.each_visible(fn));
  #explorer;
  #takeaway;
  /** @type {Card[]} */
  #cards;
  #text = el("p", { class: "said" });
  #why = el("p", { class: "why", role: "status", hidden: true });
  #left = el("div", { class: "burst-left" });
  #stop = el("button", { type: "button", class: "button", onclick: () => this.#hands.bursts.stop(this.burst) }, "Stop");
  #whole = el("button", { type: "button", class: "button", hidden: true, onclick: () => this.#zoom(null) }, "Show all of it");
  #back = el("button", { type: "button", class: "button", onclick: () => this.close() }, "Back to live");
  #timer = 0;
  /** @type {(() => void)[]} */
  #undo = [];
  #before = /** @type {HTMLElement|null} */ (document.activeElement);

  /** @param {HTMLElement} node its place @param {Told} told @param {Hands} hands */
  constructor(node, told, hands) {
    this.burst = told.burst;
    this.#node = node;
    this.#hands = hands;
    const { dashboard } = hands.store.state;
    const own = { ...dashboard, hosts: [told.host], preset: null, wishes: told.wishes, window: told.seconds, interval: told.period, frozen: null };
    this.#store = /** @type {PageStore} */ (new Store({ ...hands.store.state, dashboard: own }));
    this.#feeds = this.#face();
    this.#explorer = new Explorer(this.#store, this.#feeds, this.#painter);
    this.#takeaway = new Takeaway(this.#store, this.#feeds, false);
    this.#cards = told.wishes.map((wish) => this.#card(wish, told.host));
    this.#undo.push(
      hands.store.subscribe((state) => state, (state) => this.#store.do(followed, state)),
      // Whoever chooses another board wants to see it.
      hands.store.subscribe(chosen, () => this.close()),
      this.#store.subscribe((state) => state.dashboard, () => this.#all()),
      this.#store.subscribe((state) => state.utc, (utc) => this.#zone(utc)),
      this.#store.subscribe((state) => state.bursts[this.burst], () => this.#tell()),
    );
    this.#lay_out(told);
    this.#tell();
    this.#tick();
  }

  get told() {
    return this.#store.state.bursts[this.burst] ?? null;
  }

  /** Points came. */
  points_arrived() {
    for (const card of this.#cards) this.#painter.mark(card);
  }

  /** Theme or size changed. */
  mark_all() {
    this.#painter.mark_all();
  }

  /** What a chart shows, for tests. @param {string} wish */
  figure(wish) {
    return this.#cards.find((card) => card.wish === wish)?.plot?.figure ?? null;
  }

  close() {
    clearTimeout(this.#timer);
    for (const undo of this.#undo) undo();
    for (const card of this.#cards) card.destroy();
    this.#hands.tooltip.hide();
    this.#node.onkeydown = null;
    fill(this.#node);
    this.#hands.closed();
    if (this.#before?.isConnected) this.#before.focus();
  }

  /** What cards need of feeds: the points of this burst, and the stretch that is shown. */
  #face() {
    const { bursts } = this.#hands;
    const whole = () => (this.told ? wholeOf(this.told, bursts.now()) : { from: 0, to: 1 });
    const face = {
      /** @type {import("../model/types.js").Span|null} */
      sway: null,
      get: () => bursts.get(this.burst),
      span: () => face.sway ?? this.#store.state.dashboard.frozen ?? whole(),
      bounds: () => ({ earliest: whole().from, latest: whole().to }),
      before: () => null,
      swayed: (/** @type {import("../model/types.js").Span|null} */ span) => {
        face.sway = span;
      },
    };
    return /** @type {import("../feeds.js").Feeds} */ (/** @type {unknown} */ (face));
  }

  /** @param {string} wish @param {string} host */
  #card(wish, host) {
    const room = {
      store: this.#store,
      feeds: this.#feeds,
      painter: this.#painter,
      palette: this.#hands.palette,
      cursor: this.#cursor,
      explorer: this.#explorer,
      speak: this.#hands.speak,
      tooltip: this.#hands.tooltip,
      open_menu: (/** @type {Card} */ card, /** @type {HTMLElement} */ button) =>
        openMenu(button, [{ label: "Where does this come from?", run: () => this.#hands.source(card) }, ...lookItems(this.#store, card), ...this.#takeaway.items(card)]),
    };
    const card = new Card(wish, host, room);
    card.name(wishTitle(this.#store, wish), "", false);
    this.#undo.push(this.#painter.add(card));
    return card;
  }

  /** @param {Told} told */
  #lay_out(told) {
    const name = hostTitle(told.host, this.#store.state.hosts[told.host]);
    const save = (/** @type {"csv"|"json"} */ kind) => el("button", { type: "button", class: "button", onclick: () => this.#save(kind) }, `Save as ${kind.toUpperCase()}`);
    const board = el("div", { class: "burst-cards" }, ...this.#cards.map(({ node }) => node));
    fill(
      this.#node,
      el(
        "header",
        { class: "burst-head" },
        el("h1", {}, icon("burst"), `Burst of ${name}`),
        this.#text,
        el("div", { class: "hands" }, this.#stop, this.#whole, save("csv"), save("json"), this.#back),
        this.#why,
      ),
      board,
      this.#left,
    );
    const rows = told.left.map(({ wish, reason }) => el("li", {}, `${wishTitle(this.#store, wish)}: ${reason}`));
    if (rows.length) fill(this.#left, el("p", {}, "Not in this burst:"), el("ul", {}, ...rows));
    this.#node.onkeydown = (event) => this.#key(event);
    this.#node.focus();
  }

  /** The state is another. */
  #tell() {
    const { told } = this;
    if (!told) return;
    hide(this.#stop, told.state === "ended");
    say(this.#why, [told.reason, told.hint].filter(Boolean).join(" "));
    hide(this.#why, !told.reason);
    this.#tick();
    this.#all();
  }

  /** The seconds count. */
  #tick() {
    clearTimeout(this.#timer);
    const { told } = this;
    if (!told) return;
    say(this.#text, `${burstText(told, this.#hands.bursts.now(), this.#store.state.utc)}.`);
    if (told.state !== "ended") this.#timer = setTimeout(() => this.#tick(), EVERY);
  }

  /** A card's switch is the page's. @param {boolean} utc */
  #zone(utc) {
    if (this.#hands.store.state.utc !== utc) this.#hands.store.do(zone_chosen, utc);
    this.#all();
  }

  #all() {
    hide(this.#whole, !this.#store.state.dashboard.frozen);
    this.#painter.mark_all();
  }

  /** @param {import("../model/types.js").Span|null} frozen */
  #zoom(frozen) {
    this.#store.do((state, span) => ({ ...state, dashboard: { ...state.dashboard, frozen: span } }), frozen);
  }

  /** All series of all cards, as far as they are in view: columns share their times. @param {"csv"|"json"} kind */
  #save(kind) {
    const { told } = this;
    const { from, to } = this.#feeds.span();
    const feed = this.#hands.bursts.get(this.burst);
    if (!told || !feed) return;
    const sheets = told.wishes.flatMap((wish) => {
      const view = feed.view(wish, from, to);
      const widget = feed.place(wish)?.widget;
      if (!view?.times.length || !widget) return [];
      const lines = view.series.map(({ name, labels }, n) => ({ name, unit: view.unit, labels, values: view.columns[n] }));
      const about = { host: told.host, wish, title: widget.title, unit: view.unit, interval: told.period };
      return [{ ...about, from: view.times[0], to: view.times[view.times.length - 1], times: view.times, lines, table: null }];
    });
    if (!sheets.length) {
      this.#hands.store.do(notice_given, { key: "taken", kind: "note", text: "There are no points to save yet." });
      return;
    }
    const one = { ...sheets[0], lines: sheets.flatMap(({ title, lines }) => lines.map((line) => ({ ...line, name: `${title}: ${line.name}` }))) };
    const text = kind === "csv" ? csvText(one) : JSON.stringify({ host: told.host, burst: told.burst, samples: told.samples, widgets: sheets.map((sheet) => JSON.parse(jsonText(sheet))) }, null, 1);
    const type = kind === "csv" ? "text/csv;charset=utf-8" : "application/json";
    download(new Blob([text], { type }), fileName("burst", told.host, one.to, kind));
  }

  /** Keys of the board mean its cards: here they rest, but those that fit. @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const card = this.#cards.findIndex(({ node }) => node.contains(target));
    const by = { j: 1, k: -1 }[event.key];
    if (by) this.#cards[Math.max(0, Math.min(this.#cards.length - 1, card + by))]?.node.focus();
    else if (event.key === "+" || event.key === "-") this.#explorer.zoom(event.key === "+" ? 0.5 : 2, this.#cursor.pinned?.t);
    else if (event.key === "Escape" && this.#cursor.release()) this.#hands.tooltip.hide();
    else if (event.key === "Escape" && this.#store.state.dashboard.frozen) this.#zoom(null);
    else if (event.key === "Escape" && card < 0) this.close();
    else if (!["x", " ", "[", "]", "i", "s", "c", "ArrowLeft", "ArrowRight"].includes(event.key) && !event.altKey) return;
    event.stopPropagation();
    // A button's own key stays the button's.
    if (event.key !== " " || !target.closest("button")) event.preventDefault();
  }
}

/** The page goes on: what it knows is taken over, what is shown here is our own. @param {import("../actions.js").State} own @param {import("../actions.js").State} page */
function followed(own, page) {
  return { ...page, dashboard: own.dashboard };
}

/** What the board shows, as far as a burst is not of that. @param {import("../actions.js").State} state */
function chosen({ dashboard: { hosts, preset, wishes } }) {
  return JSON.stringify([hosts, preset, wishes]);
}

export { BurstView };
