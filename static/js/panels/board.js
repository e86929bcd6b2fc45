/**
 * The board: a head per host and a card per widget and host; the same widget stands side by
 * side per host. Cards are kept while wishes and hosts come and go.
 */

import { findWidget, hosts_added, shownWishes } from "../actions.js";
import { el, fill } from "../dom.js";
import { parseWish } from "../model/wish.js";
import { Card } from "../widgets/card.js";
import { VerdictCard } from "../widgets/verdict.js";
import { HostHead, LOST } from "./hosts.js";

/** @typedef {import("../widgets/card.js").Room} Room */

class Board {
  #room;
  #node;
  #grid = el("div", { class: "board" });
  /** @type {Map<string, HostHead>} */
  #heads = new Map();
  /** @type {Map<string, {card: Card|VerdictCard, leave: () => void}>} */
  #cards = new Map();

  /** @param {HTMLElement} node @param {Room} room */
  constructor(node, room) {
    this.#room = room;
    this.#node = node;
    const { store } = room;
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
    const { painter, store } = this.#room;
    const head = this.#heads.get(host);
    if (head && !head.node.dataset.drawn) {
      head.node.dataset.drawn = "yes";
      this.#states();
    }
    const { frozen } = store.state.dashboard;
    // A board held still takes in what was missing of its stretch, and nothing newer.
    if (frozen && tick !== null && tick > frozen.to) return;
    for (const { card } of this.#cards.values()) if (card.host === host) painter.mark(card);
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
  }

  #arrange() {
    const { store } = this.#room;
    const { hosts } = store.state.dashboard;
    const wishes = store.state.catalog.ready ? shownWishes(store.state) : [];
    document.body.style.setProperty("--hosts", String(hosts.length));
    if (!hosts.length) {
      this.#clear();
      if (store.state.catalog.ready) fill(this.#node, this.#empty());
      return;
    }
    if (this.#grid.parentElement !== this.#node) fill(this.#node, this.#grid);
    this.#grid.dataset.hosts = String(hosts.length);
    const heads = hosts.map((host) => this.#head(host));
    const nodes = [...heads.map(({ node }) => node), ...heads.map(({ below }) => below)];
    const kept = new Set();
    for (const wish of wishes) {
      for (const host of hosts) {
        kept.add(`${host}\n${wish}`);
        nodes.push(this.#card(wish, host, hosts.length > 1).node);
      }
    }
    this.#sweep(hosts, kept);
    place(this.#grid, nodes);
    this.#states();
    this.#room.painter.mark_all();
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
      const card = parseWish(wish)?.id === "verdict" ? new VerdictCard(wish, host, this.#room) : new Card(wish, host, this.#room);
      entry = { card, leave: this.#room.painter.add(card) };
      this.#cards.set(key, entry);
    }
    const parsed = parseWish(wish);
    const known = parsed && findWidget(this.#room.store.state, parsed.id);
    entry.card.name(parsed?.options.title ?? parsed?.options.expr ?? known?.title ?? "", known?.unit ?? "", many);
    return entry.card;
  }

  /** @param {string[]} hosts @param {Set<string>} kept */
  #sweep(hosts, kept) {
    for (const [host, head] of this.#heads) {
      if (hosts.includes(host)) continue;
      head.destroy();
      this.#heads.delete(host);
    }
    for (const [key, { card, leave }] of this.#cards) {
      if (kept.has(key)) continue;
      leave();
      card.destroy();
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
      const state = hosts[card.host]?.state ?? "connecting";
      if (card.node.dataset.state === state) continue;
      card.node.dataset.state = state;
      card.name_host();
      this.#room.painter.mark(card);
    }
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

/** Puts nodes into order, moving only those that stand elsewhere. @param {Element} parent @param {Element[]} nodes */
function place(parent, nodes) {
  nodes.forEach((node, n) => {
    if (parent.children[n] !== node) parent.insertBefore(node, parent.children[n] ?? null);
  });
}

export { Board };
