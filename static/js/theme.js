/**
 * Dark or light: what was chosen, or what the system says. The theme never stands in the URL;
 * it is this browser's own.
 */

import { DARK, LIGHT } from "./model/colours.js";

const SYSTEM = window.matchMedia("(prefers-color-scheme: light)");

/** @param {string} chosen */
function resolved(chosen) {
  if (chosen !== "auto") return chosen;
  return SYSTEM.matches ? "light" : "dark";
}

/**
 * Keeps the page's theme in step with the state; `changed` is called after each change.
 * Returns a function that tells the palette in force.
 * @param {import("./feeds.js").PageStore} store
 * @param {() => void} changed
 */
function startTheme(store, changed) {
  const apply = () => {
    document.documentElement.dataset.theme = resolved(store.state.theme);
    changed();
  };
  apply();
  store.subscribe((state) => state.theme, apply);
  SYSTEM.addEventListener("change", apply);
  return () => (resolved(store.state.theme) === "light" ? LIGHT : DARK);
}

export { startTheme };
