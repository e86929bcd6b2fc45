/**
 * The lines and areas of one live chart and its labels of time, on a canvas over Plotly's plot box
 * and the margin below. Each second the
 * picture moves to the left by whole pixels and only the newest strip is drawn; all is drawn
 * where anything else changed. What is where is told by model/slide.js and model/path.js.
 */

import { el } from "./dom.js";
import { MARGIN, innerOf } from "./model/figure.js";
import { timeLabels } from "./model/overlay.js";
import { dashes, follow } from "./model/path.js";
import { scaleOf, slide } from "./model/slide.js";

/** As Plotly draws corners. */
const MITRE = 2;
const FONT = "Inter, system-ui, sans-serif";
const LETTERS = 11;

/**
 * @typedef {import("./model/picture.js").Ink} Ink
 * @typedef {import("./model/picture.js").Picture} Picture
 * @typedef {{width: number, height: number, below: number, ratio: number}} Box in pixels of the screen
 */

class Canvas {
  node = el("canvas", { class: "ink", "aria-hidden": "true", hidden: true });
  // Not a layer of its own: dozens of those cost Chromium more than the drawing.
  #pen = /** @type {CanvasRenderingContext2D} */ (this.node.getContext("2d", { willReadFrequently: true }));
  /** @type {import("./model/slide.js").Place|null} */
  #place = null;
  /** Pixels of the screen that the box has, where the browser tells them. */
  #exact = { width: 0, height: 0 };
  #resize = new ResizeObserver(([entry]) => this.#measured(entry));
  #resized;
  /** Times that all was drawn, and that a strip was, for tests. */
  drawn = { whole: 0, strip: 0 };

  /** @param {() => void} resized called when pixels of the screen became more or fewer */
  constructor(resized) {
    this.#resized = resized;
    this.node.style.left = `${MARGIN.l}px`;
    this.node.style.top = `${MARGIN.t}px`;
    try {
      this.#resize.observe(this.node, { box: "device-pixel-content-box" });
    } catch {
      this.#resize.observe(this.node);
    }
  }

  /** @param {Picture} picture @param {Ink} ink */
  draw(picture, ink) {
    this.node.hidden = false;
    const box = this.#fit(picture.paper);
    this.#ink(ink, box);
    this.#labels(picture, box);
  }

  /** @param {Ink} ink @param {Box} box */
  #ink(ink, { width, height, ratio }) {
    const before = ink.steady ? this.#place : null;
    const step = slide(before, ink.stretch, width, ratio);
    this.#place = step.place;
    if (step.clip >= width) return;
    const pen = this.#pen;
    pen.save();
    if (step.by) this.#move(step.by, width, height);
    pen.beginPath();
    pen.rect(step.clip, 0, width - step.clip, height);
    pen.clip();
    pen.clearRect(step.clip, 0, width - step.clip, height);
    const scale = scaleOf(step.place, ink.stretch, ink.range, width, height);
    for (const trace of ink.traces(step.since)) this.#trace(trace, scale, ratio);
    pen.restore();
    this.drawn[step.clip ? "strip" : "whole"] += 1;
  }

  hide() {
    this.node.hidden = true;
    this.#place = null;
  }

  destroy() {
    this.#resize.disconnect();
    this.node.remove();
  }

  /** @param {import("./model/figure.js").Paper} paper @returns {Box} */
  #fit(paper) {
    const inner = innerOf(paper);
    const box = { width: inner.width, height: inner.height + MARGIN.b };
    const ratio = window.devicePixelRatio || 1;
    const near = (/** @type {"width"|"height"} */ side) => {
      const about = box[side] * ratio;
      return Math.max(1, Math.abs(this.#exact[side] - about) <= 1 ? this.#exact[side] : Math.round(about));
    };
    const [width, height] = [near("width"), near("height")];
    if (this.node.width !== width || this.node.height !== height) {
      this.node.width = width;
      this.node.height = height;
      this.#place = null;
    }
    this.node.style.width = `${box.width}px`;
    this.node.style.height = `${box.height}px`;
    return { width, height: Math.round(inner.height * ratio), below: height, ratio };
  }

  /** @param {number} by @param {number} width @param {number} height */
  #move(by, width, height) {
    this.#pen.globalCompositeOperation = "copy";
    this.#pen.drawImage(this.node, by, 0, width - by, height, 0, 0, width - by, height);
    this.#pen.globalCompositeOperation = "source-over";
  }

  /** @param {Picture} picture @param {Box} box */
  #labels({ layout, paper }, { width, height, below, ratio }) {
    const pen = this.#pen;
    pen.clearRect(0, height, width, below - height);
    pen.font = `${LETTERS * ratio}px ${FONT}`;
    pen.textAlign = "center";
    pen.fillStyle = paper.palette.muted;
    for (const { x, y, text } of timeLabels(layout, paper)) pen.fillText(text, x * ratio, y * ratio);
  }

  /** @param {import("./model/path.js").Trace} trace @param {import("./model/path.js").Scale} scale @param {number} ratio */
  #trace(trace, scale, ratio) {
    const pen = this.#pen;
    pen.beginPath();
    follow(pen, trace, scale);
    if (trace.fillcolor) {
      pen.fillStyle = trace.fillcolor;
      pen.fill();
    }
    const { color, width, dash } = trace.line;
    if (!width || !color) return;
    pen.strokeStyle = color;
    pen.lineWidth = width * ratio;
    pen.miterLimit = MITRE;
    pen.setLineDash(dashes(dash ?? "solid", width).map((length) => length * ratio));
    pen.stroke();
  }

  /** @param {ResizeObserverEntry} entry */
  #measured(entry) {
    const [size] = entry.devicePixelContentBoxSize ?? [];
    if (!size) return;
    const [width, height] = [size.inlineSize, size.blockSize];
    if (!width || (width === this.node.width && height === this.node.height)) return;
    this.#exact = { width, height };
    this.#resized();
  }
}

export { Canvas };
