/**
 * Dark, light or high contrast: what was chosen, or what the system says. High contrast is on
 * black or on white, as the system prefers. The theme never stands in the URL; it is this
 * browser's own.
 */

import { CONTRAST, CONTRAST_LIGHT, DARK, LIGHT } from "./model/colours.js";

const SYSTEM = {
  light: window.matchMedia("(prefers-color-scheme: light)"),
  more: window.matchMedia("(prefers-contrast: more)"),
  forced: window.matchMedia("(forced-colors: active)"),
};
const PALETTES = { dark: DARK, light: LIGHT, contrast: CONTRAST, "contrast-light": CONTRAST_LIGHT };

/** @param {import("./actions.js").State["theme"]} chosen @returns {keyof typeof PALETTES} */
function resolved(chosen) {
  const bright = SYSTEM.light.matches;
  const strong = chosen === "contrast" || (chosen === "auto" && (SYSTEM.more.matches || SYSTEM.forced.matches));
  if (strong) return bright ? "contrast-light" : "contrast";
  if (chosen === "dark" || chosen === "light") return chosen;
  return bright ? "light" : "dark";
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
  for (const one of Object.values(SYSTEM)) one.addEventListener("change", apply);
  return () => PALETTES[resolved(store.state.theme)];
}

export { startTheme };
