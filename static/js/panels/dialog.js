/**
 * A modal dialog: the browser's own, so that focus stays inside and Escape closes it.
 */

import { el, icon } from "../dom.js";

/**
 * Opens a dialog and removes it when it closes.
 * @param {string} title
 * @param {string} name a class
 * @param {...(Node|string)} children
 * @returns {HTMLDialogElement}
 */
function openDialog(title, name, ...children) {
  const head = el("h2", { id: "dialog-title" }, title);
  const close = el("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  const body = el("div", { class: "dialog-body" }, ...children);
  const dialog = el(
    "dialog",
    { class: `dialog ${name}`, "aria-labelledby": "dialog-title" },
    el("header", {}, head, close),
    body,
  );
  const before = /** @type {HTMLElement|null} */ (document.activeElement);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
  });
  // A click on the backdrop is a click on the dialog itself.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  // What scrolls and holds nothing to go to must be reached by the keyboard itself.
  if (body.scrollHeight > body.clientHeight && !body.querySelector("button, a, input, select, [tabindex]")) body.tabIndex = 0;
  return dialog;
}

/** Whether a dialog is open: then shortcuts of the page rest. */
function dialogOpen() {
  return document.querySelector("dialog[open]") !== null;
}

export { dialogOpen, openDialog };
