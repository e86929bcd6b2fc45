/**
 * What stands over the ink of a live chart: labels of time, bands over gaps, marks, limits and
 * their words, as SVG that looks like Plotly's own. What slides with time stands in groups that
 * are moved as a whole, so that a quiet second changes one attribute.
 */

import { MARGIN } from "./model/figure.js";
import { fixedParts, slidingParts } from "./model/overlay.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {import("./model/overlay.js").Part} Part */

class Overlay {
  node = svg("svg", { class: "over", "aria-hidden": "true" });
  #box = svg("svg", { x: MARGIN.l, y: MARGIN.t });
  #shapes = new Group();
  #limits = new Group();
  #ticks = new Group();
  #words = new Group();
  /** @type {{key: string, origin: number}|null} */
  #place = null;

  constructor() {
    this.#box.append(this.#shapes.node, this.#limits.node);
    this.node.append(this.#box, this.#ticks.node, this.#words.node);
    this.hide();
  }

  /** @param {import("./model/picture.js").Picture} picture */
  draw({ layout, paper }) {
    const [from, to] = layout.xaxis.range;
    const width = paper.width - MARGIN.l - MARGIN.r;
    const key = `${paper.width} ${paper.height} ${to - from}`;
    if (this.#place?.key !== key) {
      this.#place = { key, origin: from };
      put(this.node, { width: paper.width, height: paper.height });
      put(this.#box, { width, height: paper.height - MARGIN.t - MARGIN.b });
    }
    const { origin } = this.#place;
    const perSecond = width / (to - from);
    const sliding = slidingParts(layout, paper, origin, perSecond);
    const fixed = fixedParts(layout, paper);
    const moved = `translate(${round((origin - from) * perSecond)},0)`;
    this.#shapes.draw(sliding.shapes, moved);
    this.#ticks.draw(sliding.ticks, moved);
    this.#limits.draw(fixed.limits, "");
    this.#words.draw(fixed.words, "");
    this.node.style.display = "";
  }

  hide() {
    this.node.style.display = "none";
  }
}

/** Nodes kept from second to second: only attributes that differ are written. */
class Group {
  node = svg("g", {});
  /** @type {{tag: string, node: SVGElement, written: Record<string, string>}[]} */
  #nodes = [];
  #moved = "";

  /** @param {Part[]} parts @param {string} moved */
  draw(parts, moved) {
    for (const extra of this.#nodes.splice(parts.length)) extra.node.remove();
    parts.forEach((part, n) => this.#part(part, n));
    if (parts.length && moved !== this.#moved) {
      this.#moved = moved;
      put(this.node, { transform: moved });
    }
  }

  /** @param {Part} part @param {number} n */
  #part({ tag, text, ...attributes }, n) {
    let known = this.#nodes[n];
    if (known?.tag !== tag) {
      known?.node.remove();
      known = { tag, node: svg(tag, {}), written: {} };
      this.node.insertBefore(known.node, this.#nodes[n + 1]?.node ?? null);
      this.#nodes[n] = known;
    }
    const changed = Object.entries(attributes).filter(([name, value]) => known.written[name] !== String(value));
    for (const [name, value] of changed) known.node.setAttribute(name, (known.written[name] = String(value)));
    if (text !== undefined && known.written.text !== text) known.node.textContent = known.written.text = text;
  }
}

/** @param {string} tag @param {Record<string, string|number>} attributes */
function svg(tag, attributes) {
  return put(/** @type {SVGElement} */ (document.createElementNS(SVG, tag)), attributes);
}

/** @param {SVGElement} node @param {Record<string, string|number>} attributes */
function put(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}

export { Overlay };
