/**
 * Moving through time on all cards in step: earlier, later, wider, narrower. While it moves, only
 * the charts know; where it comes to rest, it is the dashboard's, and the URL's.
 */

import { view_frozen } from "./actions.js";
import { panned, rounded, zoomed } from "./model/span.js";

/** It rests after so long without another move. */
const REST = 250;
/** Going from live into the past takes some intent: so much of the width. */
const INTENT = 0.02;

class Explorer {
  #store;
  #feeds;
  #painter;
  #timer = 0;
  #intent = 0;

  /** @param {import("./feeds.js").PageStore} store @param {import("./feeds.js").Feeds} feeds @param {import("./painter.js").Painter} painter */
  constructor(store, feeds, painter) {
    this.#store = store;
    this.#feeds = feeds;
    this.#painter = painter;
    // Whatever else chose a stretch meanwhile wins.
    store.subscribe((state) => state.dashboard.frozen, () => this.#drop());
  }

  /** By a share of what is shown; above zero is later. @param {number} share */
  pan(share) {
    const span = this.#feeds.span();
    if (!this.#moving && !this.#store.state.dashboard.frozen) {
      this.#intent = Math.min(0, this.#intent + share);
      this.#rest();
      if (this.#intent > -INTENT) return;
    }
    this.#go(panned(span, share * (span.to - span.from), this.#feeds.bounds()));
  }

  /** @param {number} factor below one is narrower @param {number|null} [at] the second that stays; the middle, where none is meant */
  zoom(factor, at = null) {
    const span = this.#feeds.span();
    this.#go(zoomed(span, factor, at ?? (span.from + span.to) / 2, this.#feeds.bounds()));
  }

  /** It came to rest. */
  rest() {
    clearTimeout(this.#timer);
    this.#intent = 0;
    const { sway } = this.#feeds;
    if (sway) this.#store.do(view_frozen, rounded(sway, this.#store.state.dashboard.interval));
    this.#drop();
  }

  get #moving() {
    return this.#feeds.sway !== null;
  }

  /** @param {import("./model/types.js").Span} span */
  #go(span) {
    this.#feeds.swayed(span);
    this.#painter.mark_all();
    this.#rest();
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.rest(), REST);
  }

  #drop() {
    if (!this.#moving) return;
    this.#feeds.swayed(null);
    this.#painter.mark_all();
  }
}

export { Explorer };
