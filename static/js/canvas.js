/**
 * The lines and areas of one live chart, on a canvas over Plotly's plot box. Each second the
 * picture moves to the left by whole pixels and only the newest strip is drawn; all is drawn
 * where anything else changed. What is where is told by model/slide.js and model/path.js.
 */

import { el } from "./dom.js";
import { MARGIN } from "./model/figure.js";
import { dashes, follow } from "./model/path.js";
import { scaleOf, slide } from "./model/slide.js";

/** As Plotly draws corners. */
const MITRE = 2;

/** @typedef {import("./model/picture.js").Ink} Ink */

class Canvas {
  node = el("canvas", { class: "ink", "aria-hidden": "true", hidden: true });
  #pen = /** @type {CanvasRenderingContext2D} */ (this.node.getContext("2d"));
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

  /** @param {Ink} ink @param {{width: number, height: number}} paper */
  draw(ink, paper) {
    this.node.hidden = false;
    const { width, height, ratio } = this.#fit(paper);
    const before = ink.steady ? this.#place : null;
    const step = slide(before, ink.stretch, width, ratio);
    this.#place = step.place;
    if (step.clip >= width) return;
    const pen = this.#pen;
    pen.save();
    if (step.by) this.#move(step.by, width, height);
    pen.clearRect(step.clip, 0, width - step.clip, height);
    if (step.clip) {
      pen.beginPath();
      pen.rect(step.clip, 0, width - step.clip, height);
      pen.clip();
    }
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

  /** @param {{width: number, height: number}} paper */
  #fit(paper) {
    const box = { width: paper.width - MARGIN.l - MARGIN.r, height: paper.height - MARGIN.t - MARGIN.b };
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
    return { width, height, ratio };
  }

  /** @param {number} by @param {number} width @param {number} height */
  #move(by, width, height) {
    this.#pen.globalCompositeOperation = "copy";
    this.#pen.drawImage(this.node, by, 0, width - by, height, 0, 0, width - by, height);
    this.#pen.globalCompositeOperation = "source-over";
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
