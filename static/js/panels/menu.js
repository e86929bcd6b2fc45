/**
 * The small menu of a card: where its numbers come from, moving, saving, removing.
 */

import { el } from "../dom.js";

/** @typedef {{label: string, run: () => void, off?: boolean, checked?: boolean}} Item checked: one of several ways, and whether it is the one in force */

/**
 * Opens a menu under a button; it closes on choice, Escape, or a click elsewhere.
 * @param {HTMLElement} button
 * @param {Item[]} items
 */
function openMenu(button, items) {
  const stop = new AbortController();
  const close = () => {
    stop.abort();
    menu.remove();
    button.setAttribute("aria-expanded", "false");
  };
  const buttons = items.map(({ label, run, off, checked }) =>
    el("button", { type: "button", role: checked === undefined ? "menuitem" : "menuitemradio", "aria-checked": checked === undefined ? null : String(checked), disabled: off, onclick: () => { close(); button.focus(); run(); } }, label),
  );
  const menu = el("div", { class: "menu", role: "menu", onkeydown: (/** @type {KeyboardEvent} */ event) => step(event, buttons, close, button) }, ...buttons);
  document.body.append(menu);
  button.setAttribute("aria-expanded", "true");
  const box = button.getBoundingClientRect();
  menu.style.top = `${Math.min(box.bottom + 4, window.innerHeight - menu.offsetHeight - 8)}px`;
  menu.style.left = `${Math.max(8, box.right - menu.offsetWidth)}px`;
  buttons.find((one) => !one.disabled)?.focus();
  const away = (/** @type {Event} */ event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) close();
  };
  // The click that opened the menu is still under way.
  setTimeout(() => {
    if (stop.signal.aborted) return;
    document.addEventListener("pointerdown", away, { signal: stop.signal });
    window.addEventListener("scroll", close, { signal: stop.signal });
  });
}

/** @param {KeyboardEvent} event @param {HTMLButtonElement[]} buttons @param {() => void} close @param {HTMLElement} button */
function step(event, buttons, close, button) {
  const usable = buttons.filter((one) => !one.disabled);
  const at = usable.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  if (event.key === "Escape" || event.key === "Tab") {
    close();
    button.focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const by = event.key === "ArrowDown" ? 1 : -1;
    usable[(at + by + usable.length) % usable.length]?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

export { openMenu };
