/**
 * All hosts' feeds: tells the server what this viewer wants, takes what it sends, asks for
 * what is missing, and acknowledges. Points stay here; words about hosts go to the store.
 */

import * as actions from "./actions.js";
import { isFolded } from "./layouts.js";
import { compareHindrance, held_told } from "./looking.js";
import { Clock } from "./model/clock.js";
import { Feed } from "./model/feed.js";
import { former } from "./model/span.js";

const ACK_EVERY = 950;
const ASK_EVERY = 2000;
/** Seconds that trouble stays told, though points flow. */
const TOLD_FOR = 5;
/** The past is asked for in steps of so many seconds, however finely somebody moves into it. */
const STEP = 60;
const MOST = 3600;
/** A page that is out of sight for so long is sent nothing until it is looked at again. */
const HOLD_AFTER = 5000;
/** Facts of a host that was never asked. */
const NOBODY = { next_try: null, skew: null, transport: null, name: null, cost: null };

/**
 * @typedef {import("./store.js").Store<import("./actions.js").State>} PageStore
 * @typedef {{send: (name: string, message: object) => void}} Sender
 */

class Feeds {
  clock = new Clock();
  /** What is shown while somebody moves through time. @type {import("./model/types.js").Span|null} */
  sway = null;
  /** Called with the host whose points changed, and the second of a tick. @type {(host: string, tick: number|null) => void} */
  on_points = () => {};
  /** Called with host and wish of a live table whose rows changed. @type {(host: string, wish: string) => void} */
  on_rows = () => {};
  #store;
  #sender;
  /** @type {Map<string, Feed>} */
  #feeds = new Map();
  /** @type {Map<string, Feed>} */
  #channels = new Map();
  /** @type {Record<string, number>} */
  #acks = {};
  #acked = 0;
  #ackTimer = 0;
  /** @type {Map<string, number>} */
  #asked = new Map();
  #gone = 0;
  /** When trouble was told last, by the key of its notice. @type {Map<string, number>} */
  #told = new Map();
  #up = false;
  #queued = false;
  #hidden = false;
  #held = false;
  #holdTimer = 0;

  /** @param {PageStore} store @param {Sender} sender */
  constructor(store, sender) {
    this.#store = store;
    this.#sender = sender;
    store.subscribe((state) => asked(state.dashboard), () => this.watch());
    store.subscribe((state) => state.catalog, () => this.watch());
  }

  /** @param {string} host */
  get(host) {
    return this.#feeds.get(host) ?? null;
  }

  /** Ticks and rows of history taken so far. */
  get seen() {
    return this.#gone + [...this.#feeds.values()].reduce((sum, feed) => sum + feed.seen, 0);
  }

  /** Present time in seconds, by this browser. */
  now() {
    return Date.now() / 1000;
  }

  /** The stretch of time that the charts show. @returns {import("./model/types.js").Span} */
  span() {
    const { frozen, window, interval } = this.#store.state.dashboard;
    if (this.sway ?? frozen) return /** @type {import("./model/types.js").Span} */ (this.sway ?? frozen);
    const edge = this.clock.edge(this.now(), interval);
    return { from: edge - window, to: edge };
  }

  /** The window before, where it is compared with; null where it is not, or can't be. @returns {import("./model/types.js").Span|null} */
  before() {
    const { state } = this.#store;
    return state.dashboard.compare && !compareHindrance(state) ? former(this.span()) : null;
  }

  /** From the first second that server or page may hold to the newest. @returns {import("./model/span.js").Bounds} */
  bounds() {
    const { held, dashboard } = this.#store.state;
    const latest = this.clock.edge(this.now(), dashboard.interval);
    const firsts = [...this.#feeds.values()].filter(({ ring }) => ring.length).map(({ ring }) => ring.first);
    return { earliest: Math.min(latest - held, ...firsts), latest };
  }

  /** Somebody moves through time; null: no more. @param {import("./model/types.js").Span|null} span */
  swayed(span) {
    this.sway = span;
    if (!span) return;
    this.#reserve();
    this.#fill();
  }

  connected() {
    this.#up = true;
    this.#asked.clear();
    this.watch();
  }

  disconnected() {
    this.#up = false;
  }

  /** The page went out of sight, or came back: then what it lacks is sent. @param {boolean} hidden */
  hide(hidden) {
    this.#hidden = hidden;
    this.#hold_later();
    if (!hidden && this.#held) this.watch();
  }

  #hold_later() {
    clearTimeout(this.#holdTimer);
    if (!this.#hidden) return;
    this.#holdTimer = setTimeout(() => {
      this.#held = this.#up;
      if (this.#up) this.#sender.send("hold", {});
    }, HOLD_AFTER);
  }

  /** Says what is wanted; several changes in a row become one message. */
  watch() {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      this.#watch();
    });
  }

  #watch() {
    const { dashboard, catalog } = this.#store.state;
    for (const [host, feed] of this.#feeds) {
      if (!dashboard.hosts.includes(host)) this.#drop(host, feed);
    }
    for (const host of dashboard.hosts) if (!this.#feeds.has(host)) this.#feeds.set(host, new Feed(host));
    const { interval } = dashboard;
    this.#reserve();
    if (!this.#up || !catalog.ready) return;
    const window = this.#reach();
    const seen = actions.knownWishes(this.#store.state).filter((wish) => !isFolded(this.#store.state, wish));
    const pairs = seen.map((wish) => /** @type {[string, string]} */ ([wish, actions.sentWish(this.#store.state, wish)]));
    for (const feed of this.#feeds.values()) feed.send_for(pairs);
    const wishes = [...new Set(pairs.map(([, sent]) => sent))];
    const channels = dashboard.hosts.map((host) => ({ host, interval, wishes, window }));
    this.#store.do(actions.notices_swept, "asked ");
    this.#sender.send("watch", { channels });
    // That ends a hold.
    this.#held = false;
    this.#hold_later();
    this.#fill();
  }

  /** How many seconds of the past are wanted, from now on. */
  #reach() {
    const { window, frozen } = this.#store.state.dashboard;
    const { from } = this.before() ?? this.span();
    const still = this.sway ?? frozen;
    const past = still ? Math.ceil(this.clock.time(this.now()) - from) : this.before() ? 2 * window : window;
    return Math.min(MOST, Math.max(past, window));
  }

  #reserve() {
    // In large steps: what is kept is copied each time.
    const rows = Math.ceil(this.#reach() / 300) * 300;
    for (const feed of this.#feeds.values()) feed.reserve(rows);
  }

  /** @param {string} host @param {Feed} feed */
  #drop(host, feed) {
    this.#gone += feed.seen;
    this.#feeds.delete(host);
    this.#channels.delete(feed.channel);
  }

  /** Asks for what a longer window or a frozen stretch shows and is not here. */
  #fill() {
    const { to } = this.span();
    const { frozen } = this.#store.state.dashboard;
    const still = this.sway ?? frozen;
    const { latest } = this.bounds();
    // No server gives more at once than it holds.
    const oldest = latest - this.#store.state.held;
    const shown = (this.before() ?? this.span()).from;
    const step = Math.floor(shown / STEP) * STEP;
    const from = Math.max(still ? step : shown, oldest);
    for (const feed of this.#feeds.values()) {
      // Before its first layout a channel is not ours to ask for.
      if (feed.layout?.channel !== feed.channel) continue;
      const { length, first, last } = feed.ring;
      const start = length ? first : Infinity;
      if (start > shown + 2 * feed.interval) this.#ask(feed, { from, to: Math.min(to, start) }, still ? `from ${step}` : `window ${this.#reach()}`);
      // Ticks that a full ring had to leave while it was held still.
      const end = Math.min(to, latest);
      if (still && length && last < end - 3 * feed.interval) this.#ask(feed, { from: Math.max(last, oldest), to: end }, `to ${Math.ceil(end / STEP)}`);
    }
  }

  /** @param {Feed} feed @param {import("./model/types.js").Span} span @param {string} [key] */
  #ask(feed, span, key = "") {
    const id = `${feed.channel} ${key}`;
    // A named stretch is asked for once: where the server has no more, it has no more.
    if (key ? this.#asked.has(id) : Date.now() - (this.#asked.get(id) ?? 0) < ASK_EVERY) return;
    if (!(span.to > span.from)) return;
    this.#asked.set(id, Date.now());
    this.#sender.send("history", { channel: feed.channel, from: Math.floor(span.from), to: Math.ceil(span.to) });
  }

  /** An event of the server. @param {string} name @param {any} message */
  take(name, message) {
    if (!message || typeof message !== "object") return;
    if (name === "tick") this.#tick(message);
    else if (name === "layout" || name === "history") this.#drawn(name, message);
    else if (name === "rows") this.#rows(message);
    else if (name === "watching") this.#watching(message);
    else if (name === "state") this.#state(message);
    else if (name === "problem") this.#problem(message);
    else if (name === "hello" && message.limits?.ring_seconds > 0) this.#store.do(held_told, message.limits.ring_seconds);
  }

  /** @param {import("./model/types.js").Tick} tick */
  #tick(tick) {
    const feed = this.#channels.get(tick.channel);
    if (!feed) return;
    this.#acks[tick.channel] = Math.max(this.#acks[tick.channel] ?? 0, tick.seq);
    this.#ack();
    const { frozen } = this.#store.state.dashboard;
    if (frozen && feed.full(frozen)) return;
    const { taken, ask } = feed.take_tick(tick);
    if (!taken) return;
    this.clock.observe(tick.seq, this.now());
    if (ask) this.#ask(feed, ask);
    this.#relieve(feed.host);
    this.on_points(feed.host, tick.seq);
  }

  /** Points flow again: trouble that was told before, long enough to be read, is over. @param {string} host */
  #relieve(host) {
    for (const key of [`host ${host}`, "server"]) {
      const told = this.#told.get(key);
      if (told === undefined || this.now() < told + TOLD_FOR) continue;
      this.#told.delete(key);
      this.#store.do(actions.notice_cleared, key);
    }
  }

  #ack() {
    if (this.#ackTimer) return;
    const wait = Math.max(0, this.#acked + ACK_EVERY - performance.now());
    const send = () => {
      this.#ackTimer = 0;
      this.#acked = performance.now();
      this.#sender.send("ack", this.#acks);
      this.#acks = {};
    };
    if (wait === 0) send();
    else this.#ackTimer = setTimeout(send, wait);
  }

  /** @param {"layout"|"history"} name @param {any} message */
  #drawn(name, message) {
    const feed = this.#channels.get(message.channel);
    if (!feed) return;
    if (name === "layout") {
      feed.take_layout(message);
      this.#store.batch(() => {
        this.#store.do(actions.notice_cleared, "server");
        this.#store.do(actions.container_told, { host: feed.host, narrow: narrowOf(message, this.#store.state.dashboard.container) });
      });
    } else {
      feed.take_history(message);
      if (message.upto && !this.#store.state.dashboard.frozen) this.clock.observe(message.upto, this.now());
      this.#fill();
    }
    this.on_points(feed.host, null);
  }

  /** @param {import("./model/types.js").RowsMessage} message */
  #rows(message) {
    const feed = this.#channels.get(message.channel);
    for (const wish of feed?.take_rows(message) ?? []) this.on_rows(feed?.host ?? "", wish);
  }

  /** @param {{channels: {channel: string, host: string, asked?: string, interval: number, wishes: string[], window?: number}[]}} message */
  #watching({ channels }) {
    for (const { channel, host, asked = host, interval, wishes, window } of channels) {
      const feed = this.#feeds.get(asked) ?? this.#feeds.get(host);
      if (!feed) continue;
      if (host !== feed.host) this.#rename(feed, host);
      this.#channels.delete(feed.channel);
      feed.expect(channel, interval, wishes);
      this.#channels.set(channel, feed);
      // That much of the past comes with the layout: it need not be asked for.
      if (window) this.#asked.set(`${channel} window ${window}`, Date.now());
    }
  }

  /** The server's spelling of a host wins; the feed goes along. @param {Feed} feed @param {string} host */
  #rename(feed, host) {
    const asked = feed.host;
    this.#feeds.delete(asked);
    feed.host = host;
    if (!this.#feeds.has(host)) this.#feeds.set(host, feed);
    this.#store.do(actions.host_named, { asked, host });
  }

  /** @param {import("./model/types.js").HostState} message */
  #state(message) {
    this.#store.batch(() => {
      this.#store.do(actions.host_told, message);
      this.#store.do(actions.notice_cleared, `host ${message.host}`);
      this.#store.do(actions.notice_cleared, "server");
    });
  }

  /** @param {import("./model/types.js").Problem} problem */
  #problem(problem) {
    const { hosts } = this.#store.state.dashboard;
    const { host, status = 0 } = problem;
    const hint = problem.hint ?? "";
    const text = problem.detail || problem.title || "The server refused something and gave no reason.";
    const badHost = /(^|\/)(bad-host|refused-by-policy|limit-reached)$/.test(problem.type ?? "");
    if (host && badHost && hosts.includes(host)) {
      this.#store.do(actions.host_told, { ...NOBODY, host, state: "refused", reason: text, hint });
      return;
    }
    // What was asked wrongly stays until something else is asked; other trouble, until it is over.
    const asked = status === 400 || status === 404;
    const key = asked ? `asked ${text}` : host ? `host ${host}` : "server";
    if (!asked) this.#told.set(key, this.now());
    this.#store.do(actions.notice_given, { key, kind: /** @type {const} */ ("error"), text, hint, host });
  }
}

/** What of a dashboard the server must know; series hidden here are none of its business. @param {import("./model/types.js").Dashboard} dashboard */
function asked({ hosts, preset, wishes, window, interval, frozen, compare, container, layout, full }) {
  const folded = layout?.folded.length ? [layout.folded, full] : 0;
  return JSON.stringify([hosts, preset, wishes, window, interval, frozen, compare, container, folded]);
}

/** What a layout says of the dashboard's container. @param {import("./model/types.js").Layout} layout @param {string} container */
function narrowOf({ widgets }, container) {
  return widgets.find(({ narrow }) => narrow?.container === container)?.narrow ?? null;
}

export { Feeds };
