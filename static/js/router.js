/**
 * The URL and the dashboard kept in step: each change is an entry of the history, Back and
 * Forward bring dashboards back, and links of Vector are read once and rewritten.
 */

import { dashboard_opened, findWidget, meantWish, notice_given, notices_swept, shownWishes } from "./actions.js";
import { narrows } from "./model/narrow.js";
import { decode, encode } from "./model/url.js";
import { readVector } from "./model/vector.js";

/** @typedef {import("./feeds.js").PageStore} PageStore */
/** @typedef {import("./model/types.js").Dashboard} Dashboard */

/** @param {PageStore} store @param {string[]} problems */
function tell(store, problems) {
  problems.forEach((text, n) => store.do(notice_given, { key: `url ${n}`, kind: "error", text }));
}

/** @param {PageStore} store */
function open(store) {
  const { search, hash } = window.location;
  const vector = readVector(search, hash, {
    wish: (name) => meantWish(store.state, name),
    contained: (id) => contained(findWidget(store.state, id)),
    narrows: (id) => narrows(findWidget(store.state, id)),
  });
  if (vector) {
    openVector(store, vector);
    return;
  }
  const { dashboard, problems } = decode(search, (read) => shownWishes({ ...store.state, dashboard: read }));
  const bare = !new URLSearchParams(search).has("v") && !dashboard.hosts.length;
  const { home } = store.state;
  if (bare && home) dashboard.hosts = [home];
  if (!dashboard.preset && !dashboard.wishes.length) dashboard.preset = store.state.catalog.preset;
  store.do(dashboard_opened, dashboard);
  tell(store, [...problems, ...unknownNames(store)]);
}

/** Whether a widget shows control groups by instance. @param {import("./model/types.js").CatalogWidget|null} widget */
function contained(widget) {
  return widget?.group === "Containers" && (widget.options ?? []).some(({ name }) => name === "instances");
}

/** Names in the URL that this server does not know. @param {PageStore} store */
function unknownNames(store) {
  const { catalog, dashboard } = store.state;
  if (!catalog.widgets.length) return [];
  const strangers = dashboard.wishes
    .map((wish) => wish.split(";")[0])
    .filter((id) => id !== "chart" && !findWidget(store.state, id));
  const problems = strangers.map((id) => `This server has no widget “${id}”.`);
  if (dashboard.preset && !catalog.presets.some(({ id }) => id === dashboard.preset)) {
    problems.push(`This server has no preset “${dashboard.preset}”; ${catalog.preset} is shown.`);
  }
  return problems;
}

/** @param {PageStore} store @param {import("./model/vector.js").Legacy} vector */
function openVector(store, { dashboard, offers, unknown }) {
  if (!dashboard.wishes.length) dashboard.preset ??= store.state.catalog.preset;
  store.do(dashboard_opened, dashboard);
  tell(store, unknown.length ? [`This link of Vector names widgets that are not here: ${unknown.join(", ")}.`] : []);
  for (const host of offers) {
    store.do(notice_given, {
      key: `offer ${host}`,
      kind: "note",
      text: `This link of Vector asks one host for another: ${host}. It can be shown as a host of its own.`,
      action: { label: `Add ${host}`, host },
    });
  }
}

/** A double click is two clicks first: choices in legends that follow so soon are one step. */
const SOON = 600;

/** Whether only the choice of series differs. @param {Dashboard} now @param {Dashboard} before */
function sameButSeries(now, before) {
  return now.series !== before.series && now.wishes === before.wishes && now.hosts === before.hosts;
}

/** Whether only the stretch that is held still differs: moving through time is one step. @param {Dashboard} now @param {Dashboard} before */
function sameButSpan(now, before) {
  const keys = /** @type {(keyof Dashboard)[]} */ (Object.keys(now));
  return now.frozen !== null && before.frozen !== null && keys.every((key) => key === "frozen" || now[key] === before[key]);
}

/** Starts after the catalogue is known. @param {PageStore} store */
function startRouter(store) {
  let travelling = true;
  let clicked = -SOON;
  const queryOf = () => encode(store.state.dashboard, shownWishes(store.state));
  const path = window.location.pathname;
  open(store);
  window.history.replaceState(null, "", path + queryOf());
  travelling = false;
  // Widgets came, changed or went: what was told of unknown names may hold no more.
  store.subscribe((state) => state.catalog, () => {
    store.do(notices_swept, "url ");
    tell(store, unknownNames(store));
  });
  store.subscribe((state) => state.dashboard, (now, before) => {
    const query = queryOf();
    if (travelling || query === window.location.search) return;
    // The server's spelling of a host is no step of the user's.
    const renamed = now.hosts !== before.hosts && now.hosts.length === before.hosts.length;
    const again = (sameButSeries(now, before) && performance.now() - clicked < SOON) || sameButSpan(now, before);
    if (sameButSeries(now, before)) clicked = performance.now();
    window.history[renamed || again ? "replaceState" : "pushState"](null, "", path + query);
  });
  window.addEventListener("popstate", () => {
    travelling = true;
    open(store);
    travelling = false;
  });
}

export { startRouter };
