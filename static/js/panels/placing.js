/**
 * Moving and resizing a card by buttons, for fingers and for whoever does not know the keys: a
 * small bar at the foot of the window that stays until it is closed.
 */

import { el, icon } from "../dom.js";
import { narrow } from "./arrange.js";
import { stepCard } from "./layoutmenu.js";

/** @typedef {import("../model/layout.js").Way|import("../model/layout.js").Growth} Step */

/** @type {[Step, string, string][]} */
const MOVES = [["left", "\u2190", "Move left"], ["right", "\u2192", "Move right"], ["up", "\u2191", "Move up"], ["down", "\u2193", "Move down"]];
/** @type {[Step, string, string][]} */
const SIZES = [["narrower", "\u2212", "Narrower"], ["wider", "+", "Wider"], ["shorter", "\u2212", "Shorter"], ["taller", "+", "Taller"]];

/** @type {HTMLElement|null} */
let shown = null;

/** @param {import("./board.js").Board} board @param {import("../widgets/card.js").Card} card */
function openPlacing(board, card) {
  shown?.remove();
  const close = () => {
    bar.remove();
    card.node.classList.remove("picked");
    if (card.node.isConnected) card.node.focus();
  };
  const button = (/** @type {[Step, string, string]} */ [step, sign, name]) =>
    el("button", { type: "button", class: "icon-button", "aria-label": name, title: name, onclick: () => stepCard(board, card.node, step) }, sign);
  const listed = narrow() || document.body.style.getPropertyValue("--hosts") !== "1";
  const moves = MOVES.filter(([step]) => !listed || step === "up" || step === "down");
  const [wide, high] = [SIZES.slice(0, 2), SIZES.slice(2)];
  const bar = el(
    "div",
    {
      class: "placing",
      role: "toolbar",
      "aria-label": `Move or resize ${card.title}`,
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      },
    },
    el("b", {}, card.title),
    el("span", { class: "placing-part" }, ...moves.map(button)),
    !listed && el("span", { class: "placing-part" }, el("span", { class: "quiet" }, "Width"), ...wide.map(button)),
    el("span", { class: "placing-part" }, el("span", { class: "quiet" }, "Height"), ...high.map(button)),
    el("button", { type: "button", class: "button", onclick: close }, icon("check"), "Done"),
  );
  shown = bar;
  for (const one of document.querySelectorAll(".card.picked")) one.classList.remove("picked");
  card.node.classList.add("picked");
  document.body.append(bar);
  card.node.scrollIntoView({ block: "nearest" });
  bar.querySelector("button")?.focus();
}

export { openPlacing };
