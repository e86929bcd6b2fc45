/**
 * The board: a head per host and a card per widget and host; the same widget stands side by
 * side per host. Cards are kept while wishes and hosts come and go. Groups fold, one widget may
 * fill the page, and a layout gives cards places of their own: how they get there, arrange.js tells.
 */

import { findWidget, hosts_added, shownWishes } from "../actions.js";
import { el, fill } from "../dom.js";
import { full_chosen, group_folded, groupOf } from "../layouts.js";
import { GAP, grouped, placesOf } from "../model/layout.js";
import { EVERY, hiddenHosts } from "../model/together.js";
import { parseWish } from "../model/wish.js";
import { Card } from "../widgets/card.js";
import { HostsCard } from "../widgets/hostscard.js";
import { VerdictCard } from "../widgets/verdict.js";
import { Arranger, narrow } from "./arrange.js";
import { HostHead, LOST } from "./hosts.js";
import { Shelf, place } from "./shelf.js";
import { Together } from "./together.js";

/** Cards narrower than this are not readable: then they flow, in the layout's order. */
const LEAST_WIDTH = 160;
/** Of more hosts what stands once per host is drawn closer together. */
const MANY = 4;

/** @typedef {import("../widgets/card.js").Room} Room */

class Board {
  #room;
  #node;
  #grid = el("div", { class: "board" });
  /** @type {Map<string, HostHead>} */
  #heads = new Map();
  /** @type {Map<string, {card: Card|VerdictCard, cell: HTMLElement, leave: () => void}>} */
  #cards = new Map();
  /** @type {Map<string, Shelf>} */
  #shelves = new Map();
  #together;
  /** States of all hosts, as a chart of all was last told. */
  #told = "";
  #stands = /** @type {import("./arrange.js").Group[]} */ ([]);
  #gridded = false;
  #back = el("div", { class: "full-bar" }, el("button", { type: "button", class: "button", title: "Back to all widgets (Esc)", onclick: () => this.#room.store.do(full_chosen, null) }, "\u2190 All widgets"));
  /** Moves and resizes cards. */
  arranger;

  /** @param {HTMLElement} node @param {Room} room */
  constructor(node, room) {
    this.#room = room;
    this.#node = node;
    this.#together = new Together(room);
    const { store } = room;
    this.arranger = new Arranger(store, () => ({ hosts: store.state.dashboard.hosts.length, width: this.#grid.clientWidth, groups: this.#stands }), room.speak);
    this.arranger.listen(this.#grid);
    // A narrower window may leave no room for places.
    new ResizeObserver(() => this.#fits() !== this.#gridded && this.#arrange()).observe(this.#grid);
    store.subscribe((state) => state.dashboard, () => this.#arrange());
    store.subscribe((state) => state.catalog, () => this.#arrange());
    store.subscribe((state) => state.home, () => this.#arrange());
    store.subscribe((state) => state.hosts, () => this.#states());
    for (const part of /** @type {const} */ (["utc", "link"])) {
      store.subscribe((state) => state[part], () => room.painter.mark_all());
    }
    this.#arrange();
  }

  /** Points of a host came: its cards are to be drawn. @param {string} host @param {number|null} tick its second */
  points_arrived(host, tick) {
    const { store } = this.#room;
    const head = this.#heads.get(host);
    if (head && !head.node.dataset.drawn) {
      head.node.dataset.drawn = "yes";
      this.#states();
    }
    const { frozen } = store.state.dashboard;
    // A board held still takes in what was missing of its stretch, and nothing newer.
    if (frozen && tick !== null && tick > frozen.to) return;
    this.#mark(host);
    if (this.#together.on) this.#together.arrived(tick, () => this.#mark(EVERY));
  }

  /** @param {string} host */
  #mark(host) {
    for (const { card } of this.#cards.values()) if (card.host === host) this.#room.painter.mark(card);
  }

  /** Rows of a live table came; a board held still keeps those that it shows. @param {string} host @param {string} wish */
  rows_arrived(host, wish) {
    const { painter, store } = this.#room;
    const entry = this.#cards.get(`${host}\n${wish}`);
    if (entry && !store.state.dashboard.frozen) painter.mark(entry.card);
  }

  /** All cards, in no order. */
  get cards() {
    return [...this.#cards.values()].map(({ card }) => card);
  }

  /** What a chart shows, as a figure; null where there is none. @param {string} host @param {string} wish */
  figure(host, wish) {
    return this.#cards.get(`${host}\n${wish}`)?.card.plot?.figure ?? null;
  }

  /** The seconds went on. */
  second_passed() {
    for (const head of this.#heads.values()) head.update();
    this.#together.tell([...this.#heads.values()]);
  }

  #arrange() {
    const { store } = this.#room;
    const { hosts } = store.state.dashboard;
    // The grid library holds the cells: what changed meanwhile is seen to when they are free.
    if (this.arranger.busy) return;
    const wishes = store.state.catalog.ready ? shownWishes(store.state) : [];
    const overlaid = this.#together.on;
    const columns = String(overlaid ? 1 : hosts.length);
    document.body.style.setProperty("--hosts", columns);
    if (!hosts.length) {
      this.#clear();
      if (store.state.catalog.ready) fill(this.#node, this.#empty());
      return;
    }
    if (this.#grid.parentElement !== this.#node) fill(this.#node, this.#grid);
    this.#grid.dataset.hosts = columns;
    this.#grid.classList.toggle("overlaid", overlaid);
    this.#grid.classList.toggle("many", hosts.length > MANY);
    const heads = hosts.map((host) => this.#head(host));
    const shelves = this.#seat(wishes, hosts);
    const tops = heads.map(({ node }) => node);
    if (overlaid) place(this.#together.strip, tops);
    else this.#together.strip.remove();
    this.#together.tell(heads);
    place(this.#grid, [this.#back, ...(overlaid ? [this.#together.strip] : tops), ...heads.map(({ below }) => below), ...shelves]);
    this.#states();
    this.#room.painter.mark_all();
  }

  /** Puts the cards onto their shelves. @param {string[]} wishes @param {string[]} hosts */
  #seat(wishes, hosts) {
    const { store } = this.#room;
    const { layout } = store.state.dashboard;
    const full = this.#full(wishes);
    const groups = layout?.grouped ? grouped(wishes, (wish) => groupOf(store.state, wish)) : [{ name: "", wishes }];
    const kept = new Set();
    this.#stands = [];
    const shelves = groups.map((group) => {
      const shelf = this.#shelf(group.name);
      const folded = Boolean(layout?.folded.includes(group.name)) && !(full && group.wishes.includes(full));
      const shown = folded ? [] : group.wishes;
      for (const wish of shown) for (const host of this.#hostsOf(wish)) kept.add(`${host}\n${wish}`);
      const cards = shown.map((wish) => /** @type {const} */ ([wish, this.#card(wish, this.#hostsOf(wish)[0], hosts.length > 1).card]));
      shelf.show({ folded, count: group.wishes.length, alone: full !== null });
      shelf.node.hidden = full !== null && !group.wishes.includes(full);
      this.#stands.push({ shelf, wishes: group.wishes, cards: new Map(cards) });
      return shelf;
    });
    this.#sweep(hosts, kept);
    for (const [name, shelf] of this.#shelves) if (!shelves.includes(shelf)) this.#shelves.delete(name) && shelf.node.remove();
    this.#gridded = this.#fits();
    for (const stand of this.#stands) this.#lay(stand, hosts, full);
    return shelves.map(({ node }) => node);
  }

  /** @param {import("./arrange.js").Group} stand @param {string[]} hosts @param {string|null} full */
  #lay({ shelf, wishes, cards }, hosts, full) {
    const { layout } = this.#room.store.state.dashboard;
    const list = layout && Object.keys(layout.places).length && !full ? placesOf(layout, wishes) : null;
    const order = (list?.map(({ wish }) => wish) ?? wishes).filter((wish) => cards.has(wish));
    const seats = order.flatMap((wish) => this.#hostsOf(wish).map((host) => this.#card(wish, host, hosts.length > 1)));
    for (const { cell, card } of seats) cell.hidden = full !== null && card.wish !== full;
    for (const { card } of seats) if (card instanceof Card) card.whole = card.wish === full;
    const own = new Map(list?.filter(({ wish }) => Object.hasOwn(layout?.places ?? {}, wish) || this.#gridded).map((one) => [one.wish, one]) ?? []);
    shelf.seat(seats, own, this.#gridded && layout && list ? layout.columns : null);
  }

  /** The wish that fills the page, where it is on it. @param {string[]} wishes */
  #full(wishes) {
    const { full } = this.#room.store.state.dashboard;
    const found = full !== null && wishes.includes(full) ? full : null;
    this.#grid.classList.toggle("full", found !== null);
    document.body.classList.toggle("full-page", found !== null);
    this.#back.hidden = found === null;
    return found;
  }

  /** Whether cards can stand at the layout's places. */
  #fits() {
    const { layout, hosts, full } = this.#room.store.state.dashboard;
    const widths = Object.values(layout?.places ?? {}).map(({ w }) => w);
    if (!layout || !widths.length || hosts.length > 1 || full || narrow()) return false;
    return (Math.min(...widths) * (this.#grid.clientWidth + GAP)) / layout.columns - GAP >= LEAST_WIDTH;
  }

  /** The hosts of a widget's cards; one card may be of all. @param {string} wish */
  #hostsOf(wish) {
    const { dashboard } = this.#room.store.state;
    if (this.#together.joins(wish)) return [EVERY];
    const hidden = this.#together.on ? hiddenHosts(dashboard) : [];
    const shown = dashboard.hosts.filter((host) => !hidden.includes(host));
    return shown.length ? shown : dashboard.hosts;
  }

  /** @param {string} name */
  #shelf(name) {
    const shelf = this.#shelves.get(name) ?? new Shelf(name, () => this.#room.store.do(group_folded, name));
    this.#shelves.set(name, shelf);
    return shelf;
  }

  /** @param {string} host */
  #head(host) {
    const known = this.#heads.get(host);
    if (known) return known;
    const { store, feeds } = this.#room;
    const head = new HostHead(host, store, () => feeds.clock.time(feeds.now()));
    this.#heads.set(host, head);
    return head;
  }

  /** @param {string} wish @param {string} host @param {boolean} many */
  #card(wish, host, many) {
    const key = `${host}\n${wish}`;
    let entry = this.#cards.get(key);
    if (!entry) {
      const card = this.#newCard(wish, host);
      card.node.append(el("i", { class: "grip", title: "Drag to resize" }));
      entry = { card, cell: el("div", { class: "cell" }, card.node), leave: this.#room.painter.add(card) };
      this.#cards.set(key, entry);
    }
    const parsed = parseWish(wish);
    const known = parsed && findWidget(this.#room.store.state, parsed.id);
    entry.card.name(parsed?.options.title ?? parsed?.options.expr ?? known?.title ?? "", known?.unit ?? "", many);
    return entry;
  }

  /** @param {string} wish @param {string} host */
  #newCard(wish, host) {
    if (host === EVERY) return new HostsCard(wish, this.#together.room);
    return parseWish(wish)?.id === "verdict" ? new VerdictCard(wish, host, this.#room) : new Card(wish, host, this.#room);
  }

  /** @param {string[]} hosts @param {Set<string>} kept */
  #sweep(hosts, kept) {
    for (const [host, head] of this.#heads) {
      if (hosts.includes(host)) continue;
      head.destroy();
      this.#heads.delete(host);
    }
    for (const [key, { card, cell, leave }] of this.#cards) {
      if (kept.has(key)) continue;
      leave();
      card.destroy();
      cell.remove();
      this.#cards.delete(key);
    }
  }

  #clear() {
    this.#sweep([], new Set());
    this.#grid.remove();
  }

  /** Where no host ever came, there are no cards: what was tried stands there instead. */
  #states() {
    const { hosts } = this.#room.store.state;
    const heads = [...this.#heads.values()];
    const bare = heads.every((head) => LOST.includes(hosts[head.host]?.state ?? "") && !head.node.dataset.drawn);
    this.#grid.classList.toggle("bare", bare);
    for (const head of heads) head.explain(bare);
    for (const { card } of this.#cards.values()) {
      const state = card.host === EVERY ? this.#stateOfAll() : (hosts[card.host]?.state ?? "connecting");
      if (card.node.dataset.state === state) continue;
      card.node.dataset.state = state;
      card.name_host();
      this.#room.painter.mark(card);
    }
  }

  /** A chart of all hosts is live as long as one of them is; it is drawn anew when any changes. */
  #stateOfAll() {
    const { dashboard, hosts } = this.#room.store.state;
    const states = dashboard.hosts.map((host) => hosts[host]?.state ?? "connecting");
    const told = states.join(" ");
    if (told !== this.#told) this.#mark(EVERY);
    this.#told = told;
    return states.includes("live") ? "live" : states[0];
  }

  #empty() {
    const { home, recent } = this.#room.store.state;
    const add = (/** @type {string} */ host, /** @type {string} */ label) =>
      el("button", { type: "button", class: "button", onclick: () => this.#room.store.do(hosts_added, [host]) }, label);
    const others = recent.filter((host) => host !== home);
    return el(
      "section",
      { class: "empty" },
      el("h1", {}, "Which host do you want to see?"),
      el("p", {}, "Type its name or address in the box above and press Enter. Several hosts, separated by spaces, stand side by side."),
      el(
        "p",
        { class: "quiet" },
        "The host needs Performance Co-Pilot: pmcd (port 44321), pmproxy (44322) or pmwebd (44323), reachable from this server. ",
        "Where it does not answer, the page says what was tried.",
      ),
      el("div", { class: "empty-hosts" }, home ? add(home, home === "local" ? "This server’s own host" : home) : "", ...others.map((host) => add(host, host))),
    );
  }
}

export { Board };
