/**
 * Stretches of time, moved and widened within what there is. Pure; seconds throughout.
 */

/** No stretch is shorter: a few points must be in it. */
const LEAST = 10;

/**
 * @typedef {import("./types.js").Span} Span
 * @typedef {{earliest: number, latest: number}} Bounds of what can be shown
 */

/** As it is where it lies outside already: what is held may have gone on since. @param {Span} span @param {Bounds} bounds @returns {Bounds} */
function around({ from, to }, { earliest, latest }) {
  return { earliest: Math.min(from, earliest), latest: Math.max(to, latest) };
}

/** Earlier or later, as wide as before. @param {Span} span @param {number} by @param {Bounds} bounds @returns {Span} */
function panned(span, by, bounds) {
  const { earliest, latest } = around(span, bounds);
  const moved = Math.max(earliest - span.from, Math.min(latest - span.to, by));
  return { from: span.from + moved, to: span.to + moved };
}

/** Wider or narrower by a factor around a second, which stays where it is. @param {Span} span @param {number} factor @param {number} at @param {Bounds} bounds @returns {Span} */
function zoomed(span, factor, at, bounds) {
  const { earliest, latest } = around(span, bounds);
  const before = span.to - span.from;
  const wide = Math.max(Math.min(LEAST, before), Math.min(latest - earliest, before * factor));
  const from = at - ((at - span.from) / before) * wide;
  const start = Math.max(earliest, Math.min(latest - wide, from));
  return { from: start, to: start + wide };
}

/** At whole seconds, as the URL has them, and as wide as before; at tenths where points are those. @param {Span} span @param {number} [interval] @returns {Span} */
function rounded({ from, to }, interval = 1) {
  const parts = interval < 1 ? 10 : 1;
  const start = Math.round(from * parts);
  return { from: start / parts, to: (start + Math.max(2, Math.round((to - from) * parts))) / parts };
}

/** The stretch of the same width before it. @param {Span} span @returns {Span} */
function former({ from, to }) {
  return { from: 2 * from - to, to: from };
}

export { former, panned, rounded, zoomed };
