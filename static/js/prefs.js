/**
 * What this browser remembers: theme, zone, recent hosts. Nothing of it is shared or vital:
 * where storage is closed, the page works without.
 */

import { recent_loaded, theme_chosen, zone_chosen } from "./actions.js";

const KEY = "vectorpy";

/** @returns {Record<string, unknown>} */
function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

/** @param {Record<string, unknown>} part */
function keep(part) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...load(), ...part }));
  } catch {
    // Private windows may refuse to store: then this browser forgets, no more.
  }
}

/** @param {import("./feeds.js").PageStore} store */
function startPrefs(store) {
  const { theme, utc, recent } = load();
  if (theme === "light" || theme === "dark" || theme === "contrast") store.do(theme_chosen, theme);
  if (utc === true) store.do(zone_chosen, true);
  if (Array.isArray(recent)) {
    store.do(recent_loaded, recent.filter((one) => typeof one === "string" && one.length < 300));
  }
  store.subscribe((state) => state.theme, (now) => keep({ theme: now }));
  store.subscribe((state) => state.utc, (now) => keep({ utc: now }));
  store.subscribe((state) => state.recent, (now) => keep({ recent: now }));
}

export { startPrefs };
