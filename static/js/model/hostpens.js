/**
 * Colours of hosts that stand in one chart: sixteen, by the hosts' order. The first eight are those
 * of series; the next eight are the same hues, paler on a dark ground and deeper on a light one,
 * and dashed, so that nobody needs the colour alone. Pure.
 */

import { penOf } from "./colours.js";

/** How much of the page's ink is in the second eight. */
const MIX = 0.38;

/** @param {string} hex "#rrggbb" */
function parts(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** @param {string} one @param {string} other @param {number} share of the other */
function mixed(one, other, share) {
  const to = parts(other);
  const text = parts(one).map((value, n) => Math.round(value + (to[n] - value) * share).toString(16).padStart(2, "0"));
  return `#${text.join("")}`;
}

/**
 * @param {import("./colours.js").Palette} palette
 * @param {number} n place of the host among those of the page
 */
function hostPen(palette, n) {
  const { series, text } = palette;
  // In high contrast dashes tell them apart from the first on.
  if (palette.strong) return penOf(palette, n);
  const hue = series[n % series.length];
  return n < series.length ? { color: hue, dash: "solid" } : { color: mixed(hue, text, MIX), dash: "dash" };
}

export { hostPen };
