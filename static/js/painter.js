/**
 * When cards draw: at most some milliseconds and some cards per frame, visible cards only, and
 * nothing while the page is hidden. Each draw shows the newest points, so a late card skips states.
 */

const BUDGET = 8;
/** A few cards are one frame; of more, so many at a time: what a frame costs after us grows with them. */
const FEW = 12;
const SHARE = 6;
const AHEAD = "150px";

/** @typedef {{node: HTMLElement, edge: number, paint: () => void}} Paintable `edge`: right end of what it drew last */

class Painter {
  /** @type {Map<Element, Paintable>} */
  #cards = new Map();
  /** @type {Set<Paintable>} */
  #dirty = new Set();
  /** @type {Set<Paintable>} */
  #visible = new Set();
  #frame = 0;
  #observer;
  drawn = 0;

  constructor() {
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: AHEAD });
    document.addEventListener("visibilitychange", () => this.#schedule());
  }

  /** Takes a card in; returns the undo. @param {Paintable} card */
  add(card) {
    this.#cards.set(card.node, card);
    this.#observer.observe(card.node);
    this.mark(card);
    return () => {
      this.#observer.unobserve(card.node);
      this.#cards.delete(card.node);
      this.#dirty.delete(card);
      this.#visible.delete(card);
    };
  }

  /** @param {Paintable} card */
  mark(card) {
    this.#dirty.add(card);
    this.#schedule();
  }

  mark_all() {
    for (const card of this.#cards.values()) this.#dirty.add(card);
    this.#schedule();
  }

  /** Marks the cards that drew an older second. @param {number} edge */
  mark_stale(edge) {
    for (const card of this.#visible) if (card.edge < edge) this.#dirty.add(card);
    this.#schedule();
  }

  /** @param {(card: Paintable) => void} fn */
  each_visible(fn) {
    this.#visible.forEach(fn);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const entry of entries) {
      const card = this.#cards.get(entry.target);
      if (!card) continue;
      if (entry.isIntersecting) this.#visible.add(card);
      else this.#visible.delete(card);
    }
    this.#schedule();
  }

  #schedule() {
    if (this.#frame || document.hidden) return;
    if (![...this.#dirty].some((card) => this.#visible.has(card))) return;
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#frame = 0;
    const until = performance.now() + BUDGET;
    const due = [...this.#dirty].filter((card) => this.#visible.has(card));
    for (const card of due.length > FEW ? due.slice(0, SHARE) : due) {
      this.#dirty.delete(card);
      try {
        card.paint();
      } catch (error) {
        // One widget's failure must not stop the others.
        console.error(error);
      }
      this.drawn += 1;
      if (performance.now() >= until) break;
    }
    this.#schedule();
  }
}

export { Painter };
