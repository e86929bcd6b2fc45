/**
 * Where an axis has its ticks and what they say. Pure; the range is given (range.js).
 */

import { fixed, scaleOf } from "./units.js";

/** @typedef {{values: number[], texts: string[]}} Ticks */

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
const LABEL = { minutes: 34, seconds: 50 };

/**
 * The round step nearest above `rough`: 1, 2, 2.5 (3 for whole numbers) or 5 times a power of ten.
 * @param {number} rough
 * @param {boolean} whole
 */
function roundStep(rough, whole) {
  const base = 10 ** Math.floor(Math.log10(rough));
  for (const times of whole ? [1, 2, 3, 5, 10] : [1, 2, 2.5, 5, 10]) {
    const step = times * base;
    if (step >= rough * 0.999 && !(whole && step % 1 !== 0)) return step;
  }
  return whole ? 1 : 10 * base;
}

/** @param {number} step */
function places(step) {
  if (step >= 1) return step % 1 === 0 ? 0 : 1;
  return Math.min(9, Math.ceil(-Math.log10(step)) + (String(step).includes("25") ? 1 : 0));
}

/**
 * Ticks of a value axis from `low` to `high` in a canonical unit.
 * @param {number} low
 * @param {number} high
 * @param {string} unit
 * @param {number} [count] about how many
 * @returns {Ticks}
 */
function valueTicks(low, high, unit, count = 4) {
  const scale = scaleOf(unit, Math.max(Math.abs(low), Math.abs(high)) * 0.999);
  const span = (high - low) / scale.factor;
  if (!(span > 0)) return { values: [low], texts: [fixed(low / scale.factor, 0) + scale.suffix] };
  const quarters = unit === "%" && low === 0 && high >= 90 && high <= 125;
  const step = quarters ? 25 : roundStep(span / count, unit === "count" && span >= 2);
  const values = [];
  const texts = [];
  for (let n = Math.ceil(low / scale.factor / step - 1e-9); n * step <= high / scale.factor + 1e-9; n += 1) {
    values.push(n * step * scale.factor);
    texts.push(n === 0 ? "0" : fixed(n * step, places(step)) + scale.suffix);
  }
  return { values, texts };
}

/** @param {number} t @param {boolean} seconds @param {boolean} utc */
function clockText(t, seconds, utc) {
  const date = new Date(t * 1000);
  const parts = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const texts = parts.map((part) => String(part).padStart(2, "0"));
  return (seconds ? texts : texts.slice(0, 2)).join(":");
}

/**
 * Ticks of a time axis; none whose label would run past an edge of the plot.
 * @param {number} from
 * @param {number} to
 * @param {number} width of the plot, in pixels
 * @param {boolean} [utc]
 * @returns {Ticks}
 */
function timeTicks(from, to, width, utc = false) {
  const perPixel = (to - from) / Math.max(1, width);
  const step =
    TIME_STEPS.find((one) => one >= perPixel * (one % 60 ? LABEL.seconds + 26 : LABEL.minutes + 16)) ??
    TIME_STEPS[TIME_STEPS.length - 1];
  const seconds = step % 60 !== 0;
  const margin = ((seconds ? LABEL.seconds : LABEL.minutes) / 2) * perPixel;
  // Local midnights are not multiples of long steps in UTC: shift by the zone.
  const zone = utc ? 0 : new Date(to * 1000).getTimezoneOffset() * 60;
  const values = [];
  const texts = [];
  for (let t = Math.ceil((from + margin - zone) / step) * step + zone; t <= to - margin; t += step) {
    values.push(t);
    texts.push(clockText(t, seconds, utc));
  }
  return { values, texts };
}

/** Name of the zone that clockText speaks of: "UTC" or "UTC+2". @param {number} t @param {boolean} utc */
function zoneName(t, utc) {
  const minutes = utc ? 0 : -new Date(t * 1000).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const rest = size % 60 ? `:${String(size % 60).padStart(2, "0")}` : "";
  return `UTC${minutes > 0 ? "+" : "\u2212"}${Math.floor(size / 60)}${rest}`;
}

export { clockText, timeTicks, valueTicks, zoneName };
