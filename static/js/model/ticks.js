/**
 * Where an axis has its ticks and what they say. Pure; the range is given (range.js).
 */

import { fixed, scaleOf } from "./units.js";

/** @typedef {{values: number[], texts: string[]}} Ticks */

const FINE_STEPS = [0.1, 0.2, 0.5];
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
const LABEL = { minutes: 34, seconds: 50, tenths: 62 };

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

/** @param {number} t @param {boolean} seconds @param {boolean} utc @param {boolean} [tenths] */
function clockText(t, seconds, utc, tenths = false) {
  const whole = Math.round(t * 10);
  const date = new Date(tenths ? whole * 100 : t * 1000);
  const parts = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const texts = parts.map((part) => String(part).padStart(2, "0"));
  return (seconds ? texts : texts.slice(0, 2)).join(":") + (tenths ? `.${whole % 10}` : "");
}

/**
 * Ticks of a time axis; none whose label would run past an edge of the plot.
 * @param {number} from
 * @param {number} to
 * @param {number} width of the plot, in pixels
 * @param {boolean} [utc]
 * @param {boolean} [fine] points are closer than a second: steps may be tenths
 * @returns {Ticks}
 */
function timeTicks(from, to, width, utc = false, fine = false) {
  const perPixel = (to - from) / Math.max(1, width);
  const steps = fine ? [...FINE_STEPS, ...TIME_STEPS] : TIME_STEPS;
  const step = steps.find((one) => one >= perPixel * room(one)) ?? steps[steps.length - 1];
  const seconds = step % 60 !== 0;
  const margin = (label(step) / 2) * perPixel;
  // Local midnights are not multiples of long steps in UTC: shift by the zone.
  const zone = utc ? 0 : new Date(to * 1000).getTimezoneOffset() * 60;
  const values = [];
  const texts = [];
  // Counted, as tenths that are added up would miss their places.
  for (let n = Math.ceil((from + margin - zone) / step - 1e-6); n * step + zone <= to - margin; n += 1) {
    const t = step < 1 ? Math.round((n * step + zone) * 10) / 10 : n * step + zone;
    values.push(t);
    texts.push(clockText(t, seconds, utc, step < 1));
  }
  return { values, texts };
}

/** Width of a label at such a step. @param {number} step */
function label(step) {
  return step < 1 ? LABEL.tenths : step % 60 ? LABEL.seconds : LABEL.minutes;
}

/** The same with the room around it. @param {number} step */
function room(step) {
  return label(step) + (step % 60 ? 26 : 16);
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
