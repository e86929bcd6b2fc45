/**
 * A layout as text and back: the JSON in the fragment `#l=` of a link, which names widgets as
 * `hide=` does. Whatever a link says, what comes out is a layout; how the text is packed stands
 * in ../fragment.js.
 *
 * `{"v":1,"c":12,"g":1,"f":["CPU"],"p":{"cpu":[x,y,w,h],...}}`: columns, grouped, folded groups,
 * places in reading order. What is as usual is left out; unknown keys are ignored.
 */

import { MOST, noLayout, reading } from "./layout.js";
import { places } from "./shown.js";

/** @typedef {import("./layout.js").Layout} Layout */

const MOST_NAMES = 40;
const NAME = 60;

/**
 * The text of a layout; empty where it says nothing.
 * @param {Layout|null} layout
 * @param {string[]} wishes those that are shown
 */
function printLayout(layout, wishes) {
  if (!layout) return "";
  const list = [...places(wishes)].filter(([, wish]) => Object.hasOwn(layout.places, wish)).map(([wish, own]) => ({ wish, ...layout.places[own] }));
  /** @type {Record<string, unknown>} */
  const said = { v: 1 };
  if (list.length && layout.columns !== 12) said.c = layout.columns;
  if (layout.grouped) said.g = 1;
  if (layout.grouped && layout.folded.length) said.f = [...layout.folded].sort();
  if (list.length) said.p = Object.fromEntries(reading(list).map(({ wish, x, y, w, h }) => [wish, [x, y, w, h]]));
  return Object.keys(said).length > 1 ? JSON.stringify(said) : "";
}

/** @param {unknown} value @param {number} most @returns {value is number} */
function count(value, most) {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;
}

/** @param {unknown} value @param {number} columns @returns {import("./layout.js").Place|null} */
function place(value, columns) {
  if (!Array.isArray(value) || value.length !== 4) return null;
  const [x, y, w, h] = value;
  const fits = count(x, columns) && count(y, MOST.y) && count(w, columns) && count(h, MOST.rows);
  return fits ? { x, y, w, h } : null;
}

/** @param {unknown} value @returns {string[]} */
function names(value) {
  const list = Array.isArray(value) ? value.slice(0, MOST_NAMES) : [];
  return [...new Set(list.filter((one) => typeof one === "string" && one.length > 0 && one.length <= NAME))].sort();
}

/**
 * A layout of its text; null where the text is none, or says nothing.
 * @param {string} text
 * @param {string[]} wishes those that are shown; what is said of others is left out
 * @returns {{layout: Layout|null, problem: string}} problem: a sentence, or empty
 */
function readLayout(text, wishes) {
  if (!text) return { layout: null, problem: "" };
  const unread = { layout: null, problem: "The layout in this link can’t be read; the usual one is shown." };
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    return unread;
  }
  if (!said || typeof said !== "object" || Array.isArray(said)) return unread;
  if (said.v !== 1) return { ...unread, problem: "The layout in this link is of another version of vectorpy; the usual one is shown." };
  const layout = noLayout();
  if (count(said.c, MOST.columns) && said.c >= 1) layout.columns = said.c;
  layout.grouped = said.g === 1;
  if (layout.grouped) layout.folded = names(said.f);
  const given = said.p && typeof said.p === "object" ? said.p : {};
  for (const [name, wish] of places(wishes)) {
    const read = Object.hasOwn(given, name) ? place(given[name], layout.columns) : null;
    if (read) layout.places[wish] = read;
  }
  return { layout: printLayout(layout, wishes) ? layout : null, problem: "" };
}

export { printLayout, readLayout };
