/**
 * One host's channel as this viewer has it: layout, points, and what is still to come.
 * The rules of the client's side of the protocol stand here and nowhere else:
 *
 * - ticks at or before the newest row are dropped; a tick whose `prev` is newer than what
 *   is here is drawn, and the missing stretch is asked for;
 * - a tick of an unknown `v` waits for its layout;
 * - series are matched by wish and name across layouts, so that the drawn past survives;
 * - after a change of epoch there is a gap, then it goes on;
 * - history replaces what it covers and keeps what is older.
 *
 * Before the series' columns the ring has one of presence: 1 where the sample has any number,
 * NaN where the host gave none. Gaps of the charts are gaps of samples, told by it.
 */

import { Ring } from "./ring.js";
import { Rows } from "./rows.js";
import { canonicalWish } from "./wish.js";

const ROWS = 720;
const MOST_ROWS = 3700;
const WAITING = 30;

/** @typedef {import("./types.js").Layout} Layout */
/** @typedef {import("./types.js").LaidWidget} LaidWidget */

class Feed {
  channel = "";
  interval = 1;
  /** @type {Layout|null} */
  layout = null;
  ring = new Ring(1, ROWS);
  /** Ticks and history rows taken, for tests. */
  seen = 0;
  #last = 0;
  /** @type {Set<string>|null} */
  #taken = null;
  /** @type {import("./types.js").Tick[]} */
  #waiting = [];
  /** @type {Map<string, {widget: LaidWidget, at: number}>} */
  #places = new Map();
  /** Rows of live tables, by the server's wish. @type {Map<string, Rows>} */
  #tables = new Map();
  /** The page's wishes by the one that was sent for them, and the other way round. @type {Map<string, string[]>} */
  #pages = new Map();
  /** @type {Map<string, string>} */
  #sent = new Map();

  /** @param {string} host */
  constructor(host) {
    this.host = host;
  }

  /** Newest second taken; ticks up to it are known. */
  get last() {
    return this.#last;
  }

  /**
   * The channel that the server made of our wish. Points at another interval are no longer drawn.
   * @param {string} channel
   * @param {number} interval
   * @param {string[]} wishes those that the server took
   */
  expect(channel, interval, wishes) {
    this.#taken = new Set(wishes.map((wish) => canonicalWish(wish) ?? wish));
    if (interval !== this.interval) {
      this.ring = new Ring(this.ring.width, this.ring.limit);
      this.#last = 0;
    }
    if (channel !== this.channel) this.#waiting = [];
    this.channel = channel;
    this.interval = interval;
  }

  /**
   * What is sent for each wish of the page: others where the dashboard is narrowed. What is drawn
   * stays until the layout of the other comes.
   * @param {[page: string, sent: string][]} pairs
   */
  send_for(pairs) {
    this.#sent = new Map(pairs);
    for (const [, sent] of pairs) this.#pages.delete(sent);
    for (const [page, sent] of pairs) this.#pages.set(sent, [...(this.#pages.get(sent) ?? []), page]);
  }

  /** The page's wishes that a widget of a layout is for. @param {LaidWidget|string} widget */
  #pagesOf(widget) {
    const wish = typeof widget === "string" ? widget : key(widget);
    return this.#pages.get(wish) ?? [wish];
  }

  /** Makes room for so many seconds. @param {number} seconds */
  reserve(seconds) {
    const rows = Math.min(MOST_ROWS, Math.max(ROWS, Math.ceil(seconds / this.interval) + 60));
    if (rows === this.ring.limit) return;
    this.ring = this.ring.remap(Array.from({ length: this.ring.width }, (_, n) => n), rows);
  }

  /**
   * Whether one more row would push out one of a stretch that is held still. Ticks are left
   * then: once it goes on, their `prev` makes the page ask for them.
   * @param {import("./types.js").Span} held
   */
  full(held) {
    return this.ring.length >= this.ring.limit && this.ring.first < held.to;
  }

  /** Whether the server left a wish out of the channel. @param {string} wish */
  refused(wish) {
    return this.#taken !== null && !this.#taken.has(this.#sent.get(wish) ?? wish);
  }

  /** The widget of a wish and the index of its first column, or null. @param {string} wish */
  place(wish) {
    return this.#places.get(wish) ?? null;
  }

  /** @param {Layout} layout */
  take_layout(layout) {
    if (layout.v === this.layout?.v) return;
    const before = columnKeys(this.layout);
    const known = new Map(before.map((key, i) => [key, i + 1]));
    const after = columnKeys(layout);
    const crossed = this.layout !== null && layout.epoch !== this.layout.epoch;
    this.ring = this.ring.remap([0, ...after.map((key) => known.get(key) ?? -1)]);
    if (crossed && this.ring.length) {
      // Numbers of two lives of the sampler are never joined by a line.
      this.ring.append(this.ring.last + this.interval / 2, []);
    }
    this.#last = 0;
    this.layout = layout;
    this.#places = placesOf(layout, (widget) => this.#pagesOf(widget));
    this.#tables = tablesOf(layout, this.#tables);
  }

  /** The rows of a live table; null where the wish is none. @param {string} wish */
  table(wish) {
    const place = this.#places.get(wish);
    return (place && this.#tables.get(key(place.widget))) ?? null;
  }

  /**
   * Rows of another layout are not taken: all of them follow each layout.
   * @param {import("./types.js").RowsMessage} message
   * @returns {string[]} the page's wishes that they are for
   */
  take_rows(message) {
    const wish = canonicalWish(message.key) ?? message.key;
    const table = message.v === this.layout?.v ? this.#tables.get(wish) : undefined;
    table?.take(message);
    return table ? this.#pagesOf(wish) : [];
  }

  /** @param {import("./types.js").History} history */
  take_history(history) {
    if (!this.layout || history.v !== this.layout.v) return;
    const presence = history.t.map((_, row) => (history.columns.some((column) => typeof column[row] === "number") ? 1 : null));
    const [first] = history.t;
    if (history.t.length) this.ring.splice(first, Math.max(history.upto, first), history.t, [presence, ...history.columns]);
    this.#last = Math.max(this.#last, history.upto);
    this.seen += history.t.length;
    const waiting = this.#waiting.filter((tick) => tick.v === history.v);
    this.#waiting = [];
    for (const tick of waiting) this.take_tick(tick);
  }

  /**
   * @param {import("./types.js").Tick} tick
   * @returns {{taken: boolean, ask: import("./types.js").Span|null}} `ask`: the stretch to be asked for
   */
  take_tick(tick) {
    if (tick.v !== this.layout?.v) {
      if (this.#waiting.length < WAITING) this.#waiting.push(tick);
      return { taken: false, ask: null };
    }
    if (tick.seq <= this.#last) return { taken: false, ask: null };
    const ask = this.#last && tick.prev > this.#last ? { from: this.#last, to: tick.prev } : null;
    const present = tick.n.some((value) => typeof value === "number") ? 1 : null;
    this.ring.append(tick.seq, [present, ...tick.n]);
    this.#last = tick.seq;
    this.seen += 1;
    return { taken: true, ask };
  }

  /**
   * What a card draws: the columns of one widget between two times; null before its layout.
   * @param {string} wish
   * @param {number} from
   * @param {number} to
   * @returns {import("./types.js").View|null}
   */
  view(wish, from, to) {
    const place = this.#places.get(wish);
    if (!place) return null;
    const rows = this.ring.rows(from, to);
    const { series, unit } = place.widget;
    const columns = series.map((_, i) => this.ring.column(place.at + i, rows));
    const presence = this.ring.column(0, rows);
    const since = this.ring.first;
    const { revision } = this.ring;
    return { times: rows.times, presence, columns, series, unit, interval: this.interval, from, to, since, revision };
  }
}

/** The wish in our spelling, which cards look for. @param {LaidWidget} widget */
function key(widget) {
  return canonicalWish(widget.wish) ?? widget.wish;
}

/** @param {Layout|null} layout */
function columnKeys(layout) {
  return (layout?.widgets ?? []).flatMap((widget) =>
    widget.series.map((series) => `${key(widget)}\n${series.name}`),
  );
}

/** Tables go on where their columns are the same. @param {Layout} layout @param {Map<string, Rows>} before */
function tablesOf(layout, before) {
  const tables = new Map();
  for (const widget of layout.widgets) {
    if (!widget.columns?.length || widget.reason) continue;
    const known = before.get(key(widget));
    const same = known && JSON.stringify(known.columns) === JSON.stringify(widget.columns);
    tables.set(key(widget), same ? known : new Rows(widget.columns));
  }
  return tables;
}

/** @param {Layout} layout @param {(widget: LaidWidget) => string[]} pages */
function placesOf(layout, pages) {
  const places = new Map();
  let at = 1;
  for (const widget of layout.widgets) {
    for (const wish of pages(widget)) places.set(wish, { widget, at });
    at += widget.series.length;
  }
  return places;
}

export { Feed };
