/**
 * Pictures of cards and of the page, to be saved: the chart by Plotly, the words around it by
 * our own hand, since on the page they are HTML. Colours and letters are those of the page.
 */

import { imageOf } from "./chart.js";
import { chatText, utcText } from "./model/export.js";
import { legendOf, sheetOf } from "./widgets/takeaway.js";

const SCALE = 2;
/** No side of a canvas may be longer, in pixels of the picture. */
const LONGEST = 16000;
const PAD = 12;
const LINE = 18;

/** @typedef {import("./widgets/card.js").Card} Card */
/** @typedef {import("./widgets/verdict.js").VerdictCard} VerdictCard */

/** @param {Element} node @param {string} name */
function colour(node, name) {
  return getComputedStyle(node).getPropertyValue(name).trim();
}

class Brush {
  #pen;
  #node;
  #family;

  /** @param {CanvasRenderingContext2D} pen @param {Element} node whose colours and letters are taken */
  constructor(pen, node) {
    this.#pen = pen;
    this.#node = node;
    this.#family = getComputedStyle(node).fontFamily;
  }

  /** @param {string} text @param {number} x @param {number} y @param {{size?: number, weight?: number, ink?: string, most?: number, mono?: boolean, right?: boolean}} [how] @returns {number} its width */
  text(text, x, y, { size = 12, weight = 400, ink = "--text", most = Infinity, mono = false, right = false } = {}) {
    const pen = this.#pen;
    pen.font = `${weight} ${size}px ${mono ? "ui-monospace, monospace" : this.#family}`;
    pen.fillStyle = colour(this.#node, ink);
    pen.textAlign = right ? "right" : "left";
    const shown = this.#cut(text, most);
    pen.fillText(shown, x, y);
    return pen.measureText(shown).width;
  }

  /** @param {string} text @param {number} size */
  width(text, size) {
    this.#pen.font = `400 ${size}px ${this.#family}`;
    return this.#pen.measureText(text).width;
  }

  /** @param {string} text @param {number} most */
  #cut(text, most) {
    if (this.#pen.measureText(text).width <= most) return text;
    let end = text.length;
    while (end > 1 && this.#pen.measureText(`${text.slice(0, end)}…`).width > most) end -= 1;
    return `${text.slice(0, end)}…`;
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} ink */
  box(x, y, width, height, ink) {
    this.#pen.fillStyle = ink.startsWith("--") ? colour(this.#node, ink) : ink;
    this.#pen.fillRect(x, y, width, height);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  frame(x, y, width, height) {
    this.#pen.strokeStyle = colour(this.#node, "--line");
    this.#pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  }

  /** @param {CanvasImageSource} image @param {number} x @param {number} y @param {number} width @param {number} height */
  image(image, x, y, width, height) {
    this.#pen.drawImage(image, x, y, width, height);
  }
}

/** @param {Card|VerdictCard} card */
function sizeOf(card) {
  const { width, height } = card.node.getBoundingClientRect();
  return { width: Math.round(width), height: Math.round(height) };
}

/** A card at a place of a picture. @param {Brush} brush @param {Card|VerdictCard} card @param {number} x @param {number} y @param {string} [place] host, where it does not stand elsewhere */
async function drawCard(brush, card, x, y, place = "") {
  const { width, height } = sizeOf(card);
  brush.box(x, y, width, height, "--card");
  brush.frame(x, y, width, height);
  if (!("shown" in card)) return verdict(brush, card, x, y, width);
  const { words } = card.shown;
  const left = x + PAD;
  const inner = width - 2 * PAD;
  const title = brush.text(words.title, left, y + 22, { size: 13, weight: 600, most: inner });
  brush.text([words.unit, place].filter(Boolean).join(" · "), left + title + 8, y + 22, { ink: "--muted", most: inner - title - 8 });
  if (words.now) brush.text(words.now, x + width - PAD, y + 22, { weight: 600, right: true });
  const figure = card.picture;
  const box = card.plot?.node.getBoundingClientRect();
  if (figure && box) {
    const corner = card.node.getBoundingClientRect();
    brush.image(await imageOf(figure, box.width, box.height, SCALE), x + box.left - corner.left, y + box.top - corner.top, box.width, box.height);
    legend(brush, card, left, y + (box.bottom - corner.top) + 14, inner);
  } else lines(brush, card, left, y + 46, inner, height - 52);
}

/** As many entries as one line has room for. @param {Brush} brush @param {Card} card @param {number} left @param {number} y @param {number} inner */
function legend(brush, card, left, y, inner) {
  let x = left;
  const entries = legendOf(card.shown);
  for (const [n, { name, color, text }] of entries.entries()) {
    const wide = (color ? 14 : 0) + brush.width(`${name}  ${text}`, 11) + 12;
    if (x + wide > left + inner) {
      brush.text(`and ${entries.length - n} more`, x, y, { size: 11, ink: "--muted", most: left + inner - x });
      return;
    }
    if (color) brush.box(x, y - 5, 10, 3, color);
    const at = x + (color ? 14 : 0);
    brush.text(text, at + brush.text(`${name}  `, at, y, { size: 11, ink: "--muted" }), y, { size: 11 });
    x += wide;
  }
}

/** A table or a message, as lines of text. @param {Brush} brush @param {Card} card @param {number} x @param {number} y @param {number} most @param {number} room */
function lines(brush, card, x, y, most, room) {
  const sheet = sheetOf(card.shown);
  const message = card.node.querySelector(".card-message:not([hidden])")?.textContent ?? "";
  const texts = sheet ? chatText(sheet).split("\n").slice(1) : [message || (card.node.querySelector(".card-body")?.textContent ?? "")];
  texts.slice(0, Math.floor(room / LINE)).forEach((text, n) => brush.text(text, x, y + n * LINE, { size: 11.5, most, mono: sheet !== null }));
}

/** The verdict's cells in words, as they stand. @param {Brush} brush @param {VerdictCard} card @param {number} x @param {number} y @param {number} width */
function verdict(brush, card, x, y, width) {
  const corner = card.node.getBoundingClientRect();
  for (const cell of card.node.querySelectorAll(".verdict-cell")) {
    const box = cell.getBoundingClientRect();
    const left = x + box.left - corner.left;
    const most = Math.min(box.width, x + width - left) - 6;
    brush.text(cell.querySelector(".spoken")?.textContent ?? "", left + 4, y + box.top - corner.top + 14, { size: 11, most });
  }
}

/** @param {number} width @param {number} height @param {Element} node */
function paper(width, height, node) {
  const scale = Math.min(SCALE, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(scale, scale);
  return { canvas, brush: new Brush(pen, node) };
}

/** @param {number} from @param {number} to */
function spanText(from, to) {
  return `${utcText(from).replace("T", " ").replace("Z", "")} to ${utcText(to).slice(11, -1)} UTC`;
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
function blobOf(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser could not make the picture."))), "image/png");
  });
}

/** One card with its host and time below it. @param {Card} card @param {{from: number, to: number}} span */
async function cardShot(card, span) {
  const { width, height } = sizeOf(card);
  const { canvas, brush } = paper(width, height + 26, document.body);
  brush.box(0, 0, width, height + 26, "--ground");
  await drawCard(brush, card, 0, 0);
  brush.text(`${card.where} · ${spanText(span.from, span.to)} · vectorpy`, PAD, height + 17, { size: 11, ink: "--muted", most: width - 2 * PAD });
  return blobOf(canvas);
}

/** All cards where they stand. @param {(Card|VerdictCard)[]} cards @param {HTMLElement} board @param {{from: number, to: number}} span */
async function pageShot(cards, board, span) {
  const ground = board.getBoundingClientRect();
  const top = 40;
  const { canvas, brush } = paper(ground.width, ground.height + top, document.body);
  brush.box(0, 0, ground.width, ground.height + top, "--ground");
  const hosts = [...new Set(cards.map(({ where }) => where))];
  const name = brush.text("vectorpy", PAD, 25, { size: 14, weight: 700 });
  brush.text(`${hosts.join(", ")} · ${spanText(span.from, span.to)}`, PAD + name + 12, 25, { ink: "--muted", most: ground.width - name - 40 });
  for (const head of board.querySelectorAll(".host")) {
    const box = head.getBoundingClientRect();
    const words = [...head.querySelectorAll(":scope span, :scope h2")].filter((one) => !one.childElementCount).map((one) => one.textContent);
    const [host, ...rest] = words.filter(Boolean);
    const wide = brush.text(host ?? "", box.left - ground.left, box.top - ground.top + top + 20, { size: 13, weight: 600 });
    brush.text(rest.join(" · "), box.left - ground.left + wide + 10, box.top - ground.top + top + 20, { ink: "--muted", most: box.width - wide - 10 });
  }
  for (const head of board.querySelectorAll(".group-head:not([hidden])")) {
    const box = head.getBoundingClientRect();
    brush.text((head.textContent ?? "").trim(), box.left - ground.left + 6, box.top - ground.top + top + 20, { size: 13, weight: 600 });
  }
  for (const card of cards) {
    const box = card.node.getBoundingClientRect();
    // Of those that are not drawn now there is no picture.
    if (!box.width) continue;
    await drawCard(brush, card, box.left - ground.left, box.top - ground.top + top, hosts.length > 1 ? card.where : "");
  }
  return blobOf(canvas);
}

export { cardShot, pageShot };
