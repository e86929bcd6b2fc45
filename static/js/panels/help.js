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
  ["n", "narrow the dashboard to a container"],
  ["Space", "hold still, go live"],
  ["b", "burst: 10 points a second for 60 s of what is shown"],
  ["o", "several hosts side by side, or in one chart"],
  ["[  ]", "show less, more time"],
  ["i", "next interval"],
  ["← →", "held still: earlier, later; with Shift by half of what is shown"],
  ["+  -", "narrower, wider"],
  ["c", "compare with the time before"],
  ["u", "times in UTC, or in this browser’s zone"],
  ["t", "next theme"],
  ["j  k", "next, previous widget"],
  ["← →", "move the crosshair on the focused widget; with Shift by ten"],
  ["Enter", "pin the crosshair where it is; Esc lets go"],
  ["l", "the focused widget as lines, as areas, on a log scale"],
  ["v", "the focused widget as a table"],
  ["s", "where the focused widget’s numbers come from"],
  ["f", "the focused widget fills the page, and back"],
  ["Alt ← → ↑ ↓", "move the focused widget; with Shift its size"],
  ["x", "remove the focused widget"],
  ["Esc", "leave what is open"],
  ["?", "this help"],
];

const HINTS = [
  "The URL is the dashboard: send it, and others see the same hosts, widgets and time.",
  "Click a legend entry to hide a series, double click to see it alone.",
  "Drag over a chart to hold that stretch of time; double click goes back to live.",
  "Drag with Shift or the middle button, or turn a wheel sideways, to move through time on all charts.",
  "Click on a chart to pin the crosshair and its numbers to that second; click again to let go.",
  "On a log scale, zero and less stand on a floor that says so: a logarithm has no room for them.",
  "Drag a widget by its head to move it, by its corner to resize it. Back undoes that.",
  "A burst shows what a second hides: 10 points in each, kept for ten minutes; whoever looks at the host may look at it too.",
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
