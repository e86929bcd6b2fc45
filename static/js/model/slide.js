/**
 * How a drawn stretch of time slides on: by how many pixels its picture moves, and which strip
 * at the right must be drawn anew. Pure; all widths in pixels of the screen.
 *
 * Pictures move by whole pixels only. All points stand at places counted from the second at
 * which the picture was last drawn whole, so that what is rounded never adds up: a line is never
 * more than half a pixel from its place, and its pieces meet exactly.
 */

/** Pixels that a line may reach over its points: half its width, and its mitres. */
const REACH = 3;
/** A wider strip is no gain: the whole is drawn instead. */
const WIDEST = 0.5;

/**
 * @typedef {{key: string, from: number, to: number, last: number, interval: number, bucket: number}} Stretch
 *   key: all that old pixels depend on; last: the newest row's time; bucket: seconds of one thinned point
 * @typedef {{key: string, origin: number, shifted: number, to: number, last: number}} Place
 *   origin: right end when it was last drawn whole; shifted: pixels since then
 * @typedef {{place: Place, by: number, clip: number, since: number}} Step
 *   by: pixels to move to the left; clip: the strip's left edge; since: rows needed for the strip;
 *   where all is to be drawn, clip is 0 and since -Infinity
 */

/**
 * @param {Place|null} before
 * @param {Stretch} now
 * @param {number} width of the plot
 * @param {number} ratio pixels of the screen per CSS pixel
 * @returns {Step}
 */
function slide(before, now, width, ratio) {
  const { key, from, to, last } = now;
  const whole = { place: { key, origin: to, shifted: 0, to, last }, by: 0, clip: 0, since: -Infinity };
  if (!before || before.key !== key || to < before.to || last < before.last || !(to > from)) return whole;
  const scale = width / (to - from);
  const shifted = Math.round((to - before.origin) * scale);
  const by = shifted - before.shifted;
  const dash = Math.max(now.interval / 2, now.bucket * 0.75);
  const at = (/** @type {number} */ t) => width - (before.origin - t) * scale - shifted;
  const old = last > before.last ? at(opened(before.last, now) - dash) - REACH * ratio : width;
  const clip = Math.floor(Math.min(width - by, old));
  if (clip < width * WIDEST) return whole;
  // A line's piece that ends in the strip may begin one row, or one bucket, before it.
  const edge = before.origin - (width - shifted - clip + REACH * ratio) / scale;
  const since = opened(edge - 2 * dash - 2 * now.interval, now);
  return { place: { key, origin: before.origin, shifted, to, last }, by, clip, since };
}

/** Start of the bucket that `t` stands in, and of the one before: the newest was not yet full. @param {number} t @param {Stretch} now */
function opened(t, { bucket, interval }) {
  return bucket > 2 * interval ? (Math.floor(t / bucket) - 1) * bucket : t;
}

/** Where times and values stand on the canvas. @param {Place} place @param {Stretch} now @param {{low: number, high: number}} range @param {number} width @param {number} height */
function scaleOf(place, { from, to }, { low, high }, width, height) {
  const perSecond = width / (to - from);
  const perUnit = height / (high - low);
  const left = width - place.origin * perSecond - place.shifted;
  return {
    x: (/** @type {number} */ t) => left + t * perSecond,
    y: (/** @type {number} */ value) => height - (value - low) * perUnit,
  };
}

export { scaleOf, slide };
