/**
 * Taking away what a card or the page shows: pictures, tables of numbers, text, links.
 * What is in them is told by widgets/takeaway.js and shot.js.
 */

import { notice_cleared, notice_given } from "../actions.js";
import { el } from "../dom.js";
import { chatText, csvText, fileName, jsonText } from "../model/export.js";
import { EVERY } from "../model/together.js";
import { encode } from "../model/url.js";
import { sheetOf } from "../widgets/takeaway.js";

/**
 * @typedef {import("../feeds.js").PageStore} PageStore
 * @typedef {import("../feeds.js").Feeds} Feeds
 * @typedef {import("../widgets/card.js").Card} Card
 * @typedef {import("../widgets/verdict.js").VerdictCard} VerdictCard
 * @typedef {import("./menu.js").Item} Item
 */

const SAID = 2500;

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  // The browser takes the file in its own time.
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/** Plain HTTP has no clipboard of its own; there the old way is left. @param {string} text */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const box = el("textarea", { class: "spoken", readonly: true });
  box.value = text;
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (!done) throw new Error("the browser did not let it");
}

class Takeaway {
  #store;
  #feeds;
  #linked;

  /** @param {PageStore} store @param {Feeds} feeds @param {boolean} [linked] whether a URL shows the same again */
  constructor(store, feeds, linked = true) {
    this.#store = store;
    this.#feeds = feeds;
    this.#linked = linked;
  }

  /** The part of a card's menu. @param {Card} card @returns {Item[]} */
  items(card) {
    const empty = sheetOf(card.shown) === null;
    return [
      { label: "Save as PNG", run: () => this.#picture(card), off: empty },
      { label: "Save as CSV", run: () => this.#file(card, "csv"), off: empty },
      { label: "Save as JSON", run: () => this.#file(card, "json"), off: empty },
      { label: "Copy as text", run: () => this.#copy(this.#text(card), "The text is copied."), off: empty },
      ...(this.#linked ? [{ label: "Copy link to this card", run: () => this.#copy(this.#link(card), "The link is copied.") }] : []),
    ];
  }

  /** A picture of all cards. @param {(Card|VerdictCard)[]} cards @param {HTMLElement} board */
  page(cards, board) {
    return this.#try("The picture could not be made", async () => {
      const { pageShot } = await import("../shot.js");
      const span = this.#feeds.span();
      download(await pageShot(cards, board, span), fileName("vectorpy", cards[0]?.where ?? "", span.to, "png"));
    });
  }

  /** @param {Card} card */
  #picture(card) {
    return this.#try("The picture could not be made", async () => {
      const { cardShot } = await import("../shot.js");
      const span = this.#feeds.span();
      download(await cardShot(card, span), fileName(card.wish, card.where, span.to, "png"));
    });
  }

  /** @param {Card} card @param {"csv"|"json"} kind */
  #file(card, kind) {
    const sheet = sheetOf(card.shown);
    if (!sheet) return;
    const [text, type] = kind === "csv" ? [csvText(sheet), "text/csv;charset=utf-8"] : [jsonText(sheet), "application/json"];
    download(new Blob([text], { type }), fileName(card.wish, card.where, sheet.to, kind));
  }

  /** @param {Card} card */
  #text(card) {
    const sheet = sheetOf(card.shown);
    if (!sheet) return "";
    return this.#linked ? `${chatText(sheet)}\n${this.#link(card)}` : chatText(sheet);
  }

  /** This card alone, without the page around it. @param {Card} card */
  #link(card) {
    const { dashboard } = this.#store.state;
    const hosts = card.host === EVERY ? dashboard.hosts : [card.host];
    const alone = { ...dashboard, hosts, preset: null, wishes: [card.wish], layout: null, full: null };
    return `${window.location.origin}/embed${encode(alone)}`;
  }

  /** @param {string} text @param {string} said */
  #copy(text, said) {
    return this.#try("It could not be copied", async () => {
      await copy(text);
      this.#store.do(notice_given, { key: "taken", kind: "note", text: said });
      setTimeout(() => this.#store.do(notice_cleared, "taken"), SAID);
    });
  }

  /** @param {string} what @param {() => Promise<void>} act */
  async #try(what, act) {
    try {
      await act();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#store.do(notice_given, { key: "taken", kind: "error", text: `${what}: ${why}.`, hint: "Save as CSV, or take a picture of the screen." });
    }
  }
}

export { Takeaway, download };
