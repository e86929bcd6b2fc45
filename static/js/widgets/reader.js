/**
 * The numbers around a card's chart: the one in its head, its legend, the foot of a heatmap.
 * They are of now, or of the second under the crosshair; which, the card says.
 */

import { el, fill, hide, say } from "../dom.js";
import { bucketScale, bucketTotal } from "../model/buckets.js";
import { topOf } from "../model/range.js";
import { Order } from "../model/rank.js";
import { format, formatLimit } from "../model/units.js";
import { Legend } from "./legend.js";
import { headline, scaleText, showing } from "./readings.js";
import { recent } from "./table.js";

/**
 * @typedef {import("../model/types.js").View} View
 * @typedef {import("../model/pens.js").Plan} Plan
 * @typedef {{widget: import("../model/types.js").LaidWidget, view: View, plan: Plan, hidden: string[],
 *   range: import("../model/range.js").Range|null, charted: boolean, row: number|null|undefined}} Reading
 *   charted: there is a plot; row: under the crosshair, null where that has none, undefined without one
 */

/** Seconds for which an order is kept: of hosts, of series. */
const NOW = 4;
const LATELY = 30;

class Reader {
  now = el("span", { class: "card-now" });
  scale = el("div", { class: "heat-foot", hidden: true });
  legend;
  /** Whether the legend lists the faint series too. */
  listed = false;
  #words = [el("span", {}), el("span", {}), el("span", { class: "heat-rows" })];
  #order = new Order();

  /** @param {import("./legend.js").Hands} hands */
  constructor(hands) {
    this.legend = new Legend(hands);
    const [low, high, rows] = this.#words;
    fill(this.scale, low, el("i", { class: "heat-scale" }), high, rows);
  }

  destroy() {
    this.legend.destroy();
  }

  /** @param {Reading} reading */
  read(reading) {
    const { widget, view, plan, range, row, charted } = reading;
    const value = (/** @type {number} */ index) => (row === undefined ? recent(view, index) : row === null ? NaN : view.columns[index][row]);
    const heat = widget.kind === "heatmap";
    hide(this.legend.node, !charted || heat);
    hide(this.scale, !heat);
    const { buckets } = widget;
    const scale = buckets ? bucketScale(view, range, buckets) : scaleText(view, plan, range);
    if (heat) scale.forEach((text, n) => say(this.#words[n], text));
    else if (charted) this.#list(reading, value);
    const head = buckets ? bucketTotal(view, value, buckets) : headline(widget.kind, view, plan, value);
    say(this.now, charted ? head : "");
  }

  /** @param {Reading} reading @param {(index: number) => number} value */
  #list({ widget, view, plan, hidden, range }, value) {
    const { plain } = plan;
    const names = plain.map((index) => view.series[index].name);
    // Hosts are told apart by what they do now, series by what they did lately.
    const columns = plain.map((index) => (view.own ? view.columns[index].slice(-3) : view.columns[index]));
    const ranks = this.#order.ranks(names, columns, view.to, this.legend.busy || this.listed, view.own ? NOW : LATELY);
    // A few stand in the widget's own order; of more, the one line shows the largest.
    const rank = (/** @type {import("../model/figures.js").Pen} */ pen) => (ranks.get(pen.name) ?? 0) + (pen.faint ? plain.length : 0);
    const entries = plain.length <= 4 ? plan.entries : [...plan.entries].sort((a, b) => rank(a) - rank(b));
    const high = range ? topOf(range) : Infinity;
    const above = plan.limits.filter((limit) => limit.value > high).map((limit) => ({ name: limit.name, text: formatLimit(limit.value, view.unit) }));
    const readouts = plan.readouts.map(({ name, index, unit }) => ({ name, text: format(value(index), unit) }));
    this.legend.update(
      { entries, hidden, above, readouts, count: plain.length, showing: showing(widget, plan), listed: this.listed },
      (index) => format(value(index), view.unit),
    );
  }
}

export { Reader };
