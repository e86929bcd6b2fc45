/**
 * Help: the shortcuts, and what the page can do, in a dialog.
 */

import { el } from "../dom.js";
import { openDialog } from "./dialog.js";

const KEYS = [
  ["/", "type a host"],
  ["w", "choose widgets"],
  ["m", "all metrics of the host, and charts of them"],
  ["p", "choose a preset"],
  ["Space", "hold still, go live"],
  ["[  ]", "show less, more time"],
  ["i", "next interval"],
  ["t", "next theme"],
  ["j  k", "next, previous widget"],
  ["← →", "move the crosshair on the focused widget; with Shift by ten"],
  ["s", "where the focused widget’s numbers come from"],
  ["Alt ← →", "move the focused widget"],
  ["x", "remove the focused widget"],
  ["Esc", "leave what is open"],
  ["?", "this help"],
];

const HINTS = [
  "The URL is the dashboard: send it, and others see the same hosts, widgets and time.",
  "Click a legend entry to hide a series, double click to see it alone.",
  "Drag over a chart to hold that stretch of time; double click goes back to live.",
  "Grey bands have no data. They are never drawn as zero.",
];

function openHelp() {
  openDialog(
    "Help",
    "help",
    el("dl", { class: "keys" }, ...KEYS.flatMap(([keys, text]) => [el("dt", {}, ...keys.split("  ").map((key) => el("kbd", {}, key))), el("dd", {}, text)])),
    el("ul", { class: "hints" }, ...HINTS.map((text) => el("li", {}, text))),
  );
}

export { openHelp };
