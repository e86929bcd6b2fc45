/**
 * What the page has to say: the connection, problems the server told, what a URL got wrong.
 * Lost and returned hosts are also spoken, for those who don't see the colours.
 */

import { hosts_added, notice_cleared } from "../actions.js";
import { el, fill, icon, say } from "../dom.js";
import { group_added } from "../overlaying.js";

/** @typedef {import("../feeds.js").PageStore} PageStore */

/** @param {PageStore} store @param {import("../actions.js").Notice} notice */
function noticeRow(store, { key, kind, text, hint, action }) {
  const clear = () => store.do(notice_cleared, key);
  const act = (/** @type {NonNullable<typeof action>} */ { hosts, group, instead }) => {
    clear();
    if (group) store.do(group_added, { group, hosts, instead });
    else store.do(hosts_added, hosts);
  };
  return el(
    "div",
    { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" },
    el("p", {}, text, hint ? ` ${hint}` : ""),
    action &&
      el("button", { type: "button", class: "button", onclick: () => act(action) }, action.label),
    el("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: clear }, icon("close")),
  );
}

/** @param {HTMLElement} node @param {PageStore} store */
function mountNotices(node, store) {
  const show = () => {
    const { notices, link } = store.state;
    fill(
      node,
      !link.up && link.text ? el("div", { class: "notice away", role: "status" }, el("i", { class: "dot" }), el("p", {}, link.text)) : null,
      ...notices.map((notice) => noticeRow(store, notice)),
    );
  };
  show();
  store.subscribe((state) => state.notices, show);
  store.subscribe((state) => state.link, show);
}

/** Says aloud which hosts were lost and came back. @param {HTMLElement} node @param {PageStore} store */
function mountSpoken(node, store) {
  store.subscribe((state) => state.hosts, (now, before) => {
    const changed = Object.values(now).filter(({ host, state }) => before[host] && before[host].state !== state);
    const words = changed.map(({ host, state, reason, name }) =>
      state === "live" ? `${name ?? host} is back.` : `${name ?? host} is ${state.replaceAll("-", " ")}. ${reason ?? ""}`,
    );
    if (words.length) say(node, words.join(" "));
  });
  store.subscribe((state) => state.link, (link) => say(node, link.up ? "Connected." : link.text));
}

export { mountNotices, mountSpoken };
