/**
 * Wires the page together; the only module that looks up ids. No logic belongs here.
 */

import * as actions from "./actions.js";
import { get } from "./api.js";
import { Bursts } from "./bursts.js";
import { catalogOf, reloadCatalog } from "./catalogue.js";
import { plotlyLoaded, warmUp } from "./chart.js";
import { say } from "./dom.js";
import { Explorer } from "./explore.js";
import { Feeds } from "./feeds.js";
import { startKeys } from "./keys.js";
import { EVERY } from "./model/together.js";
import { Painter } from "./painter.js";
import { mountBar } from "./panels/bar.js";
import { Board } from "./panels/board.js";
import { BurstDesk } from "./panels/burstdesk.js";
import { mountContainers } from "./panels/containers.js";
import { mountFoot } from "./panels/foot.js";
import { openHelp } from "./panels/help.js";
import { changeLook, lookItems } from "./panels/looks.js";
import { openMenu } from "./panels/menu.js";
import { cardItems, layoutItems, stepCard } from "./panels/layoutmenu.js";
import { mountNotices, mountSpoken } from "./panels/notices.js";
import { openPicker, widgetOf } from "./panels/picker.js";
import { openSource } from "./panels/source.js";
import { Takeaway } from "./panels/takeaway.js";
import { startPrefs } from "./prefs.js";
import { linkedLayout, startRouter } from "./router.js";
import { Link } from "./socket.js";
import { Store } from "./store.js";
import { startTheme } from "./theme.js";
import { Cursor } from "./widgets/cursor.js";
import { Tooltip } from "./widgets/tooltip.js";

const HEARTBEAT = 1000;

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

const store = /** @type {import("./feeds.js").PageStore} */ (new Store(actions.initialState()));
const painter = new Painter();
const link = new Link({
  event: (name, message) => {
    if (name === "catalog") reloadCatalog(store);
    else if (!bursts.take(name, message)) feeds.take(name, message);
  },
  up: () => {
    store.do(actions.link_changed, { up: true, text: "" });
    feeds.connected();
    bursts.connected();
  },
  down: (text) => {
    feeds.disconnected();
    store.do(actions.link_changed, { up: false, text });
  },
});
const feeds = new Feeds(store, link);

const explorer = new Explorer(store, feeds, painter);
const bursts = new Bursts(store, link, () => feeds.clock.time(feeds.now()));
const takeaway = new Takeaway(store, feeds);

startPrefs(store);
/** @type {BurstDesk|null} */
let desk = null;
const palette = startTheme(store, () => {
  painter.mark_all();
  desk?.mark_all();
});

function pause() {
  store.do(actions.view_frozen, store.state.dashboard.frozen ? null : feeds.span());
}

/** The metric browser is fetched when it is first opened. @param {string|null} [wish] a chart to be changed */
async function metrics(wish = null) {
  try {
    const { openMetrics } = await import("./panels/metrics.js");
    openMetrics(store, palette, wish);
  } catch (error) {
    store.do(actions.notice_given, { key: "metrics", kind: "error", text: `The metric browser did not come: ${error}.`, hint: "Reload the page." });
  }
}

/** @param {{wish: string, host: string, title: string}} card */
function source(card) {
  // Of a card of all hosts, the first one tells what its metrics are.
  const host = card.host === EVERY ? store.state.dashboard.hosts[0] : card.host;
  // Of a container another widget may stand in its place.
  const shown = feeds.get(host)?.place(card.wish)?.widget.id;
  openSource({ ...card, host, title: card.title }, (shown && widgetOf(store, shown)) || widgetOf(store, card.wish));
}

/** @param {import("./widgets/card.js").Card} card */
async function table(card) {
  const { openChartTable } = await import("./panels/charttable.js");
  openChartTable(card, () => store.state.utc);
}

/** The card of an element, where it is a chart. @param {HTMLElement} node @param {(card: import("./widgets/card.js").Card) => void} run */
function withChart(node, run) {
  const card = board.cards.find((one) => one.node === node);
  if (card && "shown" in card && card.plot) run(card);
}

/** @param {import("./widgets/card.js").Card} card @param {HTMLElement} button */
function cardMenu(card, button) {
  const last = actions.shownWishes(store.state).length === 1;
  openMenu(button, [
    { label: "Where does this come from?", run: () => source(card) },
    ...(card.wish.startsWith("chart;") ? [{ label: "Change this chart", run: () => metrics(card.wish) }] : []),
    ...cardItems(store, board, card),
    ...lookItems(store, card),
    ...(card.plot ? [{ label: "Show as table", run: () => table(card) }] : []),
    { label: "Burst: 10 a second for 60 s", run: () => burst.start(card.host, [card.wish]) },
    ...takeaway.items(card),
    { label: "Remove", run: () => store.do(actions.widget_removed, card.wish), off: last },
  ]);
}

const containers = mountContainers(store, byId("narrow-notes"));
const bar = mountBar(byId("bar"), store, {
  pick: () => openPicker(store, metrics),
  layout: (button) => openMenu(button, layoutItems(store)),
  help: openHelp,
  pause,
  burst: () => burst.ask(),
  container: containers.node,
});
const cursor = new Cursor((fn) => painter.each_visible(fn));
const tooltip = new Tooltip(document.body);
const speak = (/** @type {string} */ text) => say(byId("spoken"), text);
const burst = new BurstDesk({ node: byId("burst"), board: byId("board"), strip: byId("bursts"), store, bursts, tooltip, palette, source, speak });
desk = burst;
const board = new Board(byId("board"), {
  store,
  feeds,
  painter,
  palette,
  cursor,
  tooltip,
  explorer,
  speak,
  open_menu: cardMenu,
});
feeds.on_points = (host, tick) => board.points_arrived(host, tick);
feeds.on_rows = (host, wish) => board.rows_arrived(host, wish);
mountNotices(byId("notices"), store);
mountSpoken(byId("spoken"), store);
mountFoot(byId("foot"), store, () => takeaway.page(board.cards, byId("board")));
startKeys(store, {
  hosts: bar.focus_hosts,
  pick: () => openPicker(store, metrics),
  metrics: () => metrics(),
  container: containers.open,
  preset: () => byId("bar").querySelector("select")?.focus(),
  pause,
  burst: () => burst.ask(),
  help: openHelp,
  look: (node) => withChart(node, (card) => changeLook(store, card)),
  table: (node) => withChart(node, table),
  release: () => {
    const held = cursor.release();
    if (held) tooltip.hide();
    return held;
  },
  pan: (share) => explorer.pan(share),
  zoom: (factor) => explorer.zoom(factor, cursor.pinned?.t),
  step: (card, how) => stepCard(board, card, how),
  source: (card) => source({ wish: card.dataset.wish ?? "", host: card.dataset.host ?? "", title: card.querySelector("h3")?.textContent ?? "" }),
});
// The address keeps its fragment, where cards stand.
document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  byId("board").focus();
});
if (window.location.pathname === "/embed") document.body.classList.add("embedded");

/** Lost hosts' past slides on, and countdowns count, without ticks. */
function beat() {
  if (!document.hidden) {
    board.second_passed();
    if (!store.state.dashboard.frozen) painter.mark_stale(feeds.span().to);
  }
  setTimeout(beat, HEARTBEAT);
}

async function start() {
  const lists = await Promise.allSettled([get("widgets"), get("presets"), get("hosts")]);
  const [widgets, presets, hosts] = lists.map((one) => (one.status === "fulfilled" ? one.value : {}));
  const failed = lists.find((one) => one.status === "rejected");
  const layout = await linkedLayout();
  if (failed) store.do(actions.notice_given, { key: "catalogue", kind: "error", text: `The list of widgets did not come: ${failed.reason.message}`, hint: "Reload the page." });
  store.batch(() => {
    store.do(actions.home_told, hosts.default ?? null);
    store.do(actions.catalog_loaded, catalogOf(widgets, presets));
    startRouter(store, layout);
  });
  await link.open();
}

plotlyLoaded().then(
  () => {
    painter.mark_all();
    // When nothing else is to do; browsers that can't tell are given a moment.
    if ("requestIdleCallback" in window) requestIdleCallback(() => void warmUp());
    else setTimeout(() => void warmUp(), 200);
  },
  (error) => store.do(actions.notice_given, { key: "plotly", kind: "error", text: error.message, hint: "Reload the page." }),
);
start();
beat();
document.addEventListener("visibilitychange", () => feeds.hide(document.hidden));
feeds.hide(document.hidden);

// For tests of the whole page: read only.
Object.defineProperty(window, "vectorpy", {
  value: Object.freeze({
    get points_seen() { return feeds.seen; },
    get drawn() { return painter.drawn; },
    /** @param {string} host @param {string} wish */
    figure: (host, wish) => board.figure(host, wish),
    /** @param {string} wish */
    burst_figure: (wish) => burst.figure(wish),
    get state() { return structuredClone(store.state); },
  }),
});
