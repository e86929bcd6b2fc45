/**
 * Charts with a logarithmic scale: the range in decades, its ticks, and a drawing whose values
 * are logarithms, so that whoever draws it draws straight lines as ever. Pure.
 *
 * Zero and what is below it have no logarithm. They are drawn on a floor under the lowest decade,
 * where a tick says so: "0", "≤ 0", or "< 1 ns" where positive numbers lie there too. A gap stays a gap.
 */

import { fixed, formatLimit, scaleOf } from "./units.js";

/** More decades would leave none of them any room. */
const DEEPEST = 9;
/** Where nothing is above zero, the scale has one step from here. */
const LEAST = /** @type {Record<string, number>} */ ({ "%": 1, B: 1024, "B/s": 1024, s: 0.001 });
/** Share of the scale between the lowest decade and the floor, and under the floor. */
const FLOOR = 0.15;
const UNDER = 0.03;
/** The top and the bottom follow when they are so many decades too far. */
const SHRINK = 0.6;

/**
 * @typedef {import("./range.js").Range} Range
 * @typedef {{bottom: number, floor: number, words: string, floored: boolean}} Log
 *   bottom: logarithm of the lowest tick; floor: where zero stands; floored: whether there is a floor
 */

/** @param {string} unit */
function binary(unit) {
  return unit === "B" || unit === "B/s";
}

/** Logarithm of the round number at or above `value`. @param {number} value @param {string} unit */
function above(value, unit) {
  if (binary(unit)) return Math.ceil(Math.log2(value) - 1e-9) * Math.log10(2);
  const decade = Math.floor(Math.log10(value));
  const times = [1, 2, 5, 10].find((one) => one * 10 ** decade >= value * 0.9999) ?? 10;
  return decade + Math.log10(times);
}

/** Logarithm of the decade at or below `value`; of bytes, of the power of 32. @param {number} value @param {string} unit */
function below(value, unit) {
  const step = binary(unit) ? Math.log10(32) : 1;
  return Math.floor(Math.log10(value) / step + 1e-9) * step;
}

/** What a log scale must know of the values. @param {ArrayLike<number>[]} columns */
function spread(columns) {
  let least = Infinity;
  let most = -Infinity;
  let lowest = Infinity;
  for (const column of columns) {
    for (let i = 0; i < column.length; i += 1) {
      const value = column[i];
      if (value > most) most = value;
      if (value < lowest) lowest = value;
      if (value > 0 && value < least) least = value;
    }
  }
  return most === -Infinity ? null : { least, most, lowest };
}

/**
 * The range in decades, with hysteresis: it grows at once and shrinks late.
 * @param {Range|null} before
 * @param {{least: number, most: number, lowest: number}|null} data of `spread`; null where nothing is
 * @param {{unit: string, max?: number|null}} rules
 * @returns {Range}
 */
function logRange(before, data, { unit, max }) {
  if (!data && before?.log) return before;
  const least = LEAST[unit] ?? 1;
  const { most, lowest } = data ?? { most: 0, lowest: 1 };
  const top = most > 0 ? most : 2 * least;
  const fixedEnd = typeof max === "number" && top <= max * 1.05;
  let high = fixedEnd ? Math.log10(max * 1.03) : above(top * 1.04, unit);
  let bottom = Math.max(below(data && most > 0 ? data.least : least, unit), below(10 ** (high - DEEPEST), unit));
  if (high - bottom < 1) bottom = below(10 ** (high - 1), unit);
  if (before?.log) {
    if (!fixedEnd && high < before.high && before.high - high < SHRINK) high = before.high;
    const kept = before.log.bottom;
    if (bottom > kept && bottom - kept < 1 + SHRINK) bottom = kept;
  }
  const hidden = data !== null && data.least < 10 ** bottom * 0.9999;
  const floored = lowest <= 0 || hidden || (before?.log?.floored ?? false);
  const span = high - bottom;
  const floor = floored ? bottom - span * FLOOR : bottom;
  const words = hidden ? `< ${tickText(10 ** bottom, unit)}` : lowest < 0 ? "≤ 0" : "0";
  return { low: floor - span * UNDER, high, log: { bottom, floor, words, floored } };
}

/** Sets of round numbers, the densest first. @param {number} low @param {number} high @param {string} unit @returns {number[][]} */
function ladders(low, high, unit) {
  const range = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ step) => {
    const found = [];
    for (let n = Math.ceil(from / step - 1e-9) * step; n <= to + 1e-9; n += step) found.push(n);
    return found;
  };
  if (binary(unit)) {
    const [from, to] = [low, high].map((one) => one / Math.log10(2));
    return [1, 2, 5, 10, 20].map((step) => range(from, to, step).map((n) => 2 ** n));
  }
  const decades = (/** @type {number} */ step) => range(low, high, step).map((n) => Number(`1e${n}`));
  const finer = range(Math.floor(low), high, 1).flatMap((n) => [1, 2, 5].map((times) => Number(`${times}e${n}`)));
  const inside = finer.filter((value) => Math.log10(value) >= low - 1e-9 && Math.log10(value) <= high + 1e-9);
  return [inside, decades(1), decades(2), decades(3)];
}

/** @param {number} value @param {string} unit */
function tickText(value, unit) {
  // 1000 s are no round number of minutes.
  const { factor, suffix } = unit === "s" && value >= 1 ? { factor: 1, suffix: " s" } : scaleOf(unit, value);
  const scaled = value / factor;
  return fixed(scaled, scaled >= 1 ? 0 : Math.min(9, Math.ceil(-Math.log10(scaled) - 1e-9))) + suffix;
}

/**
 * Ticks at logarithms, named by their numbers; the floor's name comes first.
 * @param {Range} range
 * @param {string} unit
 * @param {number} count about how many
 * @returns {import("./ticks.js").Ticks}
 */
function logTicks({ high, log }, unit, count) {
  const { bottom, floor, words, floored } = /** @type {Log} */ (log);
  const all = ladders(bottom, high, unit);
  const chosen = all.find((one) => one.length <= count + 1) ?? all[all.length - 1];
  return {
    values: [...(floored ? [floor] : []), ...chosen.map(Math.log10)],
    texts: [...(floored ? [words] : []), ...chosen.map((value) => tickText(value, unit))],
  };
}

/** Logarithms of a column; what has none, and what is under the lowest tick, stands on the floor. @param {Float64Array} column @param {Log} log */
function logged(column, { bottom, floor }) {
  const least = 10 ** bottom * 0.9999;
  return column.map((value) => (value !== value ? NaN : value < least ? floor : Math.log10(value)));
}

/**
 * The drawing with logarithms for values. Columns that are not drawn as lines stay.
 * @param {import("./figures.js").Drawing} drawing whose range is of logRange
 * @returns {import("./figures.js").Drawing}
 */
function logDrawing(drawing) {
  const { view, pens, rest, limits, range, ghost } = drawing;
  const log = /** @type {Log} */ (range.log);
  const drawn = new Set([...pens.map(({ index }) => index), ...rest]);
  const turned = (/** @type {import("./types.js").View} */ one) => ({ ...one, columns: one.columns.map((column, n) => (drawn.has(n) ? logged(column, log) : column)) });
  return {
    ...drawing,
    view: turned(view),
    limits: limits.filter(({ value }) => value > 0).map(({ name, value }) => ({ name, value: Math.log10(value), text: formatLimit(value, view.unit) })),
    ...(ghost ? { ghost: { ...ghost, view: turned(ghost.view) } } : {}),
  };
}

export { logDrawing, logRange, logTicks, spread };
