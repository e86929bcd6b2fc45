/**
 * What stands over the ink of a live chart: bands over gaps, marks, limits and their words, as SVG
 * that looks like Plotly's own. Most charts have none of it, and a quiet second changes nothing:
 * not even a transform, since one that changes makes Chromium sort all layers of the page anew.
 */

import { MARGIN, innerOf } from "./model/figure.js";
import { fixedParts, slidingParts } from "./model/overlay.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {import("./model/overlay.js").Part} Part */

class Overlay {
  node = svg("svg", { class: "over", "aria-hidden": "true" });
  #box = svg("svg", { x: MARGIN.l, y: MARGIN.t });
  #shapes = new Group();
  #limits = new Group();
  #words = new Group();
  #size = "";

  constructor() {
    this.#box.append(this.#shapes.node, this.#limits.node);
    this.node.append(this.#box, this.#words.node);
    this.hide();
  }

  /** @param {import("./model/picture.js").Picture} picture */
  draw({ layout, paper }) {
    const size = `${paper.width} ${paper.height}`;
    if (this.#size !== size) {
      this.#size = size;
      put(this.node, { width: paper.width, height: paper.height });
      const { width, height } = innerOf(paper);
      put(this.#box, { width, height });
    }
    const { limits, words } = fixedParts(layout, paper);
    this.#shapes.draw(slidingParts(layout, paper));
    this.#limits.draw(limits);
    this.#words.draw(words);
    this.node.style.display = layout.shapes.length || words.length ? "" : "none";
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

  /** @param {Part[]} parts */
  draw(parts) {
    for (const extra of this.#nodes.splice(parts.length)) extra.node.remove();
    parts.forEach((part, n) => this.#part(part, n));
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

export { Overlay };
