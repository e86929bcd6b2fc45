/**
 * Colours of what is drawn, dark and light. Those of the page stand in css/theme.css;
 * the few that both need (card, grid, muted) are the same in both places.
 *
 * Series: Okabe and Ito's set, lifted for a dark ground and deepened for a light one.
 */

/**
 * @typedef {{card: string, grid: string, text: string, muted: string, band: string, rest: string,
 *   limit: string, series: string[], heat: [number, string][]}} Palette
 */

/** @type {Palette} */
const DARK = {
  card: "#171a21",
  grid: "#252a35",
  text: "#e6e9ef",
  muted: "#98a1b2",
  band: "rgba(152,161,178,0.13)",
  rest: "rgba(112,148,184,0.30)",
  limit: "#c9ced8",
  series: ["#56b4e9", "#e69f00", "#2bb58a", "#d98cc0", "#f0e442", "#e8743b", "#8fa8ff", "#a3a9b5"],
  heat: [
    [0, "#1b212b"],
    [0.2, "#1f3a4d"],
    [0.45, "#1f7a80"],
    [0.7, "#6fbf73"],
    [0.88, "#f0d85a"],
    [1, "#fff3a8"],
  ],
};

/** @type {Palette} */
const LIGHT = {
  card: "#ffffff",
  grid: "#e8eaee",
  text: "#1b1f27",
  muted: "#596273",
  band: "rgba(89,98,115,0.12)",
  rest: "rgba(60,100,140,0.26)",
  limit: "#3c4453",
  series: ["#0a6fb5", "#c27a00", "#0c8463", "#b04a90", "#857800", "#c4451c", "#4a5fd0", "#667085"],
  heat: [
    [0, "#f3f6f8"],
    [0.2, "#cfe3ea"],
    [0.45, "#74b8bd"],
    [0.7, "#2b7f8f"],
    [0.88, "#1d4f79"],
    [1, "#231f5c"],
  ],
};

const DASHES = ["solid", "dot", "dash", "dashdot"];

/**
 * Colour and dash of the n-th series; after the last colour they come again, dashed.
 * @param {Palette} palette
 * @param {number} n
 */
function penOf(palette, n) {
  const round = Math.floor(n / palette.series.length);
  return { color: palette.series[n % palette.series.length], dash: DASHES[round % DASHES.length] };
}

/** A colour with an alpha. @param {string} hex "#rrggbb" @param {number} alpha */
function faded(hex, alpha) {
  const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${parts.join(",")},${alpha})`;
}

export { DARK, LIGHT, faded, penOf };
