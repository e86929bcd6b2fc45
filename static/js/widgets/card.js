/**
 * One widget of one host: head, body, legend. It draws from the host's feed when the painter
 * says so, and keeps no points of its own.
 */

import { findWidget, option_set, part_chosen, series_isolated, series_toggled, view_frozen } from "../actions.js";
import { el, hide, icon, say } from "../dom.js";
import { bucketTip } from "../model/buckets.js";
import { fitRange } from "../model/fit.js";
import { hostTitle } from "../model/hosts.js";
import { planPens } from "../model/pens.js";
import { pictureOf } from "../model/picture.js";
import { Choice } from "../model/rank.js";
import { filledRow, rowAt, timeAt } from "../model/rowat.js";
import { hiddenNames } from "../model/shown.js";
import { totals } from "../model/stack.js";
import { clockText, zoneName } from "../model/ticks.js";
import { unitName } from "../model/units.js";
import { parseWish } from "../model/wish.js";
import { Plot } from "./plot.js";
import { Reader } from "./reader.js";
import { tipRows } from "./readings.js";
import { Table, Value } from "./table.js";
import { LiveTable } from "./tablelive.js";
import { waiting } from "./waiting.js";

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
  #body = el("div", { class: "card-body" });
  #message = el("div", { class: "card-message", hidden: true });
  #reader;
  /** @type {Plot|Table|Value|LiveTable|null} */
  #content = null;
  #kind = "";
  #choice = new Choice();
  /** Where the words of limits stand. @type {Map<string, import("../model/seats.js").Seat>} */
  #seats = new Map();
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
    this.#reader = new Reader({
      toggle: (name) => room.store.do(series_toggled, { wish, name, names: this.#names() }),
      isolate: (name) => room.store.do(series_isolated, { wish, name }),
      list: () => this.#list_all(),
    });
    const menu = el(
      "button",
      { type: "button", class: "icon-button card-menu", "aria-label": "Menu of this widget", "aria-haspopup": "menu", onclick: () => room.open_menu(this, menu) },
      icon("more"),
    );
    this.node = el(
      "section",
      { class: "card", tabindex: "0", "data-wish": wish, "data-host": host, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event), onblur: () => this.#hover(null) },
      el("header", {}, el("div", { class: "card-title" }, this.#title, this.#unit, this.#host), this.#reader.now, menu),
      this.#body,
      this.#reader.legend.node,
      this.#reader.scale,
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
    const words = { title: this.title, unit: this.#unit.textContent ?? "", now: this.#reader.now.textContent ?? "" };
    const about = { wish: this.wish, host: this.host, interval, edge: this.edge, words };
    if (!live) return { ...about, widget: place?.widget ?? null, view: this.#view, plan: this.#plan, rows: null, names: [] };
    return { ...about, widget: place?.widget ?? null, view: null, plan: null, rows: feeds.get(this.host)?.table(this.wish) ?? null, names: live.names };
  }

  destroy() {
    this.plot?.destroy();
    this.#reader.destroy();
    this.node.remove();
  }

  /** Draws the newest points. */
  paint() {
    const { store, feeds } = this.#room;
    const feed = feeds.get(this.host);
    const place = feed?.place(this.wish);
    if (!feed || !place) return this.#say(waiting(store.state, this.host, feed?.refused(this.wish) ?? false));
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
    const plan = planPens(view, { kind: widget.kind, hidden, palette: this.#room.palette(), choice: this.#choice, all: this.#reader.listed });
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
    this.#reader.legend.node.hidden = true;
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
    const known = this.#room.store.state.catalog.widgets.find(({ id }) => id === widget.id);
    const ends = known?.range ?? [widget.min ?? null, widget.max ?? null];
    this.#range = fitRange(this.#range, { view, plan, kind: widget.kind, ends });
    return this.#range;
  }

  /** Legend, numbers in the head and the foot. @param {import("../model/types.js").LaidWidget} widget @param {string[]} hidden */
  #read(widget, hidden) {
    const view = /** @type {View} */ (this.#view);
    const { share } = this.#room.cursor;
    const row = share === null ? undefined : rowAt(view, timeAt(view, share));
    const plan = /** @type {Plan} */ (this.#plan);
    this.#reader.read({ widget, view, plan, hidden, range: this.#range, charted: this.plot !== null, row });
  }

  #list_all() {
    this.#reader.listed = !this.#reader.listed;
    this.node.classList.toggle("listed", this.#reader.listed);
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

  /** @param {number|null} share */
  #hover(share) {
    this.#room.cursor.move(this, share);
    if (share === null) this.#room.tooltip.hide();
  }

  /** Called by the cursor. @param {number|null} share @param {boolean} own */
  show_cursor(share, own) {
    const view = this.#view;
    if (!view || !this.#plan) return;
    this.plot?.cross(share);
    const place = this.#room.feeds.get(this.host)?.place(this.wish);
    if (place) this.#read(place.widget, this.#hidden(view));
    if (!this.plot || !own || share === null) return;
    const at = timeAt(view, share);
    const row = filledRow(view, rowAt(view, at), this.#plan.plain);
    const t = row === null ? Math.round(at) : view.times[row];
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
    const at = (/** @type {number} */ share) => Math.round(timeAt(view, share));
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
