/**
 * What a burst is asked of, where that is not plain: which host of several, and which widgets
 * where all of them need more metrics than a burst may have.
 */

import { findWidget } from "../actions.js";
import { el, fill, say } from "../dom.js";
import { countOf } from "../model/burst.js";
import { hostTitle } from "../model/hosts.js";
import { parseWish } from "../model/wish.js";
import { openDialog } from "./dialog.js";

/** @typedef {import("../feeds.js").PageStore} PageStore */

/** A wish in words. @param {PageStore} store @param {string} wish */
function wishTitle(store, wish) {
  const parsed = parseWish(wish);
  const options = parsed?.options ?? {};
  const title = options.title ?? options.expr ?? findWidget(store.state, parsed?.id ?? "")?.title ?? wish;
  return options.instances ? `${title} (${options.instances})` : title;
}

/** @param {PageStore} store @param {(host: string) => void} chosen */
function askHost(store, chosen) {
  const { hosts } = store.state.dashboard;
  const button = (/** @type {string} */ host) =>
    el("button", { type: "button", class: "button", onclick: () => { dialog.close(); chosen(host); } }, hostTitle(host, store.state.hosts[host]));
  const dialog = openDialog("Burst of which host?", "burst-ask", el("p", {}, "10 points a second for 60 s of the widgets shown. The charts go on each second."), el("div", { class: "empty-hosts" }, ...hosts.map(button)));
}

/** @param {PageStore} store @param {import("../model/burst.js").Told} told a refusal with needs @param {(wishes: string[]) => void} chosen */
function askWidgets(store, { reason, needs, wishes, left, most }, chosen) {
  const picked = new Set(wishes);
  const total = el("p", { role: "status" });
  const start = el("button", { type: "button", class: "button", onclick: () => { dialog.close(); chosen([...picked]); } }, "Start the burst");
  const show = () => {
    const count = countOf(needs, picked);
    say(total, `${count} of ${most} metrics`);
    total.classList.toggle("over", count > most);
    start.disabled = count > most || !picked.size;
  };
  const rows = needs.map(({ wish, metrics }) => {
    const box = el("input", { type: "checkbox", onchange: () => { if (box.checked) picked.add(wish); else picked.delete(wish); show(); } });
    box.checked = picked.has(wish);
    return el("label", { class: "choice-row" }, box, wishTitle(store, wish), el("span", { class: "quiet" }, metrics.length === 1 ? "1 metric" : `${metrics.length} metrics`));
  });
  const list = el("div", { class: "rows" });
  fill(list, ...rows);
  const dialog = openDialog(
    "Which widgets shall the burst draw?",
    "burst-ask",
    el("p", {}, reason, " What widgets share counts once."),
    list,
    left.length ? el("p", { class: "quiet" }, `Never in a burst: ${left.map(({ wish }) => wishTitle(store, wish)).join(", ")}.`) : "",
    el("footer", {}, total, start),
  );
  show();
  start.focus();
}

export { askHost, askWidgets, wishTitle };
