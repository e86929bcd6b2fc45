/**
 * Building elements. Text is always text: nothing here or elsewhere parses HTML.
 */

/** @typedef {Node|string|null|undefined|false} Child */

/**
 * An element with attributes, listeners (`onclick`) and children.
 * `class`, `data-*`, `aria-*` and the like are attributes; null and false leave one out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...kept(children));
  return node;
}

/** @param {Child[]} children @returns {(Node|string)[]} */
function kept(children) {
  return /** @type {(Node|string)[]} */ (children.filter((one) => one !== null && one !== undefined && one !== false));
}

/** Replaces all children. @param {Element} node @param {...Child} children */
function fill(node, ...children) {
  node.replaceChildren(...kept(children));
}

/** Sets text where it differs, in the text node that is there: a new one costs the browser a box. @param {Node} node @param {string} text */
function say(node, text) {
  const [only] = node.childNodes;
  if (node.childNodes.length === 1 && only.nodeType === Node.TEXT_NODE && text) {
    if (only.nodeValue !== text) only.nodeValue = text;
  } else if (node.textContent !== text) node.textContent = text;
}

/** Hides or shows where that differs; writing the same costs a look at all styles. @param {HTMLElement} node @param {boolean} hidden */
function hide(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

const SVG = "http://www.w3.org/2000/svg";
/** Paths on a ground of 16 by 16. */
const ICONS = /** @type {Record<string, string>} */ ({
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.5l7 4.5-7 4.5z",
  grid: "M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z",
  sun: "M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13 9.5A5.5 5.5 0 016.5 3 5.5 5.5 0 1013 9.5z",
  auto: "M8 2a6 6 0 100 12A6 6 0 008 2zM8 2v12M8 5h5M8 8h6M8 11h5",
  compare: "M2 10.5l3.5-5 3.5 3 5-6M2 13.5h1.6M6.2 13.5h1.6M10.4 13.5h1.6",
  contrast: "M3.5 13L8 3l4.5 10M5.3 9.5h5.4",
  help: "M6 6a2 2 0 113 1.7c-.7.4-1 .8-1 1.8M8 12h.01",
  box: "M8 1.8l5.5 3v6.4L8 14.2l-5.5-3V4.8zM2.5 4.8L8 7.9l5.5-3.1M8 7.9v6.3",
  layout: "M2.5 3h11v4h-11zM2.5 9.5h4.5V13H2.5zM9.5 9.5h4V13h-4z",
  search: "M7 3a4 4 0 100 8 4 4 0 000-8zM10 10l3.5 3.5",
  check: "M3.5 8.5l3 3 6-7",
  note: "M4.5 8h7",
  chevron: "M4 6l4 4 4-4",
  guilty: "M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5zM6 6l4 4M10 6l-4 4",
  watch: "M8 2.2L14.3 13.5H1.7zM8 6.4v3.3M8 11.6h.01",
  burst: "M9.2 1.5L3.5 9H8l-1.2 5.5L12.5 7H8z",
  clock: "M8 2.2a5.8 5.8 0 100 11.6A5.8 5.8 0 008 2.2zM8 5v3.2l2 1.2",
});

/** A small line icon; the button that holds it must have a name. @param {string} name */
function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export { el, fill, hide, icon, say };
