/**
 * One widget of one host: head, body, legend. It draws from the host's feed when the painter
 * says so, and keeps no points of its own.
 */

import { container_chosen, findWidget, option_set, part_chosen, zone_chosen } from "../actions.js";
import { el, hide, icon, say } from "../dom.js";
import { fitRange } from "../model/fit.js";
import { hostTitle } from "../model/hosts.js";
import { dressed, lookFor } from "../model/looks.js";
import { planPens } from "../model/pens.js";
import { pictureOf } from "../model/picture.js";
import { Choice } from "../model/rank.js";
import { rowAt } from "../model/rowat.js";
import { totals } from "../model/stack.js";
import { zoneName } from "../model/ticks.js";
import { EVERY } from "../model/together.js";
import { unitName } from "../model/units.js";
import { parseWish } from "../model/wish.js";
import { Badge } from "./badge.js";
import { ofSeries } from "./choices.js";
import { Plot } from "./plot.js";
import { Pointing } from "./pointing.js";
import { Reader } from "./reader.js";
import { summaryText } from "./summary.js";
import { Table, Value } from "./table.js";
import { LiveTable } from "./tablelive.js";
import { waiting } from "./waiting.js";

/** The sentence about a chart is written anew so rarely: nobody hears it but who asks. */
const TOLD = 15;
let cards = 0;

/**
 * @typedef {import("../model/types.js").View} View
 * @typedef {import("../model/pens.js").Plan} Plan
 * @typedef {{store: import("../feeds.js").PageStore, feeds: import("../joined.js").AnyFeeds,
 *   painter: import("../painter.js").Painter, cursor: import("./cursor.js").Cursor,
 *   tooltip: import("./tooltip.js").Tooltip, palette: () => import("../model/colours.js").Palette,
 *   explorer: import("../explore.js").Explorer, speak: (text: string) => void,
 *   open_menu: (card: Card, button: HTMLElement) => void, choices?: import("./choices.js").Choices,
 *   where?: () => string}} Room
 *   choices: what clicks in the legend mean, of series where nothing is said; where: its hosts, if not one
 * @typedef {{widget: import("../model/types.js").LaidWidget, view: View, plan: Plan, hidden: string[],
 *   log: boolean, ghost: import("../model/figures.js").Ghost|null}} Seen what is drawn; the widget as it is drawn
 */

class Card {
  #room;
  #choices;
  #title = el("h3", {});
  #host = el("span", { class: "card-host" });
  #unit = el("span", { class: "card-unit" });
  #badge = new Badge();
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
  /** @type {Seen|null} */
  #seen = null;
  /** @type {import("../model/figures.js").Drawing|null} */
  #drawing = null;
  #about = el("p", { class: "spoken", id: `about-${(cards += 1)}` });
  #told = 0;
  /** In the corner where the axes meet: the zone of the times; a click changes it. */
  #zone;
  #pointing;
  #whole = false;
  /** Rows drawn so far, for tests. */
  points = 0;
  /** Right end of what was drawn last. */
  edge = 0;

  /** @param {string} wish @param {string} host @param {Room} room */
  constructor(wish, host, room) {
    this.wish = wish;
    this.host = host;
    this.#room = room;
    this.#pointing = new Pointing(this, room);
    this.#choices = room.choices ?? ofSeries(room.store);
    this.#reader = new Reader({
      toggle: (name) => this.#choices.toggle(wish, name, this.#names()),
      isolate: (name) => this.#choices.isolate(wish, name),
      list: () => this.#list_all(),
    });
    const menu = el(
      "button",
      { type: "button", class: "icon-button card-menu", "aria-label": "Menu of this widget", "aria-haspopup": "menu", onclick: () => room.open_menu(this, menu) },
      icon("more"),
    );
    this.node = el(
      "section",
      { class: "card", tabindex: "0", "data-wish": wish, "data-host": host, "aria-describedby": this.#about.id, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#pointing.key(event), onfocus: () => this.#tell(true), onblur: () => this.#pointing.hover(null) },
      el("header", {}, el("div", { class: "card-title" }, this.#title, this.#unit, this.#host), this.#badge.node, this.#reader.now, menu),
      this.#body,
      this.#reader.legend.node,
      this.#reader.scale,
      this.#about,
    );
    const turn = () => room.store.do(zone_chosen, !room.store.state.utc);
    this.#zone = el("button", { type: "button", class: "zone", tabindex: "-1", hidden: true, onclick: turn });
    this.#body.append(this.#message, this.#zone);
    this.name("", "", false);
  }

  /** Title and unit while there is no layout. @param {string} title @param {string} unit @param {boolean} many several hosts */
  name(title, unit, many) {
    const place = this.#room.feeds.get(this.host)?.place(this.wish);
    const shown = place?.widget.title || title || this.wish;
    this.#entitle(shown);
    say(this.#unit, place?.widget.buckets || place?.widget.columns ? "" : unitName(place?.widget.unit ?? unit));
    this.#many = many;
    this.name_host();
  }

  /** @param {string} title */
  #entitle(title) {
    const label = `${title}, ${this.host === EVERY ? "" : "host "}${this.where}`;
    if (this.node.getAttribute("aria-label") === label) return;
    say(this.#title, title);
    this.node.setAttribute("aria-label", label);
  }

  /** The host's name, where several hosts stand side by side. */
  name_host() {
    say(this.#host, this.#many ? hostTitle(this.host, this.#room.store.state.hosts[this.host]) : "");
  }

  /** Its host, or its hosts, in words. */
  get where() {
    return this.#room.where?.() ?? this.host;
  }

  get title() {
    return this.#title.textContent ?? "";
  }

  get plot() {
    return this.#content instanceof Plot ? this.#content : null;
  }

  /** The chart with its times in UTC, as pictures have them; null where there is none. */
  get picture() {
    if (!this.plot || !this.#drawing || !this.#seen) return null;
    return pictureOf(this.#seen.widget, { ...this.#drawing, paper: { ...this.#drawing.paper, utc: true } }).figure();
  }

  /** What is drawn; null before anything is. */
  get seen() {
    return this.#seen;
  }

  /** The range of values in force. */
  get range() {
    return this.#range;
  }

  /** What is drawn, for whoever takes it away. @returns {import("./takeaway.js").Shown} */
  get shown() {
    const { feeds, store } = this.#room;
    const live = this.#content instanceof LiveTable ? this.#content : null;
    const place = feeds.get(this.host)?.place(this.wish) ?? null;
    const { interval } = store.state.dashboard;
    const words = { title: this.title, unit: this.#unit.textContent ?? "", now: this.#reader.now.textContent ?? "" };
    const about = { wish: this.wish, host: this.where, interval, edge: this.edge, words };
    if (!live) return { ...about, widget: place?.widget ?? null, view: this.#seen?.view ?? null, plan: this.#seen?.plan ?? null, rows: null, names: [] };
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
    const look = lookFor(store.state.dashboard.looks[this.wish], this.host === EVERY);
    const widget = dressed(place.widget, look);
    const log = look === "log" && widget.kind === "line";
    this.#entitle(widget.title);
    this.#badge.show(store.state, this.wish, widget.narrow);
    const rows = feed.table(this.wish);
    if (rows) return this.#tell_rows(widget, rows);
    if (!widget.series.length) return this.#say(widget.reason ?? "This host has nothing to draw here.", "cannot");
    this.#mount(widget.kind, log);
    say(this.#unit, widget.buckets ? "" : [unitName(widget.unit), log && "log scale"].filter(Boolean).join(", "));
    const { from, to } = feeds.span();
    this.edge = to;
    const { cursor, tooltip } = this.#room;
    if (!store.state.dashboard.frozen && cursor.slid(from)) tooltip.hide();
    const view = feed.view(this.wish, from, to);
    if (!view) return;
    const hidden = this.#choices.hidden(this.wish, view);
    const plan = planPens(view, { kind: widget.kind, hidden, palette: this.#room.palette(), choice: this.#choice, all: this.#reader.listed });
    this.#seen = { widget, view, plan, hidden, log, ghost: this.#ghost(feed, widget) };
    this.points = view.times.length;
    this.#say(view.times.length ? "" : store.state.dashboard.frozen ? "No points are kept of this stretch of time." : "The first points are on their way.");
    this.#draw(this.#seen);
    this.#name_zone(to);
    // The crosshair stays where it is while the chart slides: its values are others now.
    this.show_cursor();
    this.#tell(false);
  }

  /** @param {number} t */
  #name_zone(t) {
    hide(this.#zone, !this.plot);
    const { utc } = this.#room.store.state;
    const [name, other] = [zoneName(t, utc), zoneName(t, !utc)];
    if (this.#zone.textContent === name) return;
    say(this.#zone, name);
    this.#zone.disabled = name === other;
    this.#zone.title = name === other ? `Times are ${name}` : `Times are ${name}; a click shows them in ${utc ? "this browser’s time" : "UTC"} (u)`;
  }

  /** What was drawn one window earlier, where that is asked for. @param {import("../joined.js").AnyFeed} feed @param {import("../model/types.js").LaidWidget} widget */
  #ghost(feed, widget) {
    const before = widget.kind === "line" || widget.kind === "stacked" ? this.#room.feeds.before() : null;
    const view = before && feed.view(this.wish, before.from, before.to);
    return before && view?.times.length ? { view, by: before.to - before.from } : null;
  }

  /** The chart in a sentence. @param {boolean} now */
  #tell(now) {
    const seen = this.#seen;
    if (!this.plot || !seen || (!now && Math.abs(this.edge - this.#told) < TOLD)) return;
    this.#told = this.edge;
    say(this.#about, summaryText(this.title, seen));
  }

  /** @param {import("../model/types.js").LaidWidget} widget @param {import("../model/rows.js").Rows} rows */
  #tell_rows(widget, rows) {
    this.#mount("rows");
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
    const known = findWidget(store.state, wish?.id ?? "");
    const part = known?.part ?? null;
    const alone = part !== null && wish?.options[part] !== undefined;
    const choose = (/** @type {string|null} */ value) => part !== null && store.do(part_chosen, { part, value });
    return new LiveTable(this.title, {
      rank: (column) => store.do(option_set, { wish: this.wish, name: "sort", value: column }),
      narrow: known?.picks ? (row) => store.do(container_chosen, row) : part !== null && !alone ? choose : null,
      widen: alone ? () => choose(null) : null,
    });
  }

  /** @param {string} kind @param {boolean} [log] */
  #mount(kind, log = false) {
    const name = log ? `${kind} log` : kind;
    if (name === this.#kind) return;
    this.plot?.destroy();
    this.#content?.node.remove();
    this.#kind = name;
    this.#range = null;
    if (kind === "rows") this.#content = this.#newTable();
    else if (kind === "table") this.#content = new Table();
    else if (kind === "value") this.#content = new Value();
    else this.#content = new Plot(this.#pointing.hands, () => this.#room.painter.mark(this), this.#about.id);
    this.node.dataset.kind = kind;
    this.#body.prepend(this.#content.node);
  }

  /** @param {Seen} seen */
  #draw({ view, plan, widget, ghost, log }) {
    if (this.#content instanceof Table) return this.#content.update(view, plan.plain, widget.unit === "%" ? 100 : null);
    if (this.#content instanceof Value) return this.#content.update(view, plan.plain);
    if (!(this.#content instanceof Plot)) return;
    // An empty frame says less than the words over it.
    if (!this.plot?.size.width || (!view.times.length && !this.#range)) return;
    const { store, feeds } = this.#room;
    const known = store.state.catalog.widgets.find(({ id }) => id === widget.id);
    const ends = known?.range ?? [widget.min ?? null, widget.max ?? null];
    const range = (this.#range = fitRange(this.#range, { view, plan, kind: widget.kind, ends, log, ghost }));
    const paper = { ...this.plot.size, palette: this.#room.palette(), utc: store.state.utc };
    const { pens, rest, limits, marks } = plan;
    const lines = widget.kind === "stacked" ? [totals(pens.map(({ index }) => view.columns[index]))] : undefined;
    this.#drawing = { view, paper, pens, rest, limits, marks, range, lines, seats: this.#seats, ghost };
    this.#content.draw(pictureOf(widget, this.#drawing), !store.state.dashboard.frozen || feeds.sway !== null);
  }

  /** Alone on the page, it lists all of its series. @param {boolean} on */
  set whole(on) {
    if (this.#whole === on) return;
    this.#whole = on;
    if (this.#reader.listed !== on) this.#list_all();
  }

  #list_all() {
    this.#reader.listed = !this.#reader.listed;
    this.node.classList.toggle("listed", this.#reader.listed);
    this.#room.painter.mark(this);
  }

  #names() {
    const { plan, view } = this.#seen ?? {};
    return plan?.plain.map((index) => view?.series[index].name ?? "") ?? [];
  }

  /** @param {string} text @param {string} [kind] */
  #say(text, kind = "") {
    hide(this.#message, !text);
    say(this.#message, text);
    this.node.classList.toggle("mute", text !== "" && !this.points);
    this.node.classList.toggle("cannot", kind === "cannot");
  }

  /** Crosshair, legend, numbers and tooltip as the cursor has it; called by the cursor too. */
  show_cursor() {
    if (!this.#seen) return;
    const { view } = this.#seen;
    const place = this.#room.cursor.at(view);
    this.plot?.cross(place?.share ?? null, place?.pinned);
    this.#reader.read({ ...this.#seen, range: this.#range, charted: this.plot !== null, row: place ? rowAt(view, place.t) : undefined });
    this.#pointing.show(place);
  }
}

export { Card };
