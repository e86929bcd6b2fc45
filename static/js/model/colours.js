/**
 * Colours of what is drawn, dark and light. Those of the page stand in css/theme.css;
 * the few that both need (card, grid, muted) are the same in both places.
 *
 * Series: Okabe and Ito's set, lifted for a dark ground and deepened for a light one.
 */

/**
 * @typedef {{card: string, grid: string, text: string, muted: string, band: string, rest: string,
 *   ghost: string, limit: string, series: string[], heat: [number, string][], width: number, strong: boolean}} Palette
 *   width: of lines, in pixels; strong: series differ by dashes too, areas have edges
 */

/** @type {Palette} */
const DARK = {
  card: "#171a21",
  grid: "#252a35",
  text: "#e6e9ef",
  muted: "#98a1b2",
  band: "rgba(152,161,178,0.13)",
  rest: "rgba(112,148,184,0.30)",
  ghost: "rgba(230,233,239,0.75)",
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
  width: 1.5,
  strong: false,
};

/** @type {Palette} */
const LIGHT = {
  card: "#ffffff",
  grid: "#e8eaee",
  text: "#1b1f27",
  muted: "#596273",
  band: "rgba(89,98,115,0.12)",
  rest: "rgba(60,100,140,0.26)",
  ghost: "rgba(27,31,39,0.75)",
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
  width: 1.5,
  strong: false,
};

/** @type {Palette} */
const CONTRAST = {
  card: "#000000",
  grid: "#5c5c5c",
  text: "#ffffff",
  muted: "#e2e2e2",
  band: "rgba(255,255,255,0.22)",
  rest: "rgba(190,190,190,0.60)",
  ghost: "rgba(255,255,255,0.9)",
  limit: "#ffffff",
  series: ["#5cc8ff", "#ffb000", "#3ce6a8", "#ff9ed8", "#fff04a", "#ff8a5c", "#b8c4ff", "#e0e0e0"],
  heat: [
    [0, "#101820"],
    [0.2, "#1f4a66"],
    [0.45, "#1f8f96"],
    [0.7, "#7fd683"],
    [0.88, "#ffe45a"],
    [1, "#ffffff"],
  ],
  width: 2.25,
  strong: true,
};

/** @type {Palette} */
const CONTRAST_LIGHT = {
  card: "#ffffff",
  grid: "#8c8c8c",
  text: "#000000",
  muted: "#2b2b2b",
  band: "rgba(0,0,0,0.2)",
  rest: "rgba(70,70,70,0.55)",
  ghost: "rgba(0,0,0,0.9)",
  limit: "#000000",
  series: ["#004f8c", "#7a4500", "#005c42", "#85186b", "#5c5200", "#9c2400", "#2a3ab0", "#444444"],
  heat: [
    [0, "#f5f5f5"],
    [0.2, "#b7d3de"],
    [0.45, "#5a9aa5"],
    [0.7, "#1d6475"],
    [0.88, "#123a63"],
    [1, "#0a0a33"],
  ],
  width: 2.25,
  strong: true,
};

const DASHES = ["solid", "dot", "dash", "dashdot"];

/**
 * Colour and dash of the n-th series; after the last colour they come again, dashed. In high
 * contrast neighbours differ by their dash from the first on.
 * @param {Palette} palette
 * @param {number} n
 */
function penOf(palette, n) {
  const round = Math.floor(n / palette.series.length);
  return { color: palette.series[n % palette.series.length], dash: DASHES[(palette.strong ? n + round : round) % DASHES.length] };
}

/** A colour with an alpha. @param {string} hex "#rrggbb" @param {number} alpha */
function faded(hex, alpha) {
  const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${parts.join(",")},${alpha})`;
}

export { CONTRAST, CONTRAST_LIGHT, DARK, LIGHT, faded, penOf };
