/**
 * A copy of a widget for other instances: which, is typed as a pattern or ticked in the list of
 * those that the host has now.
 */

import { shownWishes } from "../actions.js";
import { getMetric } from "../api.js";
import { el, fill, say } from "../dom.js";
import { widget_copied } from "../layouts.js";
import { MOST } from "../model/url.js";
import { parseWish, printWish } from "../model/wish.js";
import { openDialog } from "./dialog.js";
import { widgetOf } from "./picker.js";
import { metricNames } from "./source.js";

/** @typedef {import("../feeds.js").PageStore} PageStore */

const LISTED = 60;
/** Metrics of a widget that are asked for their instances. */
const ASKED = 4;

/** A name as a pattern that matches it alone. @param {string} name */
function exactly(name) {
  return name.replace(/[*?,![\]]/g, "?").replace(/^\//, "?");
}

/** The instances of the first metric that has some. @param {string} host @param {string[]} names @param {AbortSignal} signal @returns {Promise<string[]>} */
async function instancesOf(host, names, signal) {
  for (const name of names.slice(0, ASKED)) {
    const metric = await getMetric(host, name, signal);
    if (metric.indom && metric.instances?.length) return metric.instances.map((/** @type {{name: string}} */ one) => one.name);
  }
  return [];
}

class Duplicate {
  #store;
  #card;
  #input = el("input", { type: "text", class: "picker-search", "aria-label": "Instances", placeholder: "sd*,!sda or /nvme[0-2]/", autocomplete: "off", autocapitalize: "off", spellcheck: "false", autofocus: true });
  #fault = el("p", { class: "host-error", role: "alert", hidden: true });
  #list = el("div", { class: "instances", role: "group", "aria-label": "Instances of the host" }, el("p", { class: "quiet" }, "Asking the host for its instances."));
  #dialog;

  /** @param {PageStore} store @param {import("../widgets/card.js").Card} card */
  constructor(store, card) {
    this.#store = store;
    this.#card = card;
    const form = el(
      "form",
      { class: "duplicate-form", onsubmit: (/** @type {Event} */ event) => this.#add(event) },
      el("p", { class: "quiet" }, "Instances by a pattern, several separated by commas; a ! leaves some out; /text/ is a regular expression."),
      this.#input,
      this.#fault,
      this.#list,
      el("button", { type: "submit", class: "button primary" }, "Add the copy"),
    );
    this.#dialog = openDialog(`Duplicate \u201c${card.title}\u201d with other instances`, "duplicate", form);
    this.#input.value = parseWish(card.wish)?.options.instances ?? "";
    this.#input.addEventListener("input", () => {
      this.#refuse("");
      this.#tick();
    });
    this.#input.select();
    const stop = new AbortController();
    this.#dialog.addEventListener("close", () => stop.abort());
    void this.#ask(stop.signal);
  }

  /** @param {AbortSignal} signal */
  async #ask(signal) {
    const { wish, host } = this.#card;
    try {
      const names = await instancesOf(host, metricNames(widgetOf(this.#store, wish), wish), signal);
      const rows = names.slice(0, LISTED).map((name) => el("label", {}, el("input", { type: "checkbox", value: exactly(name), onchange: () => this.#ticked() }), el("span", {}, name)));
      const more = names.length > LISTED && el("p", { class: "quiet" }, `The first ${LISTED} of ${names.length}.`);
      fill(this.#list, ...rows, more, !names.length && el("p", { class: "quiet" }, "This widget’s metrics have no instances on this host; a copy would show the same."));
      this.#tick();
    } catch {
      if (!signal.aborted) fill(this.#list, el("p", { class: "quiet" }, `${host} does not tell its instances now; a pattern can be typed all the same.`));
    }
  }

  get #boxes() {
    return [...this.#list.querySelectorAll("input")];
  }

  /** Ticks those that are named one by one. */
  #tick() {
    const named = this.#input.value.split(",").map((one) => one.trim());
    for (const box of this.#boxes) box.checked = named.includes(box.value);
  }

  #ticked() {
    const values = this.#boxes.map(({ value }) => value);
    const typed = this.#input.value.split(",").map((one) => one.trim()).filter((one) => one && !values.includes(one));
    const ticked = this.#boxes.filter(({ checked }) => checked).map(({ value }) => value);
    // A name after a pattern of all would say nothing.
    this.#input.value = [...(ticked.length ? typed.filter((one) => one !== "*") : typed), ...ticked].join(",");
    this.#refuse("");
  }

  /** @param {string} text */
  #refuse(text) {
    say(this.#fault, text);
    this.#fault.hidden = !text;
    this.#input.setAttribute("aria-invalid", String(text !== ""));
  }

  /** @param {Event} event */
  #add(event) {
    event.preventDefault();
    const parsed = parseWish(this.#card.wish);
    if (!parsed) return;
    const instances = this.#input.value.trim();
    const options = { ...parsed.options, instances };
    if (!instances) delete (/** @type {Record<string, string>} */ (options).instances);
    const wish = printWish(parsed.id, options);
    const shown = shownWishes(this.#store.state);
    if (!parseWish(wish)) return this.#refuse("This can’t be a pattern: it is too long, or has characters that can’t be printed.");
    if (shown.includes(wish)) return this.#refuse("A widget with these instances is on the page already.");
    if (shown.length >= MOST.wishes) return this.#refuse(`A dashboard holds ${MOST.wishes} widgets; remove one first.`);
    this.#dialog.close();
    this.#store.do(widget_copied, { after: this.#card.wish, wish });
    const node = document.querySelector(`.card[data-wish="${CSS.escape(wish)}"]`);
    if (node instanceof HTMLElement) {
      node.focus();
      node.scrollIntoView({ block: "nearest" });
    }
  }
}

/** @param {PageStore} store @param {import("../widgets/card.js").Card} card */
function openDuplicate(store, card) {
  new Duplicate(store, card);
}

export { openDuplicate };
