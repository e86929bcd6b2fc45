/**
 * What a card shows as text to take away: CSV, JSON, and lines for a chat. Pure.
 *
 * Times are told in UTC whatever the page's clock says. Numbers are canonical (bytes,
 * seconds, ones) in CSV and JSON, and scaled for people in the chat's lines.
 */

import { format, unitName } from "./units.js";

/**
 * @typedef {{name: string, unit: string, labels: Record<string, string|undefined>, values: ArrayLike<number>}} Line
 * @typedef {{id: string, text: boolean, title: string, unit: string}} Head
 * @typedef {{host: string, title: string, wish: string, unit: string, interval: number, from: number, to: number,
 *   times: ArrayLike<number>, lines: Line[],
 *   table: {heads: Head[], rows: (string|number|null)[][]}|null}} Sheet
 *   what a card shows: lines over times, or a table's rows of now
 */

const BARS = "▁▂▃▄▅▆▇█";
const WIDE = 30;
/** So many lines stand in a chat; the largest come first. */
const MOST = 8;
/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** @param {number} t */
function utcText(t) {
  return new Date(Math.round(t * 1000)).toISOString().replace(/\.000Z$/, "Z");
}

/** One field of CSV (RFC 4180); names that a spreadsheet would compute are told as text. @param {string|number|null} value */
function field(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {(string|number|null)[][]} rows */
function csvLines(rows) {
  return rows.map((row) => row.map(field).join(",") + "\r\n").join("");
}

/** @param {string} name @param {string} unit */
function headOf(name, unit) {
  const words = unitName(unit);
  return words && words !== "count" ? `${name} (${unit === "s" ? "s" : words})` : name;
}

/** Comma separated values: one row per time, or per row of a table; gaps are empty. @param {Sheet} sheet */
function csvText(sheet) {
  const { table, times, lines } = sheet;
  if (table) {
    const heads = table.heads.map(({ title, unit, text }) => (text || !unit || unit === "id" ? title : headOf(title, unit)));
    return csvLines([heads, ...table.rows]);
  }
  const rows = Array.from(times, (t, n) => [utcText(t), ...lines.map(({ values }) => values[n])]);
  return csvLines([["time", ...lines.map(({ name, unit }) => headOf(name, unit))], ...rows]);
}

/** The same as JSON; points are [milliseconds since 1970, value or null], as the API has them. @param {Sheet} sheet */
function jsonText({ host, title, wish, unit, interval, from, to, times, lines, table }) {
  const head = { host, title, wish, from: utcText(from), to: utcText(to) };
  if (table) {
    const ids = table.heads.map(({ id }) => id || "name");
    const rows = table.rows.map((row) => Object.fromEntries(row.map((cell, n) => [ids[n], cell])));
    return JSON.stringify({ ...head, columns: table.heads.map(({ id, title: name, unit: of }) => ({ id: id || "name", title: name, unit: of })), rows }, null, 1);
  }
  const series = lines.map(({ name, unit: of, labels, values }) => ({
    name,
    unit: of,
    labels,
    points: Array.from(times, (t, n) => [Math.round(t * 1000), Number.isFinite(values[n]) ? values[n] : null]),
  }));
  return JSON.stringify({ ...head, unit, interval, series }, null, 1);
}

/** A line as block characters, the highest of each piece; a gap is a space. @param {ArrayLike<number>} values @param {number} [wide] */
function sparkText(values, wide = WIDE) {
  const count = Math.min(wide, values.length);
  const tops = Array.from({ length: count }, (_, n) => {
    let top = NaN;
    for (let i = Math.floor((n * values.length) / count); i < Math.floor(((n + 1) * values.length) / count); i += 1) {
      if (Number.isFinite(values[i]) && !(values[i] <= top)) top = values[i];
    }
    return top;
  });
  const known = tops.filter(Number.isFinite);
  const low = Math.min(0, ...known);
  const high = Math.max(0, ...known);
  return tops
    .map((top) => (Number.isFinite(top) ? BARS[high > low ? Math.round(((top - low) / (high - low)) * (BARS.length - 1)) : 0] : " "))
    .join("");
}

/** Lines for a chat: what, where, when, and of each series its course, last, least and most. @param {Sheet} sheet */
function chatText(sheet) {
  const { title, host, from, to, lines, table } = sheet;
  if (table) return chatTable(sheet);
  const head = `${title} on ${host}, ${utcText(from).replace("T", " ").replace("Z", "")} to ${utcText(to).slice(11, -1)} UTC`;
  const told = lines.map(({ name, unit, values }) => {
    const known = Array.from(values).filter(Number.isFinite);
    return { name, unit, values, top: Math.max(...known), low: Math.min(...known), last: known.at(-1) ?? NaN };
  });
  const most = told.length > MOST ? [...told].sort((a, b) => (b.top || 0) - (a.top || 0)).slice(0, MOST) : told;
  const name = Math.max(0, ...most.map((one) => one.name.length));
  const rows = most.map(
    (one) => `${one.name.padEnd(name)}  ${sparkText(one.values)}  now ${format(one.last, one.unit)}, ${format(one.low, one.unit)} to ${format(one.top, one.unit)}`,
  );
  const more = told.length - most.length;
  return [head, ...rows, ...(more ? [`and ${more} more`] : [])].join("\n");
}

/** @param {Sheet} sheet */
function chatTable({ title, host, to, table }) {
  const { heads, rows } = /** @type {NonNullable<Sheet["table"]>} */ (table);
  const texts = [
    heads.map((head) => head.title),
    ...rows.slice(0, MOST).map((row) => row.map((cell, n) => (typeof cell === "number" && heads[n].unit !== "id" ? format(cell, heads[n].unit) : String(cell ?? "–")))),
  ];
  const wide = heads.map((_, n) => Math.max(...texts.map((row) => row[n].length)));
  const more = rows.length - MOST;
  return [
    `${title} on ${host}, ${utcText(to).replace("T", " ").replace("Z", "")} UTC`,
    ...texts.map((row) => row.map((cell, n) => (heads[n].text ? cell.padEnd(wide[n]) : cell.padStart(wide[n]))).join("  ").trimEnd()),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join("\n");
}

/** A file's name that every system takes. @param {string} wish @param {string} host @param {number} t @param {string} ending */
function fileName(wish, host, t, ending) {
  const safe = (/** @type {string} */ text) => text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  return `${safe(wish.split(";")[0])}_${safe(host)}_${utcText(t).replaceAll(/[-:]/g, "")}.${ending}`;
}

export { chatText, csvText, fileName, jsonText, sparkText, utcText };
