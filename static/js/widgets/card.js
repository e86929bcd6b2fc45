/**
 * One widget of one host: head, body, legend. It draws from the host's feed when the painter
 * says so, and keeps no points of its own.
 */

import { findWidget, option_set, part_chosen, series_isolated, series_toggled, view_frozen } from "../actions.js";
import { el, fill, hide, icon, say } from "../dom.js";
import { bucketScale, bucketTip, bucketTotal } from "../model/buckets.js";
import { hostTitle, stateName } from "../model/hosts.js";
import { planPens } from "../model/pens.js";
import { pictureOf } from "../model/picture.js";
import { hiddenNames } from "../model/shown.js";
import { extremes, nextRange } from "../model/range.js";
import { Choice, Order } from "../model/rank.js";
import { totals } from "../model/stack.js";
import { clockText, zoneName } from "../model/ticks.js";
import { format, formatLimit, unitName } from "../model/units.js";
import { parseWish } from "../model/wish.js";
import { headline, scaleText, showing, tipRows } from "./readings.js";
import { Legend } from "./legend.js";
import { Plot } from "./plot.js";
import { Table, Value, recent } from "./table.js";
import { LiveTable } from "./tablelive.js";

/**
 * @typedef {import("../model/types.js").View} View
 * @typedef {import("../model/pens.js").Plan} Plan
 * @typedef {{store: import("../feeds.js").PageStore, feeds: import("../feeds.js").Feeds,
 *   painter: import("../painter.js").Painter, cursor: import("./cursor.js").Cursor,
 *   tooltip: import("./tooltip.js").Tooltip, palette: () => import("../model/colours.js").Palette,
 *   open_menu: (card: Card, button: HTMLElement) => void}} Room
 */

class Card {
  #room;
  #title = el("h3", {});
  #host = el("span", { class: "card-host" });
  #unit = el("span", { class: "card-unit" });
  #now = el("span", { class: "card-now" });
  #body = el("div", { class: "card-body" });
  #message = el("div", { class: "card-message", hidden: true });
  #scale = el("div", { class: "heat-foot", hidden: true });
  #scaleWords = [el("span", {}), el("span", {}), el("span", { class: "heat-rows" })];
  #legend;
  /** @type {Plot|Table|Value|LiveTable|null} */
  #content = null;
  #kind = "";
  #choice = new Choice();
  #order = new Order();
  /** Where the words of limits stand. @type {Map<string, import("../model/seats.js").Seat>} */
  #seats = new Map();
  #listed = false;
  #many = false;
  /** @type {import("../model/range.js").Range|null} */
  #range = null;
  /** @type {View|null} */
  #view = null;
  /** @type {Plan|null} */
  #plan = null;
  /** @type {{widget: import("../model/types.js").LaidWidget, drawing: import("../model/figures.js").Drawing}|null} */
  #drawn = null;
  /** Rows drawn so far, for tests. */
  points = 0;
  /** Right end of what was drawn last. */
  edge = 0;

  /** @param {string} wish @param {string} host @param {Room} room */
  constructor(wish, host, room) {
    this.wish = wish;
    this.host = host;
    this.#room = room;
    this.#legend = new Legend({
      toggle: (name) => room.store.do(series_toggled, { wish, name, names: this.#names() }),
      isolate: (name) => room.store.do(series_isolated, { wish, name }),
      list: () => this.#list_all(),
    });
    const menu = el(
      "button",
      { type: "button", class: "icon-button card-menu", "aria-label": "Menu of this widget", "aria-haspopup": "menu", onclick: () => room.open_menu(this, menu) },
      icon("more"),
    );
    const [low, high, rows] = this.#scaleWords;
    fill(this.#scale, low, el("i", { class: "heat-scale" }), high, rows);
    this.node = el(
      "section",
      { class: "card", tabindex: "0", "data-wish": wish, "data-host": host, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event), onblur: () => this.#hover(null) },
      el("header", {}, el("div", { class: "card-title" }, this.#title, this.#unit, this.#host), this.#now, menu),
      this.#body,
      this.#legend.node,
      this.#scale,
    );
    this.#body.append(this.#message);
    this.name("", "", false);
  }

  /** Title and unit while there is no layout. @param {string} title @param {string} unit @param {boolean} many several hosts */
  name(title, unit, many) {
    const place = this.#room.feeds.get(this.host)?.place(this.wish);
    const shown = place?.widget.title || title || this.wish;
    say(this.#title, shown);
    say(this.#unit, place?.widget.buckets || place?.widget.columns ? "" : unitName(place?.widget.unit ?? unit));
    this.#many = many;
    this.name_host();
    this.node.setAttribute("aria-label", `${shown}, host ${this.host}`);
  }

  /** The host's name, where several hosts stand side by side. */
  name_host() {
    say(this.#host, this.#many ? hostTitle(this.host, this.#room.store.state.hosts[this.host]) : "");
  }

  get title() {
    return this.#title.textContent ?? "";
  }

  get plot() {
    return this.#content instanceof Plot ? this.#content : null;
  }

  /** The chart with its times in UTC, as pictures have them; null where there is none. */
  get picture() {
    if (!this.plot || !this.#drawn) return null;
    const { widget, drawing } = this.#drawn;
    return pictureOf(widget, { ...drawing, paper: { ...drawing.paper, utc: true } }).figure();
  }

  /** What is drawn, for whoever takes it away. @returns {import("./takeaway.js").Shown} */
  get shown() {
    const { feeds, store } = this.#room;
    const live = this.#content instanceof LiveTable ? this.#content : null;
    const place = feeds.get(this.host)?.place(this.wish) ?? null;
    const { interval } = store.state.dashboard;
    const words = { title: this.title, unit: this.#unit.textContent ?? "", now: this.#now.textContent ?? "" };
    const about = { wish: this.wish, host: this.host, interval, edge: this.edge, words };
    if (!live) return { ...about, widget: place?.widget ?? null, view: this.#view, plan: this.#plan, rows: null, names: [] };
    return { ...about, widget: place?.widget ?? null, view: null, plan: null, rows: feeds.get(this.host)?.table(this.wish) ?? null, names: live.names };
  }

  destroy() {
    this.plot?.destroy();
    this.#legend.destroy();
    this.node.remove();
  }

  /** Draws the newest points. */
  paint() {
    const { store, feeds } = this.#room;
    const feed = feeds.get(this.host);
    const place = feed?.place(this.wish);
    if (!feed || !place) return this.#say(this.#waiting());
    const { widget } = place;
    const rows = feed.table(this.wish);
    if (rows) return this.#tell_rows(widget, rows);
    if (!widget.series.length) return this.#say(widget.reason ?? "This host has nothing to draw here.", "cannot");
    this.#mount(widget.kind);
    say(this.#title, widget.title);
    say(this.#unit, widget.buckets ? "" : unitName(widget.unit));
    const { from, to } = feeds.span();
    this.edge = to;
    const view = feed.view(this.wish, from, to);
    if (!view) return;
    const hidden = this.#hidden(view);
    const plan = planPens(view, { kind: widget.kind, hidden, palette: this.#room.palette(), choice: this.#choice, all: this.#listed });
    this.#view = view;
    this.#plan = plan;
    this.points = view.times.length;
    this.#say(view.times.length ? "" : store.state.dashboard.frozen ? "No points are kept of this stretch of time." : "The first points are on their way.");
    this.#draw(view, plan, widget);
    const { share, owner } = this.#room.cursor;
    // The crosshair stays under the pointer while the chart slides: its values are others now.
    if (share !== null) this.show_cursor(share, owner === this);
    else this.#read(widget, hidden);
  }

  /** @param {import("../model/types.js").LaidWidget} widget @param {import("../model/rows.js").Rows} rows */
  #tell_rows(widget, rows) {
    this.#mount("rows");
    say(this.#title, widget.title);
    say(this.#unit, "");
    this.#legend.node.hidden = true;
    this.edge = this.#room.feeds.span().to;
    this.points = rows.seq ? 1 : 0;
    if (this.#content instanceof LiveTable) this.#content.update(rows, this.#room.store.state.utc);
    this.#say("");
  }

  #newTable() {
    const { store } = this.#room;
    const wish = parseWish(this.wish);
    const part = findWidget(store.state, wish?.id ?? "")?.part ?? null;
    const alone = part !== null && wish?.options[part] !== undefined;
    const choose = (/** @type {string|null} */ value) => part !== null && store.do(part_chosen, { part, value });
    return new LiveTable(this.title, {
      rank: (column) => store.do(option_set, { wish: this.wish, name: "sort", value: column }),
      narrow: part !== null && !alone ? choose : null,
      widen: alone ? () => choose(null) : null,
    });
  }

  /** @param {string} kind */
  #mount(kind) {
    if (kind === this.#kind) return;
    this.plot?.destroy();
    this.#content?.node.remove();
    this.#kind = kind;
    this.#range = null;
    if (kind === "rows") this.#content = this.#newTable();
    else if (kind === "table") this.#content = new Table();
    else if (kind === "value") this.#content = new Value();
    else this.#content = this.#newPlot();
    this.node.dataset.kind = kind;
    this.#body.prepend(this.#content.node);
  }

  #newPlot() {
    const { store, painter } = this.#room;
    return new Plot(
      {
        hover: (share) => this.#hover(share),
        choose: (a, b) => this.#choose(a, b),
        live: () => store.do(view_frozen, null),
      },
      () => painter.mark(this),
    );
  }

  /** @param {View} view @param {Plan} plan @param {import("../model/types.js").LaidWidget} widget */
  #draw(view, plan, widget) {
    if (this.#content instanceof Table) return this.#content.update(view, plan.plain, widget.unit === "%" ? 100 : null);
    if (this.#content instanceof Value) return this.#content.update(view, plan.plain);
    if (!(this.#content instanceof Plot)) return;
    // An empty frame says less than the words over it.
    if (!this.plot?.size.width || (!view.times.length && !this.#range)) return;
    const range = this.#fit(view, plan, widget);
    const paper = { ...this.plot.size, palette: this.#room.palette(), utc: this.#room.store.state.utc };
    const { pens, rest, limits, marks } = plan;
    const lines = widget.kind === "stacked" ? [totals(pens.map(({ index }) => view.columns[index]))] : undefined;
    const drawing = { view, paper, pens, rest, limits, marks, range, lines, seats: this.#seats };
    this.#drawn = { widget, drawing };
    this.#content.draw(pictureOf(widget, drawing), !this.#room.store.state.dashboard.frozen);
  }

  /** The range of values, with its hysteresis. @param {View} view @param {Plan} plan @param {import("../model/types.js").LaidWidget} widget */
  #fit(view, plan, widget) {
    const columns = [...plan.pens.map(({ index }) => index), ...plan.rest].map((index) => view.columns[index]);
    const known = this.#room.store.state.catalog.widgets.find(({ id }) => id === widget.id);
    const [min, max] = known?.range ?? [widget.min ?? null, widget.max ?? null];
    const found = extremes(widget.kind === "stacked" ? [totals(columns)] : columns);
    // A limit is drawn where the data come near it; else it would flatten them.
    const near = found ? plan.limits.filter(({ value }) => value <= found.max * 3 && value > 0) : [];
    const data = found && { min: found.min, max: Math.max(found.max, ...near.map(({ value }) => value)) };
    this.#range = nextRange(this.#range, data, { unit: widget.unit, min, max });
    return this.#range;
  }

  /** Legend, numbers in the head and the foot. @param {import("../model/types.js").LaidWidget} widget @param {string[]} hidden */
  #read(widget, hidden) {
    const view = /** @type {View} */ (this.#view);
    const plan = /** @type {Plan} */ (this.#plan);
    const { share } = this.#room.cursor;
    const row = share === null ? null : this.#row(share);
    const value = (/** @type {number} */ index) => (share === null ? recent(view, index) : row === null ? NaN : view.columns[index][row]);
    const charted = this.plot !== null;
    const heat = widget.kind === "heatmap";
    hide(this.#legend.node, !charted || heat);
    hide(this.#scale, !heat);
    const { buckets } = widget;
    const scale = buckets ? bucketScale(view, this.#range, buckets) : scaleText(view, plan, this.#range);
    if (heat) scale.forEach((text, n) => say(this.#scaleWords[n], text));
    else if (charted) this.#list(widget, hidden, value);
    const head = buckets ? bucketTotal(view, value, buckets) : headline(widget.kind, view, plan, value);
    say(this.#now, charted ? head : "");
  }

  /** @param {import("../model/types.js").LaidWidget} widget @param {string[]} hidden @param {(index: number) => number} value */
  #list(widget, hidden, value) {
    const view = /** @type {View} */ (this.#view);
    const plan = /** @type {Plan} */ (this.#plan);
    const columns = plan.plain.map((index) => view.columns[index]);
    const ranks = this.#order.ranks(this.#names(), columns, view.to, this.#legend.busy || this.#listed);
    // A few stand in the widget's own order; of more, the one line shows the largest.
    const few = plan.plain.length <= 4;
    const rank = (/** @type {import("../model/figures.js").Pen} */ pen) => (ranks.get(pen.name) ?? 0) + (pen.faint ? plan.plain.length : 0);
    const entries = few ? plan.entries : [...plan.entries].sort((a, b) => rank(a) - rank(b));
    const high = this.#range?.high ?? Infinity;
    const above = plan.limits.filter((limit) => limit.value > high).map((limit) => ({ name: limit.name, text: formatLimit(limit.value, view.unit) }));
    const readouts = plan.readouts.map(({ name, index, unit }) => ({ name, text: format(value(index), unit) }));
    this.#legend.update(
      { entries, hidden, above, readouts, count: plan.plain.length, showing: showing(widget, plan), listed: this.#listed },
      (index) => format(value(index), view.unit),
    );
  }

  #list_all() {
    this.#listed = !this.#listed;
    this.node.classList.toggle("listed", this.#listed);
    this.#room.painter.mark(this);
  }

  /** @param {View} view */
  #hidden(view) {
    return hiddenNames(this.#room.store.state.dashboard.series[this.wish], view.series.map(({ name }) => name));
  }

  #names() {
    return this.#plan?.plain.map((index) => this.#view?.series[index].name ?? "") ?? [];
  }

  /** @param {string} text @param {string} [kind] */
  #say(text, kind = "") {
    hide(this.#message, !text);
    say(this.#message, text);
    this.node.classList.toggle("mute", text !== "" && !this.points);
    this.node.classList.toggle("cannot", kind === "cannot");
  }

  #waiting() {
    const { hosts, link } = this.#room.store.state;
    const said = hosts[this.host];
    if (this.#room.feeds.get(this.host)?.refused(this.wish)) return "This widget is not drawn: see the note at the top of the page.";
    if (!link.up) return "Waiting for the connection to vectorpy.";
    if (!said || said.state === "connecting") return `Connecting to ${this.host}.`;
    return said.state === "live" ? "Waiting for the first points." : `${this.host} is ${stateName(said.state)}; nothing was drawn yet.`;
  }

  /** @param {number|null} share */
  #hover(share) {
    this.#room.cursor.move(this, share);
    if (share === null) this.#room.tooltip.hide();
  }

  /** Row nearest to a share of the plot; null where there is none near. @param {number} share */
  #row(share) {
    const view = this.#view;
    if (!view?.times.length) return null;
    const t = view.from + share * (view.to - view.from);
    let best = 0;
    for (let i = 1; i < view.times.length; i += 1) {
      if (Math.abs(view.times[i] - t) <= Math.abs(view.times[best] - t)) best = i;
    }
    return Math.abs(view.times[best] - t) <= 1.25 * view.interval ? best : null;
  }

  /** A row of gaps alone is no row. @param {number|null} row */
  #filled(row) {
    const has = (/** @type {number} */ index) => row !== null && !Number.isNaN(this.#view?.columns[index][row] ?? NaN);
    return this.#plan?.plain.some(has) ? row : null;
  }

  /** Called by the cursor. @param {number|null} share @param {boolean} own */
  show_cursor(share, own) {
    const view = this.#view;
    if (!view || !this.#plan) return;
    this.plot?.cross(share);
    const place = this.#room.feeds.get(this.host)?.place(this.wish);
    if (place) this.#read(place.widget, this.#hidden(view));
    if (!this.plot || !own || share === null) return;
    const row = this.#filled(this.#row(share));
    const t = row === null ? Math.round(view.from + share * (view.to - view.from)) : view.times[row];
    const { utc } = this.#room.store.state;
    const rows = row === null ? [] : this.#tip(row, this.plot.level, place?.widget.buckets);
    this.#room.tooltip.show(this.node, this.plot.node, `${clockText(t, true, utc)} ${zoneName(t, utc)}`, rows, row === null ? "no data" : "");
  }

  /** @param {number} row @param {number} level @param {import("../model/types.js").Buckets} [buckets] */
  #tip(row, level, buckets) {
    const view = /** @type {View} */ (this.#view);
    const palette = this.#room.palette();
    if (buckets) return bucketTip(view, row, level, this.#range, palette, buckets);
    return tipRows(this.#kind, view, /** @type {Plan} */ (this.#plan), row, level, this.#range, palette);
  }

  /** @param {number} a @param {number} b */
  #choose(a, b) {
    const view = this.#view;
    if (!view) return;
    const at = (/** @type {number} */ share) => Math.round(view.from + share * (view.to - view.from));
    if (at(b) - at(a) >= 2) this.#room.store.do(view_frozen, { from: at(a), to: at(b) });
  }

  /** Arrow keys move the crosshair. @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.node || !this.#view) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && !event.altKey) {
      const view = this.#view;
      const wide = ((event.shiftKey ? 10 : 1) * view.interval) / (view.to - view.from);
      this.#hover(Math.max(0, Math.min(1, (this.#room.cursor.share ?? 1) + step * wide)));
      event.preventDefault();
    } else if (event.key === "Escape") this.#hover(null);
  }
}

export { Card };
