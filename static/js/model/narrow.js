/**
 * A dashboard narrowed to one container: which wish is sent for a widget, what a card says of it,
 * and which names fit what somebody types. Which instances are the container's the server knows.
 */

import { clockText } from "./ticks.js";
import { parseWish, printWish } from "./wish.js";

/**
 * @typedef {import("./types.js").Narrow} Narrow
 * @typedef {import("./types.js").Group} Group
 * @typedef {import("./types.js").CatalogWidget} CatalogWidget
 */

/** Whether a widget has a meaning for one container. @param {CatalogWidget|null} widget */
function narrows(widget) {
  return (widget?.narrowed ?? []).length > 0;
}

/**
 * The wish that the server is asked for: with the container where the widget can be narrowed. One
 * that names a container of its own keeps it.
 * @param {string} text @param {string} container @param {CatalogWidget|null} widget
 */
function narrowedWish(text, container, widget) {
  const wish = parseWish(text);
  if (!wish || !container || !narrows(widget) || wish.options.container !== undefined) return text;
  return printWish(wish.id, { ...wish.options, container });
}

/**
 * The mark of a card while the dashboard is narrowed: in short, and why; empty where it shows the
 * container's own numbers.
 * @param {CatalogWidget|null} widget
 * @param {string} container
 * @param {Narrow|undefined} narrow what the server said
 * @param {boolean} utc
 * @returns {{text: string, why: string}}
 */
function markOf(widget, container, narrow, utc) {
  if (narrow?.state === "gone") return { text: `stopped ${clockText(narrow.since ?? 0, true, utc)}`, why: `${narrow.container} is not running now; it is drawn again when it is back.` };
  if (!container || narrows(widget) || widget?.picks) return { text: "", why: "" };
  const why = widget?.whole || "It is not told apart by container.";
  return { text: "whole host", why: `This widget goes on showing the whole host. ${why}` };
}

/**
 * Groups that fit a text: its words anywhere, else its letters in that order; containers first,
 * then by name's nearness to the text, then the busiest.
 * @param {Group[]} groups @param {string} text
 */
function fitting(groups, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const ranked = groups
    .map((group, n) => ({ group, n, rank: rankOf(group, words) }))
    .filter(({ rank }) => rank < 4);
  ranked.sort((a, b) => a.rank - b.rank || Number(b.group.container) - Number(a.group.container) || a.n - b.n);
  return ranked.map(({ group }) => group);
}

/** @param {Group} group @param {string[]} words */
function rankOf({ name, path, runtime }, words) {
  if (!words.length) return 0;
  const low = name.toLowerCase();
  if (words.every((word) => low.includes(word))) return low.startsWith(words[0]) ? 0 : 1;
  const all = `${low} ${path.toLowerCase()} ${runtime.toLowerCase()}`;
  if (words.every((word) => all.includes(word))) return 2;
  return scattered(words.join(""), low) ? 3 : 4;
}

/** @param {string} letters @param {string} name */
function scattered(letters, name) {
  let at = 0;
  for (const letter of name) if (letter === letters[at]) at += 1;
  return at === letters.length;
}

/** Groups of several hosts as one list: a name that several hosts have stands once. @param {Group[][]} lists */
function merged(lists) {
  /** @type {Map<string, Group>} */
  const found = new Map();
  for (const group of lists.flat()) if (!found.has(group.name)) found.set(group.name, group);
  return [...found.values()];
}

export { fitting, markOf, merged, narrowedWish, narrows };
