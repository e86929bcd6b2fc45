/**
 * One metric of a host: what the host says of it, its values now, and how it moves.
 */

import { getMetric } from "../api.js";
import { el, fill } from "../dom.js";
import { format, unitName } from "../model/units.js";
import { printWish } from "../model/wish.js";
import { Preview } from "../widgets/preview.js";
import { failure } from "./check.js";

const PAUSE = 150;

/** @typedef {import("../model/search.js").MetricRow} MetricRow */
/** @typedef {{chart: (name: string) => void, insert: (name: string) => void}} Hands */

class MetricFacts {
  node = el("section", { class: "facts-box", "aria-label": "The metric" });
  #hands;
  #preview;
  #details = el("div", { class: "facts-details", "aria-live": "polite" });
  #stop = new AbortController();
  #wait = 0;

  /** @param {Hands} hands @param {() => import("../model/colours.js").Palette} palette */
  constructor(hands, palette) {
    this.#hands = hands;
    this.#preview = new Preview(palette);
    this.clear("Choose a metric to see what it is, and how it moves.");
  }

  stop() {
    clearTimeout(this.#wait);
    this.#stop.abort();
    this.#preview.stop();
  }

  /** @param {string} words */
  clear(words) {
    this.stop();
    fill(this.node, el("p", { class: "quiet" }, words));
  }

  /** @param {string} host @param {MetricRow} row */
  show(host, row) {
    this.stop();
    const [name, type, semantics, units, indom, help] = row;
    const draws = type !== "string";
    const facts = [semantics, units || "no unit", indom ? "per instance" : "one value", type];
    fill(this.#details);
    fill(
      this.node,
      el("h3", {}, el("code", {}, name)),
      el("p", { class: "quiet" }, facts.join(" \u00b7 ")),
      el("p", { class: "facts-help" }, help || "The host has no help text for it."),
      draws && this.#preview.node,
      draws &&
        el(
          "div",
          { class: "facts-do" },
          el("button", { type: "button", class: "button primary", onclick: () => this.#hands.chart(name) }, "Make a chart"),
          el("button", { type: "button", class: "button", onclick: () => this.#hands.insert(name) }, "Add to the chart below"),
        ),
      this.#details,
    );
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    // Who walks through the tree by keys asks the host where he stops, not at each step.
    this.#wait = setTimeout(() => {
      if (draws) this.#preview.show(host, printWish("chart", { expr: name }));
      this.#ask(host, name, signal);
    }, PAUSE);
  }

  /** @param {string} host @param {string} name @param {AbortSignal} signal */
  async #ask(host, name, signal) {
    try {
      const told = await getMetric(host, name, signal);
      if (!signal.aborted) fill(this.#details, ...details(told));
    } catch (error) {
      if (!signal.aborted) fill(this.#details, failure(error));
    }
  }
}

/** @param {any} told as GET /api/v1/hosts/{id}/metric tells */
function details({ text, help, rate, unit, numeric, instances, total, missing, indom }) {
  const unitText = rate ? (unit === "/s" || unit === "B/s" ? `${unitName(unit)}` : "the rise per second") : unitName(unit) || "a plain number";
  const value = (/** @type {any} */ one) => (typeof one === "number" ? format(one, rate ? "count" : unit) : (one ?? "\u2013"));
  const head = indom ? `${total} ${total === 1 ? "instance" : "instances"}` : "Its value";
  return [
    text && text.trim() !== help.trim() && el("p", { class: "facts-text" }, text.replace(/\s+/g, " ")),
    numeric && el("p", { class: "quiet" }, rate ? `A counter: charts show its rise per second (${unitText}).` : `Charts show ${unitText}.`),
    missing
      ? el("p", { class: "quiet" }, missing)
      : el(
          "details",
          { open: total <= 4 },
          el("summary", {}, `${head}${rate ? ", totals so far" : ""}`),
          el("dl", { class: "preview-values" }, ...instances.flatMap((/** @type {any} */ one) => [el("dt", {}, one.name || "value"), el("dd", { class: "number" }, value(one.value))])),
          total > instances.length && el("p", { class: "quiet" }, `The first ${instances.length} of them.`),
        ),
  ];
}

export { MetricFacts };
