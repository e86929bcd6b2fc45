/**
 * The feeds of all hosts as one feed, for cards that show all of them: what a card asks of one
 * host's feed, this answers for the hosts together. Points stay with each host's own feed.
 */

import { chosen, measuresOf } from "./model/compare.js";
import { stateName } from "./model/hosts.js";
import { joinedView, joinedWidget } from "./model/joined.js";
import { EVERY, hiddenHosts, hostNames } from "./model/together.js";

/** States of a host that gives nothing: told in its legend instead of a number. */
const LOST = ["down", "refused", "refused-by-policy", "not-pcp", "overloaded", "stale"];

/**
 * @typedef {import("./model/types.js").View} View
 * @typedef {import("./model/types.js").LaidWidget} LaidWidget
 * @typedef {{last: number, place: (wish: string) => {widget: LaidWidget}|null,
 *   view: (wish: string, from: number, to: number) => View|null,
 *   table: (wish: string) => import("./model/rows.js").Rows|null, refused: (wish: string) => boolean}} AnyFeed
 * @typedef {{clock: import("./model/clock.js").Clock, now: () => number, span: () => import("./model/types.js").Span,
 *   before: () => import("./model/types.js").Span|null, sway: import("./model/types.js").Span|null,
 *   get: (host: string) => AnyFeed|null}} AnyFeeds
 */

/** @implements {AnyFeed} */
class Joined {
  #feeds;
  #store;

  /** @param {AnyFeeds} feeds @param {import("./feeds.js").PageStore} store */
  constructor(feeds, store) {
    this.#feeds = feeds;
    this.#store = store;
  }

  /** Newest second that any host has. */
  get last() {
    return Math.max(0, ...this.#all().map((feed) => feed?.last ?? 0));
  }

  /** @param {string} wish */
  place(wish) {
    const widget = joinedWidget(this.#members(wish, null), this.#store.state.dashboard.compared[wish]);
    return widget && { widget };
  }

  /** @param {string} wish @param {number} from @param {number} to */
  view(wish, from, to) {
    const { dashboard } = this.#store.state;
    const compared = dashboard.compared[wish];
    return joinedView(this.#members(wish, { from, to }), { compared, hidden: hiddenHosts(dashboard), from, to, interval: dashboard.interval });
  }

  /** Live tables stand once per host. */
  table() {
    return null;
  }

  /** @param {string} wish */
  refused(wish) {
    const feeds = this.#all();
    return feeds.length > 0 && feeds.every((feed) => feed?.refused(wish));
  }

  /** What may be compared of a widget, and what is. @param {string} wish */
  measures(wish) {
    const list = measuresOf(this.#all().flatMap((feed) => feed?.place(wish)?.widget ?? []));
    return { list, now: chosen(list, this.#store.state.dashboard.compared[wish]) };
  }

  #all() {
    return this.#store.state.dashboard.hosts.map((host) => this.#feeds.get(host));
  }

  /** @param {string} wish @param {import("./model/types.js").Span|null} span without one, no points @returns {import("./model/joined.js").Member[]} */
  #members(wish, span) {
    const { dashboard, hosts: said } = this.#store.state;
    const names = hostNames(dashboard, said);
    return dashboard.hosts.map((host) => {
      const feed = this.#feeds.get(host);
      const state = said[host]?.state ?? "";
      const note = LOST.includes(state) ? stateName(state) : "";
      const widget = feed?.place(wish)?.widget ?? null;
      return { host, name: names.get(host) ?? host, note, widget, view: span && feed ? feed.view(wish, span.from, span.to) : null };
    });
  }
}

/** As the page's feeds, with one more: that of all hosts. @implements {AnyFeeds} */
class JoinedFeeds {
  all;
  #feeds;

  /** @param {AnyFeeds} feeds @param {import("./feeds.js").PageStore} store */
  constructor(feeds, store) {
    this.#feeds = feeds;
    this.all = new Joined(feeds, store);
  }

  get clock() {
    return this.#feeds.clock;
  }

  get sway() {
    return this.#feeds.sway;
  }

  now() {
    return this.#feeds.now();
  }

  before() {
    return this.#feeds.before();
  }

  span() {
    return this.#feeds.span();
  }

  /** @param {string} host */
  get(host) {
    return host === EVERY ? this.all : this.#feeds.get(host);
  }
}

export { JoinedFeeds };
