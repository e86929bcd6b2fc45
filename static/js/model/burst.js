/**
 * One burst as this page has it: its state, its points, and what is said of it. Pure.
 *
 * Points may come twice, or before their layout (the server says which is which by `v`); they
 * are told apart by their time. Times are seconds here, with tenths; the wire has milliseconds.
 */

import { Feed } from "./feed.js";
import { clockText } from "./ticks.js";

const WAITING = 40;

/**
 * @typedef {{host: string, burst: string, state: "starting"|"running"|"ended"|"refused", from: number, until: number,
 *   held: number, period: number, seconds: number, metrics: number, samples: number, reason: string, hint: string,
 *   wishes: string[], left: {wish: string, reason: string}[], needs: Need[], most: number}} Told
 * @typedef {{wish: string, metrics: string[]}} Need
 * @typedef {{burst: string, v: number, whole: boolean, t: number[], columns: (number|null)[][]}} Points
 * @typedef {{burst: string, v: number, period: number, widgets: import("./types.js").LaidWidget[]}} BurstLayout
 */

class BurstFeed {
  #feed;
  /** @type {Points[]} */
  #waiting = [];

  /** @param {Told} told */
  constructor(told) {
    this.#feed = new Feed(told.host);
    this.tell(told);
  }

  /** @param {Told} told */
  tell(told) {
    // Where it was slowed down, neighbours stand farther apart.
    this.#feed.interval = told.period;
    this.#feed.reserve(told.seconds);
  }

  /** Time of the newest point; 0 where there is none. */
  get last() {
    return this.#feed.ring.last;
  }

  /** @param {BurstLayout} layout */
  take_layout({ v, widgets }) {
    this.#feed.take_layout({ channel: "", v, epoch: "", widgets });
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const points of waiting) this.take_points(points);
  }

  /** @param {Points} points */
  take_points(points) {
    const { v, t, columns } = points;
    if (v !== this.#feed.layout?.v) {
      if (this.#waiting.length < WAITING) this.#waiting.push(points);
      return;
    }
    if (!t.length) return;
    const times = t.map((ms) => ms / 1000);
    this.#feed.take_history({ channel: "", v, epoch: "", upto: times[times.length - 1], t: times, columns });
  }

  /** @param {string} wish */
  place(wish) {
    return this.#feed.place(wish);
  }

  /** No widget of a burst is a table, and none was refused: it has others. */
  table() {
    return null;
  }

  refused() {
    return false;
  }

  /** See Feed.view; what is still to come is no gap. @param {string} wish @param {number} from @param {number} to */
  view(wish, from, to) {
    const view = this.#feed.view(wish, from, to);
    return view && { ...view, until: Math.min(to, this.last) };
  }
}

/** The whole of a burst, in seconds. @param {Told} told @param {number} now server's time @returns {import("./types.js").Span} */
function wholeOf({ state, from, until, seconds }, now) {
  if (!from) return { from: now, to: now + seconds };
  // A burst that was ended early is shown as long as it was.
  return { from: from / 1000, to: Math.max(from / 1000 + 1, (state === "running" ? from + seconds * 1000 : until) / 1000) };
}

/** Seconds left of it. @param {Told} told @param {number} now server's time */
function secondsLeft({ state, until, seconds }, now) {
  if (state === "starting") return seconds;
  return state === "running" ? Math.max(0, Math.ceil(until / 1000 - now)) : 0;
}

/** "10 a second", or what it was slowed down to. @param {number} period */
function rateText(period) {
  return `${Math.round(1 / period)} a second`;
}

/** One line about it. @param {Told} told @param {number} now @param {boolean} utc */
function burstText(told, now, utc) {
  if (told.state === "starting") return "Trying how long a sample takes.";
  if (told.state === "running") return `${rateText(told.period)}, ${secondsLeft(told, now)} s left`;
  const at = (/** @type {number} */ ms) => clockText(ms / 1000, true, utc);
  const lost = told.held ? `; kept until ${clockText(told.held / 1000, false, utc)}` : "";
  return `${at(told.from)} to ${at(told.until)}, ${told.samples} samples${lost}`;
}

/** Whether its points can still be had. @param {Told} told @param {number} now server's time */
function alive({ state, held, until }, now) {
  // An end that was never told: the server went away.
  if (state === "running") return now < until / 1000 + 15;
  return state === "starting" || (state === "ended" && held / 1000 > now);
}

/** Metrics that wishes need together. @param {Need[]} needs @param {Set<string>} chosen */
function countOf(needs, chosen) {
  return new Set(needs.filter(({ wish }) => chosen.has(wish)).flatMap(({ metrics }) => metrics)).size;
}

export { BurstFeed, alive, burstText, countOf, rateText, secondsLeft, wholeOf };
