/**
 * The dashboard as a URL and back. Unknown keys are ignored; texts that can't be read are
 * left out and named in `problems`. The theme is not part of it;
 * where cards stand is in the fragment (fragment.js).
 *
 * `/?host=ID[&host=..]&preset=ID | &w=WISH[&w=..]&window=5m&interval=1s[&from=..&to=..]
 * [&container=NAME][&compare=before][&hide=..][&draw=..][&full=..]&v=1`; of several hosts, see together.js.
 */

import { parseHost } from "./hosts.js";
import { printLooks, readLooks } from "./looks.js";
import { places, printChoices, readChoices } from "./shown.js";
import { printTogether, readTogether } from "./together.js";
import { parseDuration, printDuration } from "./units.js";
import { canonicalWish, plainWish, printWish } from "./wish.js";

/** @typedef {import("./types.js").Dashboard} Dashboard */

const WINDOWS = [60, 120, 300, 600, 900, 1800, 3600];
/** Windows that every server holds. */
const SURE = 600;
const INTERVALS = [1, 2, 5];
const MOST = { hosts: 16, wishes: 40 };

/** Windows to choose from, where the server holds so many seconds. @param {number} held @param {number} [chosen] one that is there in any case */
function windowsFor(held, chosen = 0) {
  return WINDOWS.filter((one) => one <= Math.max(SURE, held) || one === chosen);
}

/** @returns {Dashboard} */
function emptyDashboard() {
  return {
    ...{ hosts: [], preset: null, wishes: [], window: 300, interval: 1, frozen: null },
    ...{ series: {}, looks: {}, compare: false, container: "", layout: null, full: null },
    ...{ overlaid: false, shownHosts: null, compared: {}, groups: [] },
  };
}

/** @param {string} text */
function plain(text) {
  // Only what would end the value or be read as something else is encoded: people read these.
  return encodeURIComponent(text)
    .replace(/%(3A|2F|5B|5D|2C|3B|3D|40|2A)/gi, (code) => decodeURIComponent(code))
    .replaceAll("%20", "+");
}

/** @param {number} t */
function printTime(t) {
  return new Date(t * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

/**
 * The query of a dashboard, with its "?".
 * @param {Dashboard} dashboard
 * @param {string[]} [shown] the wishes that it shows, those of its preset too
 */
function encode(dashboard, shown = dashboard.wishes) {
  const parts = dashboard.hosts.map((host) => `host=${plain(host)}`);
  if (dashboard.container) parts.push(`container=${plain(dashboard.container)}`);
  if (dashboard.preset) parts.push(`preset=${plain(dashboard.preset)}`);
  else parts.push(...dashboard.wishes.map((wish) => `w=${plain(plainWish(wish))}`));
  parts.push(`window=${printDuration(dashboard.window)}`, `interval=${printDuration(dashboard.interval)}`);
  if (dashboard.frozen) {
    parts.push(`from=${printTime(dashboard.frozen.from)}`, `to=${printTime(dashboard.frozen.to)}`);
  }
  if (dashboard.compare) parts.push("compare=before");
  const choices = [...printChoices(dashboard.series, shown), ...printLooks(dashboard.looks, shown), ...printTogether(dashboard, shown)];
  parts.push(...choices.map(([key, text]) => `${key}=${plain(text)}`));
  const full = [...places(shown)].find(([, wish]) => wish === dashboard.full);
  if (full) parts.push(`full=${plain(full[0])}`);
  return `?${parts.join("&")}&v=1`;
}

/** @param {URLSearchParams} query @param {string} key @param {number[]} known @param {string[]} problems */
function duration(query, key, known, problems) {
  const text = query.get(key);
  if (text === null) return null;
  const seconds = parseDuration(text);
  if (seconds !== null && known.includes(seconds)) return seconds;
  problems.push(`The URL's ${key} is ${text}; there are ${known.map(printDuration).join(", ")}.`);
  return null;
}

/** @param {URLSearchParams} query @param {string[]} problems */
function container(query, problems) {
  const name = (query.get("container") ?? "").trim();
  if (canonicalWish(printWish("x", { container: name }))) return name;
  problems.push("The URL's container is no name; the whole host is shown.");
  return "";
}

/** @param {URLSearchParams} query @param {string[]} problems */
function span(query, problems) {
  const texts = [query.get("from"), query.get("to")];
  if (texts[0] === null && texts[1] === null) return null;
  const [from, to] = texts.map((text) => Math.round(Date.parse(text ?? "") / 1000));
  if (to > from && to - from <= 86400) return { from, to };
  problems.push("The URL's from and to are no stretch of time; the dashboard is live instead.");
  return null;
}

/**
 * @param {string} search a query, with or without "?"
 * @param {(dashboard: Dashboard) => string[]} [shown] the wishes that a dashboard shows
 * @returns {{dashboard: Dashboard, problems: string[]}}
 */
function decode(search, shown = ({ wishes }) => wishes) {
  const query = new URLSearchParams(search);
  const dashboard = emptyDashboard();
  /** @type {string[]} */
  const problems = [];
  for (const text of query.getAll("host").filter(Boolean)) {
    const read = parseHost(text);
    if ("error" in read) problems.push(read.error);
    else if (!dashboard.hosts.includes(read.host)) dashboard.hosts.push(read.host);
  }
  dashboard.preset = query.get("preset") || null;
  dashboard.container = container(query, problems);
  for (const text of query.getAll("w").filter(Boolean)) {
    const wish = canonicalWish(text);
    if (!wish) problems.push(`The URL's w=${text} is no widget with its options.`);
    else if (!dashboard.wishes.includes(wish)) dashboard.wishes.push(wish);
  }
  if (dashboard.wishes.length) dashboard.preset = null;
  for (const key of /** @type {const} */ (["hosts", "wishes"])) {
    const over = dashboard[key].splice(MOST[key]);
    if (over.length) problems.push(`A dashboard holds ${MOST[key]} ${key === "hosts" ? "hosts" : "widgets"}; left out: ${over.join(", ")}.`);
  }
  dashboard.window = duration(query, "window", WINDOWS, problems) ?? dashboard.window;
  dashboard.interval = duration(query, "interval", INTERVALS, problems) ?? dashboard.interval;
  dashboard.frozen = span(query, problems);
  dashboard.compare = query.get("compare") === "before";
  const wishes = shown(dashboard);
  dashboard.series = readChoices(query, wishes);
  dashboard.looks = readLooks(query, wishes);
  dashboard.full = places(wishes).get(query.get("full") ?? "") ?? null;
  readTogether(query, dashboard, wishes, problems);
  return { dashboard, problems };
}

export { INTERVALS, MOST, decode, emptyDashboard, encode, windowsFor };
