/**
 * A chart of any metrics in the making: expressions, instances, unit, kind; what it would draw;
 * and from here it goes onto the dashboard, or into a file of own widgets.
 */

import { getWidgetFile } from "../api.js";
import { el, fill, icon, say } from "../dom.js";
import { KINDS, OVER, UNITS, emptyChart, idOf, over, wishOf, withExpression } from "../model/maker.js";
import { Preview } from "../widgets/preview.js";
import { failure } from "./check.js";

const PAUSE = 400;

/** @typedef {import("../model/maker.js").Chart} Chart */
/** @typedef {{add: (wish: string) => string, host: () => string}} Hands add: what was done, in words */

class ChartMaker {
  #hands;
  #chart = emptyChart();
  #list = el("div", { class: "maker-list" });
  #preview;
  #said = el("p", { class: "maker-said", role: "status" });
  #more = el("div", { class: "maker-more" });
  #wait = 0;
  #use;
  node;

  /** @param {Hands} hands @param {() => import("../model/colours.js").Palette} palette */
  constructor(hands, palette) {
    this.#hands = hands;
    this.#preview = new Preview(palette);
    this.#use = el("button", { type: "button", class: "button primary", onclick: () => this.#add() }, "Add to the dashboard");
    const hint = el(
      "p",
      { class: "quiet maker-hint" },
      "An expression: metrics, numbers, + - * / ( ), and sum(), avg(), min(), max(), top(5, \u2026) over instances. Counters are taken per second: ",
      el("code", {}, "100 * mem.util.dirty / mem.physmem"),
    );
    this.node = el(
      "section",
      { class: "maker", "aria-label": "Your chart" },
      el("h3", {}, "Your chart"),
      this.#list,
      el("button", { type: "button", class: "link", onclick: () => this.insert("", true) }, "One more expression"),
      hint,
      this.#options(),
      this.#preview.node,
      el("div", { class: "facts-do" }, this.#use, el("button", { type: "button", class: "button", onclick: () => this.#ask_file() }, "Save as widget file")),
      this.#more,
      this.#said,
    );
    this.open(emptyChart());
  }

  stop() {
    clearTimeout(this.#wait);
    this.#preview.stop();
  }

  /** @param {Chart} chart @param {string} [label] of the button */
  open(chart, label = "Add to the dashboard") {
    this.#chart = chart;
    say(this.#use, label);
    for (const input of this.node.querySelectorAll("[data-option]")) {
      const field = /** @type {HTMLInputElement} */ (input);
      field.value = chart[/** @type {"unit"} */ (field.dataset.option)];
    }
    this.#draw();
  }

  /** An expression more, at the end. @param {string} expr @param {boolean} [bare] an empty one to be typed */
  insert(expr, bare = false) {
    this.#chart = bare ? { ...this.#chart, exprs: [...this.#chart.exprs, ""] } : withExpression(this.#chart, expr);
    this.#draw();
    const inputs = this.#list.querySelectorAll("input");
    if (bare) inputs[inputs.length - 1]?.focus();
    else say(this.#said, `${expr} is part of your chart.`);
  }

  #options() {
    const field = (/** @type {string} */ label, /** @type {HTMLElement} */ input) => el("label", { class: "maker-field" }, el("span", {}, label), input);
    const changed = (/** @type {Event} */ event) => {
      const { dataset, value } = /** @type {HTMLInputElement} */ (event.target);
      this.#chart = { ...this.#chart, [dataset.option ?? ""]: value };
      this.#show();
    };
    const text = (/** @type {string} */ option, /** @type {string} */ placeholder) => el("input", { type: "text", "data-option": option, placeholder, oninput: changed, spellcheck: "false", autocomplete: "off" });
    const choice = (/** @type {string} */ option, /** @type {string[]} */ values, /** @type {string} */ none) =>
      el("select", { class: "select", "data-option": option, onchange: changed }, ...values.map((value) => el("option", { value }, value || none)));
    return el(
      "div",
      { class: "maker-options" },
      field("Instances", text("instances", "all; sd*,!sda or /sd[a-c]/")),
      field("Unit", choice("unit", UNITS, "as the metrics say")),
      field("Drawn as", choice("kind", KINDS, "")),
      field("Busiest", text("top", "8 instances")),
      field("Title", text("title", "as the expression")),
    );
  }

  #draw() {
    fill(this.#list, ...this.#chart.exprs.map((expr, n) => this.#row(expr, n)), !this.#chart.exprs.length && el("p", { class: "quiet" }, "No metric yet: choose one above and add it here."));
    this.#show();
  }

  /** @param {string} expr @param {number} n */
  #row(expr, n) {
    const input = el("input", { type: "text", class: "maker-expr", value: expr, "aria-label": `Expression ${n + 1}`, spellcheck: "false", autocomplete: "off", oninput: () => set(input.value) });
    const set = (/** @type {string} */ text) => {
      this.#chart = { ...this.#chart, exprs: this.#chart.exprs.map((one, at) => (at === n ? text : one)) };
      this.#show();
    };
    const wrap = el(
      "select",
      { class: "select", "aria-label": `Over instances of expression ${n + 1}`, onchange: () => { input.value = over(input.value, wrap.value); set(input.value); } },
      el("option", { value: "" }, "each instance"),
      ...OVER.map((how) => el("option", { value: how }, how)),
    );
    wrap.value = OVER.find((how) => expr && over(expr, how).replaceAll(" ", "") === expr.replaceAll(" ", "")) ?? "";
    const drop = () => {
      this.#chart = { ...this.#chart, exprs: this.#chart.exprs.filter((_, at) => at !== n) };
      this.#draw();
    };
    return el("div", { class: "maker-row" }, input, wrap, el("button", { type: "button", class: "icon-button", "aria-label": `Remove expression ${n + 1}`, onclick: drop }, icon("close")));
  }

  /** What it would draw, a moment after the last change. */
  #show() {
    const wish = wishOf(this.#chart);
    this.#use.disabled = wish === null;
    say(this.#said, "");
    clearTimeout(this.#wait);
    this.#wait = setTimeout(() => this.#preview.show(this.#hands.host(), wish), PAUSE);
  }

  #add() {
    const wish = wishOf(this.#chart);
    if (wish) say(this.#said, this.#hands.add(wish));
  }

  /** Asks for the new widget's id, then gives the file. */
  #ask_file() {
    const id = el("input", { type: "text", value: idOf(this.#chart), "aria-label": "Id of the new widget", spellcheck: "false", maxlength: "64" });
    const save = el("button", { type: "submit", class: "button primary" }, "Download");
    const words = el("p", { class: "quiet" }, "Put the file into the folder that the setting catalog_dir names: then everybody has this widget, by this id.");
    const form = el(
      "form",
      {
        class: "maker-file",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#save(id.value.trim());
        },
      },
      el("label", { class: "maker-field" }, el("span", {}, "Id"), id),
      save,
      words,
    );
    fill(this.#more, form);
    id.select();
  }

  /** @param {string} id */
  async #save(id) {
    const wish = wishOf(this.#chart);
    if (!wish) return say(this.#said, "There is no expression yet.");
    try {
      const { name, text } = await getWidgetFile(this.#hands.host(), wish, id);
      download(name, text);
      fill(this.#more);
      say(this.#said, `${name} was saved.`);
    } catch (error) {
      fill(this.#said, failure(error));
    }
  }
}

/** @param {string} name @param {string} text */
function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/toml" }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

export { ChartMaker };
