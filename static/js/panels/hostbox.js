/**
 * The box in which hosts are typed, and groups of them: `@web` of the server's file, `web/*` for all
 * addresses of a name. What can't be read or found is told below it.
 */

import { hosts_added } from "../actions.js";
import { el, fill, icon, say } from "../dom.js";
import { addGroup, listGroups } from "../groups.js";
import { parseHosts } from "../model/hosts.js";
import { groupTitle, listed, typedGroup } from "../model/together.js";
import { MOST } from "../model/url.js";

/** @typedef {import("../feeds.js").PageStore} PageStore */

/** Hosts beyond those that a page holds, in words. @param {PageStore} store @param {string[]} hosts */
function left(store, hosts) {
  const out = hosts.filter((host) => !store.state.dashboard.hosts.includes(host));
  return out.length ? `A page holds ${MOST.hosts} hosts; left out: ${listed(out)}. Take one away by the cross beside its name.` : "";
}

/** @param {PageStore} store @param {string} line @returns {Promise<string>} what was wrong, in words */
async function take(store, line) {
  const { hosts, groups, errors } = parseHosts(line, typedGroup);
  if (errors.length) return errors.join(" ");
  if (hosts.length) store.do(hosts_added, hosts);
  const words = [left(store, hosts)];
  for (const group of groups) {
    try {
      await addGroup(store, group);
    } catch (error) {
      const { message, hint = "" } = /** @type {import("../api.js").Failed} */ (error);
      words.push(`${message} ${hint}`.trim());
    }
  }
  return words.filter(Boolean).join(" ");
}

function newInput() {
  return el("input", {
    type: "text",
    class: "host-input",
    name: "host",
    "aria-label": "Hosts to add",
    "aria-describedby": "host-error",
    placeholder: "Add a host: web-01, pcp://db-2",
    title: "Hosts, separated by spaces; @web is a group of hosts, web/* all addresses of a name",
    list: "recent-hosts",
    autofocus: true,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    enterkeyhint: "go",
  });
}

/** @param {PageStore} store */
function hostBox(store) {
  const error = el("p", { class: "host-error", id: "host-error", role: "alert", hidden: true });
  const options = el("datalist", { id: "recent-hosts" });
  const input = newInput();
  const refuse = (/** @type {string} */ text) => {
    say(error, text);
    error.hidden = !text;
    input.setAttribute("aria-invalid", String(text !== ""));
  };
  const submit = async () => {
    const typed = input.value;
    if (!typed.trim()) return;
    const wrong = await take(store, typed);
    refuse(wrong);
    if (!wrong && input.value === typed) input.value = "";
  };
  const form = el(
    "form",
    {
      class: "host-box",
      role: "search",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void submit();
      },
    },
    input,
    el("button", { type: "submit", class: "icon-button", "aria-label": "Add host" }, icon("plus")),
    options,
    error,
  );
  input.addEventListener("input", () => refuse(""));
  suggest(store, input, options);
  return { form, input };
}

/** Recent hosts, and the groups of the server's file as it is when somebody comes to type. @param {PageStore} store @param {HTMLInputElement} input @param {HTMLElement} options */
function suggest(store, input, options) {
  /** @type {HTMLElement[]} */
  let groups = [];
  const show = () => fill(options, ...groups, ...store.state.recent.map((host) => el("option", { value: host })));
  input.addEventListener("focus", async () => {
    const found = await listGroups();
    groups = found.map(({ name, hosts }) => el("option", { value: groupTitle(name) }, listed(hosts)));
    show();
  });
  store.follow((state) => state.recent, show);
}

export { hostBox };
