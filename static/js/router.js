/**
 * The URL and the dashboard kept in step: each change is an entry of the history, Back and
 * Forward bring dashboards back, and links of Vector are read once and rewritten.
 *
 * Where cards stand is packed into the fragment `#l=`, which takes a turn of the browser's loop:
 * changes that come meanwhile wait for it, so that the history has them in their order.
 */

import { dashboard_opened, findWidget, meantWish, notice_given, notices_swept, shownWishes } from "./actions.js";
import { openGroups } from "./groups.js";
import { narrows } from "./model/narrow.js";
import { pack, unpack } from "./fragment.js";
import { printLayout, readLayout } from "./model/fragment.js";
import { decode, encode } from "./model/url.js";
import { readVector } from "./model/vector.js";

/** @typedef {import("./feeds.js").PageStore} PageStore */
/** @typedef {import("./model/types.js").Dashboard} Dashboard */

/** @param {PageStore} store @param {string[]} problems */
function tell(store, problems) {
  problems.forEach((text, n) => store.do(notice_given, { key: `url ${n}`, kind: "error", text }));
}

/** The layout's text in the page's own link; null where it can't be read. @returns {Promise<string|null>} */
async function linkedLayout() {
  const packed = /^#l=(.*)$/.exec(window.location.hash)?.[1];
  return packed === undefined ? "" : unpack(packed);
}

/** @param {PageStore} store @param {string|null} text the layout's */
function open(store, text) {
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
  const bare = !new URLSearchParams(search).has("v") && !dashboard.hosts.length && !dashboard.groups.length;
  const { home } = store.state;
  if (bare && home) dashboard.hosts = [home];
  if (!dashboard.preset && !dashboard.wishes.length) dashboard.preset = store.state.catalog.preset;
  // What can't be unpacked is no JSON either.
  const { layout, problem } = readLayout(text ?? "?", shownWishes({ ...store.state, dashboard }));
  dashboard.layout = layout;
  store.do(dashboard_opened, dashboard);
  tell(store, [...problems, ...(problem ? [problem] : []), ...unknownNames(store)]);
  if (dashboard.groups.length) void openGroups(store);
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
      action: { label: `Add ${host}`, hosts: [host] },
    });
  }
}

/** A double click is two clicks first, a card goes far by many small steps: what follows so soon is one step. */
const SOON = { series: 600, cards: 1000 };

/** What alone differs, of those changes that come in quick succession. @param {Dashboard} now @param {Dashboard} before @returns {"series"|"cards"|null} */
function kindOf(now, before) {
  if (now.hosts !== before.hosts || now.full !== before.full) return null;
  const same = now.wishes === before.wishes && now.layout === before.layout;
  if (same) return now.series !== before.series || now.shownHosts !== before.shownHosts ? "series" : null;
  const cards = (/** @type {Dashboard} */ one) => JSON.stringify([[...one.wishes].sort(), one.layout?.grouped, one.layout?.folded]);
  return cards(now) === cards(before) ? "cards" : null;
}

/** Whether only the stretch that is held still differs: moving through time is one step. @param {Dashboard} now @param {Dashboard} before */
function sameButSpan(now, before) {
  const keys = /** @type {(keyof Dashboard)[]} */ (Object.keys(now));
  return now.frozen !== null && before.frozen !== null && keys.every((key) => key === "frozen" || now[key] === before[key]);
}

/** Writes the address; each call after the one before it. */
class Writer {
  #path = window.location.pathname;
  #turn = Promise.resolve();
  #waiting = 0;
  /** @type {{text: string, packed: string}} */
  #last = { text: "", packed: "" };
  /** Grows when the browser went elsewhere: what was to be written before is of no use. */
  travelled = 0;

  /** @param {string} query @param {string} text the layout's @param {boolean} replace */
  tell(query, text, replace) {
    if (!this.#waiting && (!text || text === this.#last.text)) {
      this.#put(query + (text && this.#last.packed), replace);
      return;
    }
    const { travelled } = this;
    this.#waiting += 1;
    this.#turn = this.#turn.then(async () => {
      // Where a browser can't pack it, the link has no places, and all else.
      const packed = text && (await pack(text).then((one) => `#l=${one}`, () => ""));
      this.#waiting -= 1;
      if (travelled !== this.travelled) return;
      this.#last = { text, packed };
      this.#put(query + packed, replace);
    });
  }

  /** @param {string} link @param {boolean} replace */
  #put(link, replace) {
    const { search, hash } = window.location;
    if (link === search + hash && !replace) return;
    window.history[replace ? "replaceState" : "pushState"](null, "", this.#path + link);
  }
}

/** Writes the address after each change of the dashboard. @param {PageStore} store @param {Writer} writer @param {() => boolean} travelling */
function follow(store, writer, travelling) {
  const changed = { series: -Infinity, cards: -Infinity };
  const write = (/** @type {boolean} */ replace) => {
    const shown = shownWishes(store.state);
    const { dashboard } = store.state;
    writer.tell(encode(dashboard, shown), printLayout(dashboard.layout, shown), replace);
  };
  write(true);
  store.subscribe((state) => state.dashboard, (now, before) => {
    if (travelling()) return;
    // The server's spelling of a host is no step of the user's.
    const renamed = now.hosts !== before.hosts && now.hosts.length === before.hosts.length;
    // A link that names a group alone becomes that of its hosts.
    const read = !before.hosts.length && before.groups.length > 0;
    const kind = kindOf(now, before);
    const again = kind !== null && performance.now() - changed[kind] < SOON[kind];
    // Between two steps of one kind, another change is a step of its own.
    changed.series = changed.cards = -Infinity;
    if (kind) changed[kind] = performance.now();
    write(renamed || read || again || sameButSpan(now, before));
  });
}

/** Starts after the catalogue is known. @param {PageStore} store @param {string|null} text the layout's, of linkedLayout() */
function startRouter(store, text) {
  let travelling = false;
  open(store, text);
  const writer = new Writer();
  follow(store, writer, () => travelling);
  // Widgets came, changed or went: what was told of unknown names may hold no more.
  store.subscribe((state) => state.catalog, () => {
    store.do(notices_swept, "url ");
    tell(store, unknownNames(store));
  });
  window.addEventListener("popstate", async () => {
    const turn = (writer.travelled += 1);
    const there = await linkedLayout();
    if (turn !== writer.travelled) return;
    travelling = true;
    store.do(notices_swept, "url ");
    open(store, there);
    travelling = false;
  });
}

export { linkedLayout, startRouter };
