/**
 * Canonical numbers as people read them: prefixes, decimals, units.
 * Bytes get IEC prefixes (KiB), times ns to days, all else SI (k, M). Axes' ticks stand in ticks.js.
 */

/** @typedef {{factor: number, suffix: string}} Scale */

const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const SI = ["", "k", "M", "G", "T", "P", "E"];
/** @type {[number, number, string][]} below this many seconds: divisor and name */
const TIMES = [
  [1e-6, 1e-9, "ns"],
  [1e-3, 1e-6, "µs"],
  [1, 1e-3, "ms"],
  [180, 1, "s"],
  [3 * 3600, 60, "min"],
  [2 * 86400, 3600, "h"],
  [Infinity, 86400, "d"],
];

/** @param {number} size @param {number} base */
function power(size, base) {
  let steps = 0;
  while (size >= base && steps < 6) {
    size /= base;
    steps += 1;
  }
  return steps;
}

/** @param {string} unit @param {number} size @returns {Scale} */
function byteScale(unit, size) {
  const steps = power(size, 1024);
  return { factor: 1024 ** steps, suffix: ` ${IEC[steps]}${unit}` };
}

/** @param {number} size @returns {Scale} */
function timeScale(size) {
  const found = TIMES.find(([below]) => size < below) ?? TIMES[TIMES.length - 1];
  const [, factor, name] = size === 0 ? TIMES[2] : found;
  return { factor, suffix: ` ${name}` };
}

/** @param {string} unit @param {number} size @returns {Scale} */
function plainScale(unit, size) {
  const steps = power(size, 1000);
  const name = unit === "count" || unit === "1" ? "" : unit;
  const gap = SI[steps] || name ? " " : "";
  const between = SI[steps] && name && !name.startsWith("/") ? " " : "";
  return { factor: 1000 ** steps, suffix: `${gap}${SI[steps]}${between}${name}` };
}

/**
 * Divisor and suffix that suit numbers up to `size`.
 * @param {string} unit canonical unit: % B B/s s /s count 1
 * @param {number} size largest magnitude to be shown
 * @returns {Scale}
 */
function scaleOf(unit, size) {
  const magnitude = Math.abs(size);
  if (unit === "%") return { factor: 1, suffix: " %" };
  if (unit === "B" || unit === "B/s") return byteScale(unit, magnitude);
  if (unit === "s") return timeScale(magnitude);
  return plainScale(unit, magnitude);
}

/** @param {number} value */
function digits(value) {
  const size = Math.abs(value);
  if (size === 0 || size >= 99.95) return 0;
  return size >= 9.995 ? 1 : 2;
}

/** A number with a sign that is a minus, and no "-0". @param {number} value @param {number} places */
function fixed(value, places) {
  const text = value.toFixed(places);
  return Number(text) === 0 ? "0" : text.replace("-", "\u2212");
}

/**
 * One value with its unit; an en dash where there is none.
 * @param {number|null|undefined} value
 * @param {string} unit
 */
function format(value, unit) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const scale = scaleOf(unit, value);
  const scaled = value / scale.factor;
  const whole = unit === "count" && scale.factor === 1 && Number.isInteger(scaled);
  const bytes = (unit === "B" || unit === "B/s") && scale.factor === 1;
  const percent = unit === "%" && Math.abs(scaled) >= 0.95 ? 1 : digits(scaled);
  const places = whole || bytes ? 0 : Math.min(digits(scaled), unit === "%" ? percent : 2);
  return fixed(scaled, places) + scale.suffix;
}

/** A limit is exact: 64 CPUs are not 64.0. @param {number} value @param {string} unit */
function formatLimit(value, unit) {
  return format(value, unit === "1" && Number.isInteger(value) ? "count" : unit);
}

/** The unit in words for a card's head. @param {string} unit */
function unitName(unit) {
  const names = /** @type {Record<string, string>} */ ({
    "%": "%",
    B: "bytes",
    "B/s": "bytes/s",
    s: "time",
    "/s": "/s",
    count: "count",
    1: "",
  });
  return names[unit] ?? unit;
}

/** A duration as in the URL: 90 -> "90s", 300 -> "5m". @param {number} seconds */
function printDuration(seconds) {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}

/** Seconds of "90s", "5m", "1h", "300"; null where it is none. @param {string} text */
function parseDuration(text) {
  const parts = /^(\d{1,6})(s|m|h)?$/.exec(text.trim());
  if (!parts) return null;
  const factors = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600 });
  return Number(parts[1]) * factors[parts[2] ?? "s"];
}

export { fixed, format, formatLimit, parseDuration, printDuration, scaleOf, unitName };
