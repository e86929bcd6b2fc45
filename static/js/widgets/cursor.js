/**
 * The crosshair shared by all cards: one place in time. Under a pointer it is kept as a share of
 * the plot's width, so that it stays there while the charts slide; pinned, it is a second, and
 * slides with them until it leaves at the left.
 */

import { timeAt } from "../model/rowat.js";

/**
 * @typedef {{node: HTMLElement, show_cursor: () => void}} Crossed
 * @typedef {{t: number, share: number, pinned: boolean}} Place
 */

class Cursor {
  /** @type {number|null} */
  share = null;
  /** @type {Crossed|null} */
  owner = null;
  /** @type {{t: number, owner: Crossed}|null} */
  pinned = null;
  #each;
  #frame = 0;

  /** @param {(fn: (card: any) => void) => void} each calls fn for each visible card */
  constructor(each) {
    this.#each = each;
  }

  /** @param {Crossed} owner @param {number|null} share 0 at the left edge of the plot, 1 at the right */
  move(owner, share) {
    this.share = share;
    this.owner = share === null ? null : owner;
    this.#show();
  }

  /** @param {Crossed} owner @param {number} t */
  pin(owner, t) {
    this.pinned = { t, owner };
    this.#show();
  }

  /** Whether there was a pin to let go. */
  release() {
    if (!this.pinned) return false;
    this.pinned = null;
    this.#show();
    return true;
  }

  /** Where it is in a view; null where it is not. @param {import("../model/types.js").View} view @returns {Place|null} */
  at(view) {
    if (this.pinned) {
      const share = (this.pinned.t - view.from) / (view.to - view.from);
      return share >= 0 && share <= 1 ? { t: this.pinned.t, share, pinned: true } : null;
    }
    return this.share === null ? null : { t: timeAt(view, this.share), share: this.share, pinned: false };
  }

  /** Whether the tooltip stands beside this card. @param {Crossed} card */
  owned(card) {
    return (this.pinned?.owner ?? this.owner) === card;
  }

  /** Time went on: a pin that slid out is let go. @param {number} from the left edge of live charts */
  slid(from) {
    return this.pinned !== null && this.pinned.t < from && this.release();
  }

  #show() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#each((card) => card.show_cursor?.());
    });
  }
}

export { Cursor };
