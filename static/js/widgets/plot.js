/**
 * The plot of a card: chart, crosshair, and what a pointer does on it. Dragging chooses a stretch
 * of time; with Shift, the middle button or a finger on a chart held still it moves through time, as
 * a wheel does sideways. A click pins the crosshair, a double click goes back to live.
 */

import { el, hide } from "../dom.js";
import { MARGIN } from "../model/figure.js";
import { Renderer } from "../renderer.js";

const DRAG = 8;
/** Pixels of one line of a wheel that counts in lines. */
const WHEEL_LINE = 16;
const REST = 120;

/**
 * @typedef {{hover: (share: number|null) => void, choose: (from: number, to: number) => void, live: () => void,
 *   pin: (share: number) => void, pan: (share: number) => void, rest: () => void, still: () => boolean}} Hands
 *   shares of the plot's width, 0 to 1; pan: above zero is later; rest: no more of it; still: whether the chart is held
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
  #settle = 0;
  /** @type {number|null} */
  #pressed = null;
  /** Where a hand that moves through time was last, in pixels. @type {number|null} */
  #grabbed = null;
  /** Where a pointer came down that may be a click. @type {number|null} */
  #down = null;

  /** @param {Hands} hands @param {() => void} resized @param {string} about id of the words that tell what is drawn */
  constructor(hands, resized, about) {
    this.#hands = hands;
    this.#renderer = new Renderer(resized);
    this.#renderer.node.setAttribute("role", "img");
    this.#renderer.node.setAttribute("aria-labelledby", about);
    this.node.append(this.#renderer.node, this.#cross, this.#choice);
    this.#listen();
    const drawAnew = () => {
      if (this.#measure()) resized();
    };
    this.#resize = new ResizeObserver(() => {
      clearTimeout(this.#settle);
      // While a corner is dragged, the size is another one at each pixel: it is drawn when that rests.
      if (this.node.closest(".grid-stack")) this.#settle = setTimeout(drawAnew, REST);
      else drawAnew();
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

  /** @param {number|null} share @param {boolean} [pinned] */
  cross(share, pinned = false) {
    hide(this.#cross, share === null);
    this.#cross.classList.toggle("pinned", pinned);
    if (share !== null) this.#cross.style.transform = `translateX(${Math.round(this.#x(share))}px)`;
  }

  destroy() {
    this.#stop.abort();
    this.#resize.disconnect();
    clearTimeout(this.#settle);
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

  /** Width of the plot's box. */
  get #inner() {
    return this.#size.width - MARGIN.l - MARGIN.r;
  }

  /** @param {number} share */
  #x(share) {
    return MARGIN.l + share * this.#inner;
  }

  /** @param {PointerEvent} event */
  #share(event) {
    const box = this.node.getBoundingClientRect();
    const inner = this.#size.height - MARGIN.t - MARGIN.b;
    this.level = Math.max(0, Math.min(0.9999, (event.clientY - box.top - MARGIN.t) / inner));
    const share = (event.clientX - box.left - MARGIN.l) / this.#inner;
    return Math.max(0, Math.min(1, share));
  }

  #listen() {
    const { signal } = this.#stop;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ fn) =>
      this.node.addEventListener(type, fn, { signal });
    on("pointermove", (event) => this.#moved(event));
    on("pointerleave", () => {
      if (this.#pressed === null && this.#grabbed === null) this.#hands.hover(null);
    });
    on("pointerdown", (event) => this.#pushed(event));
    on("pointerup", (event) => this.#released(this.#share(event), event.clientX));
    on("pointercancel", () => this.#released(null, NaN));
    on("dblclick", () => this.#hands.live());
    // The middle button would scroll the page by itself.
    on("mousedown", (event) => event.button === 1 && event.preventDefault());
    this.node.addEventListener("wheel", (event) => this.#wheeled(event), { signal, passive: false });
  }

  /** @param {PointerEvent} event */
  #pushed(event) {
    const touch = event.pointerType === "touch";
    const grab = event.button === 1 || (event.button === 0 && (event.shiftKey || (touch && this.#hands.still())));
    if (event.button === 0 && !event.shiftKey) this.#down = event.clientX;
    if (grab) this.#grabbed = event.clientX;
    else if (event.button === 0 && !touch) this.#pressed = this.#share(event);
    else return;
    this.node.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    const share = this.#share(event);
    if (this.#grabbed !== null) {
      if (this.#down !== null && Math.abs(event.clientX - this.#down) < DRAG) return;
      this.#down = null;
      this.node.classList.add("grabbed");
      this.#hands.pan((this.#grabbed - event.clientX) / this.#inner);
      this.#grabbed = event.clientX;
      return;
    }
    this.#hands.hover(share);
    if (this.#pressed !== null) this.#mark(this.#pressed, share);
  }

  /** Sideways it moves through time, else the page scrolls. @param {WheelEvent} event */
  #wheeled(event) {
    const across = event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX;
    if (event.ctrlKey || Math.abs(across) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    this.#hands.pan((across * (event.deltaMode === 1 ? WHEEL_LINE : 1)) / this.#inner);
  }

  /** @param {number} a @param {number} b */
  #mark(a, b) {
    const left = this.#x(Math.min(a, b));
    const width = this.#x(Math.max(a, b)) - left;
    this.#choice.hidden = width < DRAG;
    this.#choice.style.left = `${left}px`;
    this.#choice.style.width = `${width}px`;
  }

  /** @param {number|null} share @param {number} x */
  #released(share, x) {
    const [from, down, grabbed] = [this.#pressed, this.#down, this.#grabbed];
    this.#pressed = this.#down = this.#grabbed = null;
    this.#choice.hidden = true;
    this.node.classList.remove("grabbed");
    if (grabbed !== null && down === null) return this.#hands.rest();
    if (share === null) return;
    if (down !== null && Math.abs(x - down) < DRAG) return this.#hands.pin(share);
    if (from !== null && Math.abs(this.#x(share) - this.#x(from)) >= DRAG) this.#hands.choose(Math.min(from, share), Math.max(from, share));
  }
}

export { Plot };
