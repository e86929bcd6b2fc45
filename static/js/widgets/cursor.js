/**
 * The crosshair shared by all cards: one place in time, kept as the pointer's share of the
 * plot's width, so that it stays under the pointer while the charts slide.
 */

/** @typedef {{node: HTMLElement, show_cursor: (share: number|null, own: boolean) => void}} Crossed */

class Cursor {
  /** @type {number|null} */
  share = null;
  /** @type {Crossed|null} */
  owner = null;
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
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#each((card) => card.show_cursor?.(this.share, card === this.owner));
    });
  }
}

export { Cursor };
