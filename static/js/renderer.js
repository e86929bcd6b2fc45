/**
 * Who draws a chart, which nobody else needs to know: while it is live, lines and areas are ink
 * on a canvas in a frame that Plotly draws (axes, grid, labels of values) when that changes;
 * held still, and of any other kind, all of it is Plotly's.
 */

import { Canvas } from "./canvas.js";
import { Chart } from "./chart.js";
import { el } from "./dom.js";
import { frameOf } from "./model/picture.js";
import { Overlay } from "./overlay.js";

/** @typedef {import("./model/picture.js").Picture} Picture */

class Renderer {
  node = el("div", { class: "plot-inner" });
  #ground = el("div", {});
  #chart = new Chart(this.#ground);
  #overlay = new Overlay();
  #canvas;
  /** @type {Picture|null} */
  #picture = null;
  /** The frame that Plotly drew last; empty where it drew a whole figure. */
  #frame = "";

  /** @param {() => void} resized called when it must be drawn anew */
  constructor(resized) {
    this.#canvas = new Canvas(resized);
    this.node.append(this.#ground, this.#canvas.node, this.#overlay.node);
  }

  /** @param {Picture} picture @param {boolean} live */
  draw(picture, live) {
    this.#picture = picture;
    if (!(live && picture.ink) && this.#chart.draw(picture.figure())) {
      this.#frame = "";
      this.#canvas.hide();
      this.#overlay.hide();
    } else if (picture.ink) this.#live(picture, picture.ink);
  }

  /** What is drawn, as a whole figure; null where nothing is. */
  get figure() {
    return this.#picture?.figure() ?? null;
  }

  /** How often the ink was drawn, for tests. */
  get drawn() {
    return this.#canvas.drawn;
  }

  destroy() {
    this.#canvas.destroy();
    this.#chart.destroy();
  }

  /** @param {Picture} picture @param {import("./model/picture.js").Ink} ink */
  #live(picture, ink) {
    const frame = frameOf(picture);
    if (frame.key !== this.#frame && this.#chart.draw(frame)) this.#frame = frame.key;
    this.#canvas.draw(picture, ink);
    this.#overlay.draw(picture);
  }
}

export { Renderer };
