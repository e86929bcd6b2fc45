/**
 * The plot of a card: chart, crosshair, and what a pointer or the arrow keys do on it.
 * Dragging chooses a stretch of time, double click goes back to live.
 */

import { el } from "../dom.js";
import { MARGIN } from "../model/figure.js";
import { Renderer } from "../renderer.js";

const DRAG = 8;

/**
 * @typedef {{hover: (share: number|null) => void, choose: (from: number, to: number) => void, live: () => void}} Hands
 *   shares of the plot's width, 0 to 1
 */

class Plot {
  node = el("div", { class: "plot" });
  /** Pointer's height in the plot, 0 at the top, for heatmaps. */
  level = 0.5;
  #cross = el("i", { class: "cross", hidden: true });
  #choice = el("i", { class: "choice", hidden: true });
  #renderer;
  #hands;
  #stop = new AbortController();
  #size = { width: 0, height: 0 };
  #resize;
  /** @type {number|null} */
  #pressed = null;

  /** @param {Hands} hands @param {() => void} resized */
  constructor(hands, resized) {
    this.#hands = hands;
    this.#renderer = new Renderer(resized);
    this.node.append(this.#renderer.node, this.#cross, this.#choice);
    this.#listen();
    this.#resize = new ResizeObserver(() => {
      if (this.#measure()) resized();
    });
    this.#resize.observe(this.node);
  }

  get size() {
    if (!this.#size.width) this.#measure();
    return this.#size;
  }

  /** @param {import("../model/picture.js").Picture} picture @param {boolean} live */
  draw(picture, live) {
    this.#renderer.draw(picture, live);
  }

  /** What is drawn, as a figure. */
  get figure() {
    return this.#renderer.figure;
  }

  /** @param {number|null} share */
  cross(share) {
    this.#cross.hidden = share === null;
    if (share !== null) this.#cross.style.transform = `translateX(${Math.round(this.#x(share))}px)`;
  }

  destroy() {
    this.#stop.abort();
    this.#resize.disconnect();
    this.#renderer.destroy();
  }

  #measure() {
    const { clientWidth: width, clientHeight: height } = this.node;
    const changed = width !== this.#size.width || height !== this.#size.height;
    this.#size = { width, height };
    if (changed) this.#align();
    return changed && width > 0;
  }

  /** A column's edge may stand between two pixels of the screen; lines and letters would blur there. */
  #align() {
    const ratio = window.devicePixelRatio || 1;
    const { left } = this.node.getBoundingClientRect();
    this.#renderer.node.style.left = `${Math.ceil(left * ratio) / ratio - left}px`;
  }

  /** @param {number} share */
  #x(share) {
    return MARGIN.l + share * (this.#size.width - MARGIN.l - MARGIN.r);
  }

  /** @param {PointerEvent} event */
  #share(event) {
    const box = this.node.getBoundingClientRect();
    const inner = this.#size.height - MARGIN.t - MARGIN.b;
    this.level = Math.max(0, Math.min(0.9999, (event.clientY - box.top - MARGIN.t) / inner));
    const share = (event.clientX - box.left - MARGIN.l) / (this.#size.width - MARGIN.l - MARGIN.r);
    return Math.max(0, Math.min(1, share));
  }

  #listen() {
    const { signal } = this.#stop;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ fn) =>
      this.node.addEventListener(type, fn, { signal });
    on("pointermove", (event) => {
      const share = this.#share(event);
      this.#hands.hover(share);
      if (this.#pressed !== null) this.#mark(this.#pressed, share);
    });
    on("pointerleave", () => {
      if (this.#pressed === null) this.#hands.hover(null);
    });
    on("pointerdown", (event) => {
      if (event.pointerType === "touch" || event.button !== 0) return;
      this.#pressed = this.#share(event);
      this.node.setPointerCapture(event.pointerId);
    });
    on("pointerup", (event) => this.#released(this.#share(event)));
    on("pointercancel", () => this.#released(null));
    on("dblclick", () => this.#hands.live());
  }

  /** @param {number} a @param {number} b */
  #mark(a, b) {
    const left = this.#x(Math.min(a, b));
    const width = this.#x(Math.max(a, b)) - left;
    this.#choice.hidden = width < DRAG;
    this.#choice.style.left = `${left}px`;
    this.#choice.style.width = `${width}px`;
  }

  /** @param {number|null} share */
  #released(share) {
    const from = this.#pressed;
    this.#pressed = null;
    this.#choice.hidden = true;
    if (from === null || share === null) return;
    if (Math.abs(this.#x(share) - this.#x(from)) >= DRAG) {
      this.#hands.choose(Math.min(from, share), Math.max(from, share));
    }
  }
}

export { Plot };
