/**
 * The strip of four resources by utilization, saturation and errors: a card with the face of
 * widgets/card.js, of words instead of points. A click on a cell leads to the widget that shows it.
 */

import { el, fill, icon, say } from "../dom.js";
import { widget_revealed } from "../layouts.js";
import { hostTitle } from "../model/hosts.js";
import { ASPECTS, NAMES, RESOURCES, cellAt, cellsOf, news, sentence } from "../model/verdict.js";
import { EVERY } from "../model/together.js";
import { parseWish } from "../model/wish.js";
import { Badge } from "./badge.js";

/** @typedef {import("../model/verdict.js").Cell} Cell */
/** @typedef {import("./card.js").Card} Card */

const ICONS = /** @type {Record<string, string>} */ ({ guilty: "guilty", watch: "watch", fine: "check", unknown: "clock", unmeasured: "note" });

/** One cell: a button with icon, aspect, state and evidence. */
class CellButton {
  #mark = el("span", { class: "verdict-mark" });
  #word = el("b", {});
  #text = el("span", { class: "verdict-text" });
  #held = el("span", { class: "verdict-held" });
  /** For those who hear it: the parts are made for the eye. */
  #said = el("span", { class: "spoken" });
  widget = "";
  state = "";

  /** @param {string} aspect @param {() => void} go */
  constructor(aspect, go) {
    const name = el("span", { class: "verdict-aspect" }, NAMES[aspect]);
    this.node = el("button", { type: "button", class: "verdict-cell", tabindex: "-1", onclick: go }, this.#said, el("span", { class: "verdict-words", "aria-hidden": "true" }, this.#mark, name, this.#word, this.#text, this.#held));
  }

  /** @param {Cell} cell */
  show(cell) {
    this.widget = cell.widget;
    if (this.state !== cell.state) {
      this.state = this.node.dataset.state = cell.state;
      fill(this.#mark, icon(ICONS[cell.state]));
    }
    say(this.#word, cell.word);
    say(this.#text, cell.text);
    say(this.#held, cell.held);
    const words = sentence(cell);
    say(this.#said, words);
    if (this.node.title !== words) this.node.title = words;
  }
}

class VerdictCard {
  #room;
  #of = el("span", { class: "spoken" });
  #host = el("span", {});
  #spoken = el("p", { class: "spoken", role: "status" });
  #message = el("p", { class: "verdict-message quiet", hidden: true });
  #badge = new Badge();
  #list;
  /** @type {CellButton[]} */
  #buttons = [];
  /** @type {Cell[]} */
  #cells = [];
  #at = 0;
  /** No chart of this card is saved or exported. */
  plot = null;
  title = "Verdict";
  /** Right end of what was drawn last. */
  edge = 0;

  /** @param {string} wish @param {string} host @param {import("./card.js").Room} room */
  constructor(wish, host, room) {
    this.wish = wish;
    this.host = host;
    this.#room = room;
    const menu = el(
      "button",
      { type: "button", class: "icon-button card-menu", "aria-label": "Menu of this widget", "aria-haspopup": "menu", onclick: () => room.open_menu(/** @type {Card} */ (/** @type {unknown} */ (this)), menu) },
      icon("more"),
    );
    this.#list = el("ul", { class: "verdict", onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event) }, ...RESOURCES.map((resource) => this.#resource(resource)));
    this.#buttons[0].node.tabIndex = 0;
    this.node = el(
      "section",
      { class: "card", tabindex: "0", "data-wish": wish, "data-host": host, "data-kind": "verdict" },
      el("h3", { class: "verdict-name spoken" }, el("span", { class: "spoken" }, "Verdict"), this.#of, this.#host),
      this.#list,
      this.#message,
      this.#badge.node,
      menu,
      this.#spoken,
    );
    this.name("", "", false);
  }

  /** @param {string} resource */
  #resource(resource) {
    const cells = ASPECTS.map((aspect) => {
      const button = new CellButton(aspect, () => this.#go(button));
      this.#buttons.push(button);
      return el("li", {}, button.node);
    });
    return el("li", { class: "verdict-resource", "data-resource": resource }, el("h4", {}, NAMES[resource]), el("ul", { "aria-label": NAMES[resource] }, ...cells));
  }

  /** As other cards; it stands below its host's head. @param {string} title @param {string} unit @param {boolean} many */
  name(title, unit, many) {
    this.title = title || "Verdict";
    this.name_host(many);
    this.node.setAttribute("aria-label", `${this.title}, host ${this.host}`);
  }

  get where() {
    return this.host;
  }

  name_host(many = this.#host.textContent !== "") {
    say(this.#of, many ? " of " : "");
    say(this.#host, many ? hostTitle(this.host, this.#room.store.state.hosts[this.host]) : "");
  }

  destroy() {
    this.node.remove();
  }

  show_cursor() {
    // It has no time axis.
  }

  /** Writes what is known now. */
  paint() {
    const { store, feeds } = this.#room;
    this.edge = feeds.span().to;
    this.#badge.show(store.state, this.wish);
    const feed = feeds.get(this.host);
    const reason = feed?.place(this.wish)?.widget.reason ?? "";
    this.#list.hidden = Boolean(reason);
    this.#message.hidden = !reason;
    say(this.#message, reason);
    const rows = feed?.table(this.wish) ?? null;
    const { frozen, interval } = store.state.dashboard;
    // Held still, it stays as it was: its words are of the last second that came.
    const now = frozen ? Math.max(frozen.to, rows?.seq ?? 0) : feeds.clock.time(feeds.now());
    const cells = cellsOf(rows, now, frozen ? now : (feed?.last ?? 0), interval);
    cells.forEach((cell, n) => this.#buttons[n].show(cell));
    const words = news(this.#cells, cells);
    if (words) say(this.#spoken, `${hostTitle(this.host, store.state.hosts[this.host])}: ${words}`);
    this.#cells = cells;
  }

  /** Arrow keys go from cell to cell; one of them is a stop of Tab. @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const from = this.#buttons.findIndex(({ node }) => node === event.target);
    const to = from < 0 ? null : cellAt(from, event.key);
    if (to === null) return;
    this.#buttons[this.#at].node.tabIndex = -1;
    this.#at = to;
    this.#buttons[to].node.tabIndex = 0;
    this.#buttons[to].node.focus();
    event.preventDefault();
  }

  /** To the widget that shows a cell; it is added where it is not on the page. @param {CellButton} button */
  #go(button) {
    if (!button.widget) return;
    this.#room.store.do(widget_revealed, button.widget);
    const card = this.#card(button.widget);
    if (!card) return;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  }

  /** The card of a widget on the same host. @param {string} id @returns {HTMLElement|null} */
  #card(id) {
    const cards = /** @type {HTMLElement[]} */ ([...(this.node.closest(".board")?.querySelectorAll(".card") ?? [])]);
    return cards.find((card) => [this.host, EVERY].includes(card.dataset.host ?? "") && parseWish(card.dataset.wish ?? "")?.id === id) ?? null;
  }
}

export { VerdictCard };
