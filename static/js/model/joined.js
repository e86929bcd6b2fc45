/**
 * The same widget of several hosts as one view: one line per host, on the server's whole seconds.
 *
 * - A row of the view is a second at which any host has a row; a host that has none there has no
 *   number there, though its line goes on: a second that one host skipped is no gap of its line,
 *   so each line is drawn from its own rows (`own`), by the rule for a lone host.
 * - A band for "no samples" stands where none of the hosts shown has any: one lost host does not
 *   veil the others.
 * - Limits that all hosts agree on are one line; else each host has its own, faint.
 *
 * Pure. What is compared is `compare`'s, which host has which colour `hostpens`'.
 */

import { chosen, columnOf, measuresOf } from "./compare.js";
import { APART } from "./gaps.js";
import { hostPen } from "./hostpens.js";

/**
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").LaidWidget} LaidWidget
 * @typedef {{host: string, name: string, note: string, widget: LaidWidget|null, view: View|null}} Member
 *   one host: name as people read it; note: its state in a word where it gives nothing, else empty
 * @typedef {{times: Float64Array, values: Float64Array, interval: number}} Own rows of one line
 * @typedef {{compared: string|undefined, hidden: string[], from: number, to: number, interval: number}} How
 *   hidden: host ids
 */

/** The unit of the chart: that of the first host that has something. @param {Member[]} members */
function unitOf(members) {
  return members.find(({ widget }) => widget?.series.length)?.widget?.unit ?? members.find(({ widget }) => widget)?.widget?.unit ?? "";
}

/** Why a host has no line, in a word; empty where it may have one. @param {Member} member @param {string} unit */
function noteOf({ note, widget }, unit) {
  if (note) return note;
  if (!widget) return "";
  if (!widget.series.length) return "nothing to draw";
  return widget.unit === unit ? "" : "another unit";
}

/**
 * The widget of all hosts; null where none has it yet.
 * @param {Member[]} members
 * @param {string|undefined} compared
 * @returns {LaidWidget|null}
 */
function joinedWidget(members, compared) {
  const laid = members.flatMap(({ widget }) => widget ?? []);
  if (!laid.length) return null;
  const first = laid.find(({ series }) => series.length) ?? laid[0];
  const unit = unitOf(members);
  const measure = chosen(measuresOf(laid), compared);
  const series = measure ? members.map((member) => seriesOf(member, measure.title, noteOf(member, unit))) : [];
  return { ...first, unit, kind: "line", series, total: null, missing: [], reason: measure ? null : reasonOf(members) };
}

/** Why nothing is drawn of any host. @param {Member[]} members */
function reasonOf(members) {
  const reasons = [...new Set(members.flatMap(({ widget }) => widget?.reason ?? []))];
  if (reasons.length === 1) return `None of these hosts has it. ${reasons[0]}`;
  return members.flatMap(({ name, widget }) => (widget?.reason ? [`${name}: ${widget.reason}`] : [])).slice(0, 3).join(" ") || null;
}

/** @param {Member} member @param {string} title @param {string} note */
function seriesOf({ host, name, widget }, title, note) {
  const word = note || (widget ? "" : "connecting");
  return { name, labels: { host, series: title, ...(word ? { note: word } : {}) } };
}

/**
 * @param {Member[]} members in the order of the page's hosts
 * @param {How} how
 * @returns {View|null}
 */
function joinedView(members, how) {
  const widget = joinedWidget(members, how.compared);
  if (!widget) return null;
  const measure = chosen(measuresOf(members.flatMap((one) => one.widget ?? [])), how.compared);
  const own = members.map((member) => ownRows(member, widget.unit, measure?.key ?? "", how.interval));
  const shown = members.filter(({ host }) => !how.hidden.includes(host));
  const times = merged(own.map((one) => one.times));
  const limits = limitsOf(shown, widget.unit);
  const columns = [...own.map((one) => spread(one, times)), ...limits.map(({ value }) => new Float64Array(times.length).fill(value))];
  return {
    times,
    presence: presenceOf(shown, times),
    columns,
    series: [...widget.series, ...limits.map(({ name, labels }) => ({ name, labels }))],
    unit: widget.unit,
    interval: Math.max(how.interval, ...own.filter((one) => one.times.length).map((one) => one.interval)),
    from: how.from,
    to: how.to,
    since: sinceOf(shown),
    ...courseOf(members, own),
    own,
  };
}

/** One host's rows of what is compared. @param {Member} member @param {string} unit @param {string} key @param {number} interval @returns {Own} */
function ownRows({ widget, view }, unit, key, interval) {
  const values = widget && view && widget.unit === unit ? columnOf(widget, view.columns, key) : null;
  if (!view || !values) return { times: new Float64Array(0), values: new Float64Array(0), interval };
  return { times: view.times, values, interval: view.interval };
}

/** All whole seconds at which any has a row; halves stand between two lives of a sampler. @param {Float64Array[]} lists each in order */
function merged(lists) {
  const at = lists.map(() => 0);
  /** @type {number[]} */
  const times = [];
  for (;;) {
    let next = Infinity;
    for (let n = 0; n < lists.length; n += 1) if (lists[n][at[n]] < next) next = lists[n][at[n]];
    if (next === Infinity) return Float64Array.from(times);
    if (Number.isInteger(next)) times.push(next);
    for (let n = 0; n < lists.length; n += 1) if (lists[n][at[n]] === next) at[n] += 1;
  }
}

/** A host's numbers at the rows of all; NaN where it has no row. @param {{times: Float64Array, values: Float64Array}} own @param {Float64Array} times */
function spread({ times: at, values }, times) {
  const column = new Float64Array(times.length).fill(NaN);
  let row = 0;
  for (let n = 0; n < times.length; n += 1) {
    while (row < at.length && at[row] < times[n]) row += 1;
    if (at[row] === times[n]) column[n] = values[row];
  }
  return column;
}

/** 1 in rows of which any of these hosts gave a sample. @param {Member[]} members @param {Float64Array} times */
function presenceOf(members, times) {
  const presence = new Float64Array(times.length).fill(NaN);
  for (const { view } of members) {
    if (!view) continue;
    spread({ times: view.times, values: view.presence }, times).forEach((one, n) => one === one && (presence[n] = 1));
  }
  return presence;
}

/** The first second that any of them keeps. @param {Member[]} members */
function sinceOf(members) {
  const known = members.flatMap(({ view }) => (view?.since ? [view.since] : []));
  return known.length ? Math.min(...known) : 0;
}

/**
 * What a live chart goes by: up to which second nothing more will come of the hosts that are
 * here, and a text that changes when anything older does.
 * @param {Member[]} members
 * @param {Own[]} own
 */
function courseOf(members, own) {
  const lasts = own.map(({ times }) => times[times.length - 1] ?? 0);
  const newest = Math.max(0, ...lasts);
  const fresh = own.map(({ interval }, n) => newest - lasts[n] <= APART * interval);
  const settled = Math.min(newest, ...lasts.filter((_, n) => fresh[n]));
  const revision = members.map(({ view }, n) => `${view?.revision ?? 0}${fresh[n] ? "" : `/${lasts[n]}`}`).join(" ");
  return { settled, revision };
}

/**
 * Limits by name: one for all where all have the same, else one per host.
 * @param {Member[]} members
 * @param {string} unit
 * @returns {{name: string, value: number, labels: import("./types.js").Labels}[]}
 */
function limitsOf(members, unit) {
  /** @type {Map<string, {host: string, name: string, value: number}[]>} */
  const found = new Map();
  for (const { host, name, widget, view } of members) {
    if (!widget || !view || widget.unit !== unit) continue;
    widget.series.forEach((series, n) => {
      const value = series.labels?.role === "limit" ? last(view.columns[n]) : NaN;
      if (value === value) found.set(series.name, [...(found.get(series.name) ?? []), { host, name, value }]);
    });
  }
  return [...found].flatMap(([limit, all]) => {
    if (all.every(({ value }) => value === all[0].value)) return [{ name: limit, value: all[0].value, labels: { role: "limit" } }];
    return all.map(({ host, name, value }) => ({ name: `${limit} of ${name}`, value, labels: { role: "limit", host } }));
  });
}

/** @param {Float64Array} column */
function last(column) {
  for (let n = column.length - 1; n >= 0; n -= 1) if (column[n] === column[n]) return column[n];
  return NaN;
}

/**
 * What is drawn of a joined view: one pen per host, whoever is hidden.
 * @param {View} view
 * @param {string[]} hidden names of series
 * @param {import("./colours.js").Palette} palette
 * @returns {import("./pens.js").Plan}
 */
function joinedPens(view, hidden, palette) {
  const plain = (view.own ?? []).map((_, n) => n);
  const pens = plain.map((index) => {
    const { name, labels } = view.series[index];
    return { index, name, ...hostPen(palette, index), ...(labels.note ? { note: labels.note } : {}) };
  });
  const colour = new Map(pens.map(({ index, color }) => [view.series[index].labels.host, color]));
  const limits = view.series.slice(plain.length).map(({ name, labels }, n) => ({
    name,
    value: last(view.columns[plain.length + n]),
    ...(labels.host ? { color: colour.get(labels.host) } : {}),
  }));
  const shown = pens.filter(({ name }) => !hidden.includes(name));
  return { pens: shown, rest: [], limits: limits.filter(({ value }) => value === value), readouts: [], marks: [], entries: pens, plain };
}

/**
 * Times and values of one line from a row on: its own, where hosts stand in one chart.
 * @param {View} view
 * @param {number} index
 * @param {number} start row of the view
 */
function lineRows(view, index, start) {
  const own = view.own?.[index];
  if (!own) return { times: view.times.subarray(start), values: view.columns[index].subarray(start), interval: view.interval };
  const since = start ? (view.times[start] ?? Infinity) : -Infinity;
  let row = own.times.length;
  while (row > 0 && own.times[row - 1] >= since) row -= 1;
  return { times: own.times.subarray(row), values: own.values.subarray(row), interval: own.interval };
}

export { joinedPens, joinedView, joinedWidget, lineRows, merged };
