/**
 * The only module that touches the grid library: one drag of a card, from the first pixel to the
 * drop. Before and after it the cards stand in the page's own grid, at the same pixels; so the
 * library is fetched when somebody first grabs a card, and has nothing to do else.
 */

import { el } from "../dom.js";
import { GAP, LEAST_ROWS, MOST, ROW, leastWidth, settled } from "../model/layout.js";

/** @typedef {import("../model/layout.js").Placed} Placed */
/**
 * @typedef {{box: HTMLElement, cells: Map<string, HTMLElement>, list: Placed[], columns: number}} Ground
 *   box: the parent of the cells; cells by wish
 * @typedef {{wish: string, resize: boolean, from: Point, now: () => Point, released: AbortSignal}} Grab
 * @typedef {{x: number, y: number}} Point
 */

// By variables, so that type checks need not read the packed file.
const LIBRARY = "../../vendor/gridstack-all.js";
const SHEET = "/static/vendor/gridstack.min.css";

/** @type {Promise<any>|null} */
let loading = null;

/** The library, fetched once. @returns {Promise<any>} */
function gridLibrary() {
  loading ??= Promise.all([import(LIBRARY), sheet()]).then(() => /** @type {any} */ (self).GridStack);
  loading.catch(() => (loading = null));
  return loading;
}

function sheet() {
  return new Promise((resolve, reject) => {
    const link = el("link", { rel: "stylesheet", href: SHEET, onload: resolve, onerror: () => reject(new Error("its style did not come")) });
    // Before ours, which have the last word.
    document.head.prepend(link);
  });
}

/** @param {EventTarget} target @param {string} type @param {Point} at */
function mouse(target, type, { x, y }) {
  target.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, button: 0, buttons: type === "mouseup" ? 0 : 1, clientX: x, clientY: y, view: window }));
}

/**
 * Lets a card follow the pointer until it is released.
 * @param {Ground} ground
 * @param {Grab} grab
 * @returns {Promise<Placed[]|null>} where all cards stand then; null where nothing came of it
 */
async function drag(ground, grab) {
  const GridStack = await gridLibrary();
  if (grab.released.aborted) return null;
  const { box, cells, list, columns } = ground;
  const outer = /** @type {HTMLElement} */ (cells.get(grab.wish));
  for (const place of list) seat(/** @type {HTMLElement} */ (cells.get(place.wish)), place, columns);
  box.classList.add("grid-stack");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const grid = GridStack.init({ column: columns, cellHeight: ROW, margin: GAP / 2, float: false, animate: !calm, resizable: { handles: "se" }, alwaysShowResizeHandle: true }, box);
  outer.classList.add("held");
  const ended = new Promise((resolve) => {
    grid.on("dragstop resizestop", resolve);
    grab.released.addEventListener("abort", resolve, { once: true });
  });
  const handle = grab.resize ? outer.querySelector(".ui-resizable-se") : outer.firstElementChild;
  mouse(/** @type {Element} */ (handle), "mousedown", grab.from);
  mouse(document, "mousemove", grab.now());
  await ended;
  // The library closes its own books first.
  await new Promise((resolve) => setTimeout(resolve));
  const found = grid.engine.nodes.map((/** @type {any} */ { id, x, y, w, h }) => ({ wish: id, x, y, w, h }));
  grid.destroy(false);
  restore(box, [...cells.values()]);
  return settled(found);
}

/** @param {HTMLElement} cell @param {Placed} place @param {number} columns */
function seat(cell, { wish, x, y, w, h }, columns) {
  const said = { id: wish, x, y, w, h, "min-w": leastWidth(columns), "min-h": LEAST_ROWS, "max-h": MOST.rows };
  for (const [name, value] of Object.entries(said)) cell.setAttribute(`gs-${name}`, String(value));
  cell.classList.add("grid-stack-item");
  cell.firstElementChild?.classList.add("grid-stack-item-content");
}

/** Nothing of the library stays. @param {HTMLElement} box @param {HTMLElement[]} cells */
function restore(box, cells) {
  for (const node of [box, ...cells]) {
    for (const { name } of [...node.attributes]) if (name.startsWith("gs-") || name === "style") node.removeAttribute(name);
    const foreign = [...node.classList].filter((name) => /^(grid-stack|gs-|ui-)|^held$/.test(name));
    node.classList.remove(...foreign);
  }
  for (const cell of cells) {
    cell.firstElementChild?.classList.remove("grid-stack-item-content");
    for (const handle of cell.querySelectorAll(":scope > .ui-resizable-handle")) handle.remove();
  }
}

export { drag, gridLibrary };
