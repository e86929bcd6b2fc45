/**
 * Named changes of the state: (state, payload) -> state, pure. Nothing else changes it.
 */

import { narrowedWish } from "./model/narrow.js";
import { isolated, toggled } from "./model/shown.js";
import { MOST, emptyDashboard } from "./model/url.js";
import { canonicalWish, parseWish, printWish } from "./model/wish.js";

/**
 * @typedef {import("./model/types.js").Dashboard} Dashboard
 * @typedef {import("./model/types.js").HostState} HostState
 * @typedef {import("./model/types.js").CatalogWidget} CatalogWidget
 * @typedef {import("./model/types.js").CatalogPreset} CatalogPreset
 * @typedef {{key: string, kind: "error"|"note", text: string, hint?: string, host?: string|null,
 *   action?: {label: string, hosts: string[], group?: string, instead?: string[]}}} Notice action: hosts to
 *   be added; of a group, in the place of others
 * @typedef {{ready: boolean, widgets: CatalogWidget[], presets: CatalogPreset[], preset: string,
 *   aliases: Record<string, string>, problems: string[]}} Catalog
 * @typedef {{dashboard: Dashboard, theme: "auto"|"light"|"dark"|"contrast", utc: boolean, catalog: Catalog,
 *   hosts: Record<string, HostState>, link: {up: boolean, text: string}, held: number, notices: Notice[],
 *   recent: string[], home: string|null, narrow: Record<string, import("./model/types.js").Narrow>,
 *   containers: Record<string, import("./model/types.js").Group[]>, bursts: Record<string, import("./model/burst.js").Told>}} State held: seconds of the past that
 *   the server keeps; narrow, containers: by host
 */

const RECENT = 8;

/** @returns {State} */
function initialState() {
  return {
    dashboard: emptyDashboard(),
    theme: "auto",
    utc: false,
    catalog: { ready: false, widgets: [], presets: [], preset: "triage", aliases: {}, problems: [] },
    hosts: {},
    link: { up: false, text: "" },
    held: 600,
    notices: [],
    recent: [],
    home: null,
    narrow: {},
    containers: {},
    bursts: {},
  };
}

/** @param {State} state @param {Partial<Dashboard>} part @returns {State} */
function change(state, part) {
  return { ...state, dashboard: { ...state.dashboard, ...part } };
}

/** The wishes that a dashboard shows: its own, or those of its preset. @param {State} state */
function shownWishes(state) {
  const { wishes, preset } = state.dashboard;
  if (wishes.length) return wishes;
  const found = findPreset(state, preset) ?? findPreset(state, state.catalog.preset);
  return (found?.widgets ?? []).map((text) => canonicalWish(text) ?? text);
}

/** Those of them that this server knows; the page names the others itself. @param {State} state */
function knownWishes(state) {
  const known = (/** @type {string} */ id) => id === "chart" || !state.catalog.widgets.length || findWidget(state, id);
  return shownWishes(state).filter((wish) => known(wish.split(";")[0]));
}

/** The wish that the server is asked for: of the container that the dashboard is narrowed to. @param {State} state @param {string} wish */
function sentWish(state, wish) {
  return narrowedWish(wish, state.dashboard.container, findWidget(state, wish.split(";")[0]));
}

/** Narrows the dashboard to one container; "" shows the whole hosts again. @param {State} state @param {string} container */
function container_chosen(state, container) {
  return { ...change(state, { container }), narrow: {} };
}

/** What the container is on a host. @param {State} state @param {{host: string, narrow: import("./model/types.js").Narrow|null}} said @returns {State} */
function container_told(state, { host, narrow }) {
  const before = state.narrow[host] ?? null;
  if (JSON.stringify(before) === JSON.stringify(narrow)) return state;
  const all = { ...state.narrow };
  delete all[host];
  return { ...state, narrow: narrow ? { ...all, [host]: narrow } : all };
}

/** Containers and other groups of a host. @param {State} state @param {{host: string, containers: import("./model/types.js").Group[]}} list @returns {State} */
function containers_told(state, { host, containers }) {
  return { ...state, containers: { ...state.containers, [host]: containers } };
}

/** By id or alias. @param {State} state @param {string|null} id */
function findPreset(state, id) {
  return state.catalog.presets.find((one) => one.id === id || one.aliases.includes(id ?? "")) ?? null;
}

/** The wish that a name stands for, of those with options. @param {State} state @param {string} name */
function aliasOf(state, name) {
  const { aliases = {} } = state.catalog;
  return Object.hasOwn(aliases, name) ? parseWish(aliases[name]) : null;
}

/** By id or alias. @param {State} state @param {string} id */
function findWidget(state, id) {
  const meant = aliasOf(state, id)?.id ?? id;
  return state.catalog.widgets.find((one) => one.id === meant || one.aliases.includes(meant)) ?? null;
}

/** The wish that a name means: a widget of ours, with options where the name stands for some. @param {State} state @param {string} name */
function meantWish(state, name) {
  const widget = findWidget(state, name);
  if (!widget) return null;
  return printWish(widget.id, aliasOf(state, name)?.options);
}

/** @param {State} state @param {Dashboard} dashboard @returns {State} */
function dashboard_opened(state, dashboard) {
  const preset = findPreset(state, dashboard.preset)?.id ?? dashboard.preset;
  const wishes = dashboard.wishes.map((text) => ownName(state, text));
  const named = renamed(dashboard, (wish) => ownName(state, wish));
  return { ...state, dashboard: { ...dashboard, preset, wishes: [...new Set(wishes)], ...named } };
}

/** A wish by our id where it was by an alias. @param {State} state @param {string} text */
function ownName(state, text) {
  const wish = parseWish(text);
  const meant = wish && parseWish(meantWish(state, wish.id) ?? "");
  return wish && meant ? printWish(meant.id, { ...meant.options, ...wish.options }) : text;
}

/** @param {State} state @param {string[]} hosts */
function hosts_added(state, hosts) {
  const all = [...new Set([...state.dashboard.hosts, ...hosts])].slice(0, MOST.hosts);
  const recent = [...new Set([...hosts, ...state.recent])].slice(0, RECENT);
  return { ...change(state, { hosts: all }), recent };
}

/** @param {State} state @param {string} host */
function host_removed(state, host) {
  const hosts = { ...state.hosts };
  const narrow = { ...state.narrow };
  delete hosts[host];
  delete narrow[host];
  const notices = state.notices.filter((one) => one.host !== host);
  const left = state.dashboard.hosts.filter((one) => one !== host);
  const groups = left.length ? state.dashboard.groups : [];
  const shownHosts = withoutHost(state.dashboard.shownHosts, host);
  return { ...change(state, { hosts: left, groups, shownHosts }), hosts, notices, narrow };
}

/** The server's spelling of a host. @param {State} state @param {{asked: string, host: string}} names */
function host_named(state, { asked, host }) {
  const hosts = state.dashboard.hosts.map((one) => (one === asked ? host : one));
  const recent = state.recent.map((one) => (one === asked ? host : one));
  const { shownHosts: choice } = state.dashboard;
  const shownHosts = choice && { ...choice, names: choice.names.map((one) => (one === asked ? host : one)) };
  return { ...change(state, { hosts: [...new Set(hosts)], shownHosts }), recent: [...new Set(recent)] };
}

/** @param {import("./model/types.js").Choice|null} choice @param {string} host */
function withoutHost(choice, host) {
  const names = choice?.names.filter((one) => one !== host) ?? [];
  return choice && names.length ? { ...choice, names } : null;
}

/** What a host calls itself is kept while it is away. @param {State} state @param {HostState} said */
function host_told(state, said) {
  const name = said.name || state.hosts[said.host]?.name || null;
  return { ...state, hosts: { ...state.hosts, [said.host]: { ...said, name } } };
}

/** @param {State} state @param {string} preset */
function preset_chosen(state, preset) {
  return change(state, { preset, wishes: [], series: {}, looks: {}, compared: {}, layout: null, full: null });
}

/** @param {State} state @param {string} wish */
function widget_added(state, wish) {
  const shown = shownWishes(state);
  if (shown.includes(wish) || shown.length >= MOST.wishes) return state;
  return change(state, { preset: null, wishes: [...shown, wish] });
}

/** Another wish in the place of one. @param {State} state @param {{from: string, to: string}} wishes */
function wish_replaced(state, { from, to }) {
  return rewritten(state, (one) => (one === from ? to : one));
}

/** One option of a widget; null takes it away. @param {State} state @param {{wish: string, name: string, value: string|null}} change_ */
function option_set(state, { wish, name, value }) {
  return rewritten(state, (one) => (one === wish ? withOption(one, name, value) : one));
}

/** Wishes written anew; what is hidden of them stays hidden. @param {State} state @param {(wish: string) => string} write */
function rewritten(state, write) {
  const wishes = [...new Set(shownWishes(state).map(write))];
  return change(state, { preset: null, wishes, ...renamed(state.dashboard, write) });
}

/** What is kept by wish, where wishes are spelt anew. @param {Dashboard} dashboard @param {(wish: string) => string} write */
function renamed({ series, looks, compared, layout, full }, write) {
  const each = /** @type {<T>(kept: Record<string, T>) => Record<string, T>} */ ((kept) => Object.fromEntries(Object.entries(kept).map(([wish, one]) => [write(wish), one])));
  const named = { series: each(series), looks: each(looks), compared: each(compared) };
  return { ...named, layout: layout && { ...layout, places: each(layout.places) }, full: full && write(full) };
}

/**
 * All widgets that have parts of this kind (one JVM, one container) show this one alone;
 * null: all again.
 * @param {State} state
 * @param {{part: string, value: string|null}} choice
 */
function part_chosen(state, { part, value }) {
  const of = (/** @type {string} */ wish) => findWidget(state, wish.split(";")[0])?.part === part;
  return rewritten(state, (wish) => (of(wish) ? withOption(wish, part, value) : wish));
}

/** @param {string} text @param {string} name @param {string|null} value */
function withOption(text, name, value) {
  const wish = parseWish(text);
  if (!wish) return text;
  const rest = Object.entries(wish.options).filter(([key]) => key !== name);
  return printWish(wish.id, Object.fromEntries(value === null ? rest : [...rest, [name, value]]));
}

/** The last widget stays: a dashboard without any is no dashboard. @param {State} state @param {string} wish */
function widget_removed(state, wish) {
  const left = shownWishes(state).filter((one) => one !== wish);
  const full = state.dashboard.full === wish ? null : state.dashboard.full;
  return left.length ? change(state, { preset: null, wishes: left, full }) : state;
}

/** @param {State} state @param {number} window */
function window_chosen(state, window) {
  const { frozen } = state.dashboard;
  return change(state, { window, frozen: frozen && { from: frozen.to - window, to: frozen.to } });
}

/** @param {State} state @param {number} interval */
function interval_chosen(state, interval) {
  return change(state, { interval });
}

/** A stretch of time, or null to go on live. @param {State} state @param {import("./model/types.js").Span|null} frozen */
function view_frozen(state, frozen) {
  return change(state, { frozen });
}

/** @param {State} state @param {State["theme"]} theme @returns {State} */
function theme_chosen(state, theme) {
  return { ...state, theme };
}

/** @param {State} state @param {boolean} utc @returns {State} */
function zone_chosen(state, utc) {
  return { ...state, utc };
}

/** @param {State} state @param {Partial<Catalog>} catalog @returns {State} */
function catalog_loaded(state, catalog) {
  return { ...state, catalog: { ...state.catalog, ...catalog, ready: true } };
}

/** @param {State} state @param {string|null} home @returns {State} */
function home_told(state, home) {
  return { ...state, home };
}

/** @param {State} state @param {string[]} recent @returns {State} */
function recent_loaded(state, recent) {
  return { ...state, recent: recent.slice(0, RECENT) };
}

/** @param {State} state @param {State["link"]} link @returns {State} */
function link_changed(state, link) {
  return { ...state, link };
}

/** A burst does so now. @param {State} state @param {import("./model/burst.js").Told} told @returns {State} */
function burst_told(state, told) {
  return { ...state, bursts: { ...state.bursts, [told.burst]: told } };
}

/** A burst is of no more interest, or not kept any more. @param {State} state @param {string} burst @returns {State} */
function burst_forgotten(state, burst) {
  const bursts = { ...state.bursts };
  delete bursts[burst];
  return { ...state, bursts };
}

/** A notice replaces the one of the same key. @param {State} state @param {Notice} notice @returns {State} */
function notice_given(state, notice) {
  return { ...state, notices: [...state.notices.filter((one) => one.key !== notice.key), notice].slice(-5) };
}

/** @param {State} state @param {string} key @returns {State} */
function notice_cleared(state, key) {
  const notices = state.notices.filter((one) => one.key !== key);
  return notices.length === state.notices.length ? state : { ...state, notices };
}

/** Clears the notices whose key starts so. @param {State} state @param {string} start @returns {State} */
function notices_swept(state, start) {
  const notices = state.notices.filter((one) => !one.key.startsWith(start));
  return notices.length === state.notices.length ? state : { ...state, notices };
}

/** @param {State} state @param {string} wish @param {import("./model/types.js").Choice|null} choice */
function withChoice(state, wish, choice) {
  const series = { ...state.dashboard.series };
  delete series[wish];
  return change(state, { series: choice ? { ...series, [wish]: choice } : series });
}

/**
 * Shows or hides one legend entry.
 * @param {State} state
 * @param {{wish: string, name: string, names: string[]}} entry names: of all series of the widget
 */
function series_toggled(state, { wish, name, names }) {
  return withChoice(state, wish, toggled(state.dashboard.series[wish], name, names));
}

/** Shows one series alone, or all again where it was alone already. @param {State} state @param {{wish: string, name: string}} entry */
function series_isolated(state, { wish, name }) {
  return withChoice(state, wish, isolated(state.dashboard.series[wish], name));
}

export {
  burst_forgotten,
  burst_told,
  catalog_loaded,
  container_chosen,
  container_told,
  dashboard_opened,
  findPreset,
  findWidget,
  containers_told,
  home_told,
  host_named,
  host_removed,
  host_told,
  hosts_added,
  initialState,
  interval_chosen,
  knownWishes,
  link_changed,
  meantWish,
  notice_cleared,
  notice_given,
  notices_swept,
  option_set,
  part_chosen,
  preset_chosen,
  recent_loaded,
  sentWish,
  series_isolated,
  series_toggled,
  shownWishes,
  theme_chosen,
  view_frozen,
  widget_added,
  widget_removed,
  window_chosen,
  wish_replaced,
  zone_chosen,
};
