/**
 * The container that the dashboard is narrowed to: a button beside the hosts, a chip once one is
 * chosen, the list to choose from, and what hosts that do not have it say.
 */

import { container_chosen, containers_told } from "../actions.js";
import { getContainers } from "../api.js";
import { el, fill, icon, say } from "../dom.js";
import { hostTitle } from "../model/hosts.js";
import { fitting, merged } from "../model/narrow.js";
import { format } from "../model/units.js";
import { openDialog } from "./dialog.js";

/** @typedef {import("../feeds.js").PageStore} PageStore */
/** @typedef {import("../model/types.js").Group} Group */

/** A host is asked whether it has any this long after it is there: its charts go first. */
const LATER = 1500;
/** While the list is open its numbers are asked for again; rates need a second look soon. */
const SOON = 1300;
const AGAIN = 3000;
const MOST_SHOWN = 100;

/** The list: typed words narrow it, arrows move in it, Enter chooses. */
class Chooser {
  #store;
  #input = el("input", { type: "text", class: "picker-search", role: "combobox", placeholder: "Name, id or cgroup path", "aria-label": "Search containers", "aria-controls": "container-list", "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off", autocapitalize: "off", spellcheck: "false", autofocus: true });
  #list = el("ul", { id: "container-list", class: "container-list", role: "listbox", "aria-label": "Containers and control groups" });
  #said = el("p", { class: "quiet container-said", role: "status" });
  #at = 0;
  /** @type {Group[]} */
  #shown = [];
  #timer = 0;
  #stop = new AbortController();
  #dialog;

  /** @param {PageStore} store */
  constructor(store) {
    this.#store = store;
    const { container } = store.state.dashboard;
    const whole = container ? el("button", { type: "button", class: "button", onclick: () => this.#choose("") }, "Show the whole host") : "";
    this.#dialog = openDialog("Narrow to a container", "containers", this.#input, whole, this.#said, this.#list);
    this.#input.addEventListener("input", () => this.#show(true));
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    const undo = store.subscribe((state) => state.containers, () => this.#show(false));
    this.#dialog.addEventListener("close", () => {
      undo();
      clearTimeout(this.#timer);
      this.#stop.abort();
    });
    this.#show(true);
    this.#input.focus();
    this.#ask();
  }

  async #ask(wait = SOON) {
    await Promise.all(this.#store.state.dashboard.hosts.map((host) => ask(this.#store, host, 1, this.#stop.signal)));
    if (!this.#stop.signal.aborted) this.#timer = setTimeout(() => this.#ask(AGAIN), wait);
  }

  /** @param {boolean} anew the first one is meant again */
  #show(anew) {
    const { containers, dashboard } = this.#store.state;
    const lists = dashboard.hosts.map((host) => containers[host] ?? []);
    const all = merged(lists);
    const before = this.#shown[this.#at]?.name;
    const found = fitting(all, this.#input.value);
    this.#shown = found.slice(0, MOST_SHOWN);
    // Until somebody moves in the list its first one is meant, whatever that is by now.
    this.#at = anew || !this.#at ? 0 : Math.max(0, this.#shown.findIndex(({ name }) => name === before));
    const known = dashboard.hosts.every((host) => containers[host]);
    if (!all.length) say(this.#said, known ? "No host here tells containers or control groups." : "The list is on its way.");
    else if (!found.length) say(this.#said, `None of the ${all.length} is like “${this.#input.value.trim()}”.`);
    else say(this.#said, found.length > MOST_SHOWN ? `The first ${MOST_SHOWN} of ${found.length}.` : `${found.length} of ${all.length}`);
    fill(this.#list, ...this.#shown.map((group, n) => this.#row(group, n)));
    this.#mark(false);
  }

  /** @param {Group} group @param {number} n */
  #row(group, n) {
    const { name, path, runtime, cpu, memory } = group;
    const { dashboard, containers } = this.#store.state;
    const having = dashboard.hosts.filter((host) => containers[host]?.some((one) => one.name === name));
    const where = dashboard.hosts.length > 1 ? `on ${having.join(", ")}` : "";
    // Of a path the last part tells most.
    const short = name === path ? path.slice(path.lastIndexOf("/") + 1) || path : name;
    const under = [short === path ? "" : path, where].filter(Boolean).join(" · ");
    const chosen = name === dashboard.container;
    return el(
      "li",
      { id: `container-${n}`, role: "option", "aria-selected": "false", class: chosen ? "chosen" : null, title: path, onclick: () => this.#choose(name) },
      el("span", { class: "container-name" }, el("b", {}, short), under && el("span", { class: "quiet" }, under)),
      el("span", { class: "container-runtime" }, runtime),
      el("span", { class: "number" }, cpu === null ? "" : `${format(cpu * 100, "%")} CPU`),
      el("span", { class: "number" }, memory === null ? "" : format(memory, "B")),
    );
  }

  /** @param {boolean} scroll */
  #mark(scroll) {
    [...this.#list.children].forEach((row, n) => row.setAttribute("aria-selected", String(n === this.#at)));
    const row = this.#list.children[this.#at];
    this.#input.setAttribute("aria-activedescendant", row?.id ?? "");
    if (scroll) row?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (by && this.#shown.length) {
      this.#at = Math.max(0, Math.min(this.#shown.length - 1, this.#at + by));
      this.#mark(true);
    } else if (event.key === "Enter" && !event.isComposing) {
      const group = this.#shown[this.#at];
      if (group) this.#choose(group.name);
    } else return;
    event.preventDefault();
  }

  /** @param {string} name */
  #choose(name) {
    this.#dialog.close();
    this.#store.do(container_chosen, name);
  }
}

/** Asks a host for its containers; where it does not answer its state stands on the page. @param {PageStore} store @param {string} host @param {number} age @param {AbortSignal} [signal] */
async function ask(store, host, age, signal) {
  try {
    const { containers } = await getContainers(host, age, signal);
    if (!signal?.aborted) store.do(containers_told, { host, containers });
  } catch {
    if (!signal?.aborted && !store.state.containers[host]) store.do(containers_told, { host, containers: [] });
  }
}

/** What a host says that does not have the container now. @param {PageStore} store @param {string} host @param {import("../model/types.js").Narrow} narrow */
function note(store, host, { container, state, known = [], total = 0 }) {
  const title = hostTitle(host, store.state.hosts[host]);
  if (state === "gone") return el("div", { class: "notice", role: "status" }, el("p", {}, `${container} is not running on ${title} now. Its past is drawn, and it goes on when it is back.`));
  if (state === "waiting") return el("div", { class: "notice", role: "status" }, el("p", {}, `${title} has told no containers or control groups.`));
  const rest = total - known.length;
  return el(
    "div",
    { class: "notice error", role: "alert" },
    el("p", {}, `There is no container “${container}” on ${title}. It has `, ...known.flatMap((name, n) => [n ? ", " : "", el("button", { type: "button", class: "link", onclick: () => store.do(container_chosen, name) }, name)]), rest > 0 ? ` and ${rest} more.` : "."),
  );
}

/** @param {PageStore} store */
function button(store) {
  const open = () => new Chooser(store);
  const name = el("span", { class: "container-chosen" });
  const whole = el("button", { type: "button", class: "container-clear", onclick: () => store.do(container_chosen, "") }, icon("close"));
  const choose = el("button", { type: "button", class: "button container-open", "aria-haspopup": "dialog", title: "Narrow the dashboard to one container (n)", onclick: open }, icon("box"), name);
  const node = el("div", { class: "container-box", hidden: true }, choose, whole);
  const show = () => {
    const { dashboard, containers } = store.state;
    const { container, hosts } = dashboard;
    node.hidden = !container && !hosts.some((host) => containers[host]?.length);
    node.classList.toggle("narrowed", container !== "");
    say(name, container ? `container: ${container}` : "Container");
    choose.setAttribute("aria-label", container ? `container: ${container}, choose another` : "Narrow to a container");
    whole.hidden = !container;
    whole.setAttribute("aria-label", `Show the whole host instead of ${container}`);
    whole.title = "Show the whole host again";
  };
  show();
  store.subscribe((state) => state.dashboard, show);
  store.subscribe((state) => state.containers, show);
  return { node, open };
}

/** Asks each host once, after it is there, whether it has containers. @param {PageStore} store */
function askOnce(store) {
  const asked = new Set();
  const look = () => {
    const { hosts, dashboard } = store.state;
    for (const host of dashboard.hosts) {
      if (asked.has(host) || hosts[host]?.state !== "live") continue;
      asked.add(host);
      setTimeout(() => {
        // A host that went meanwhile is asked when it is back.
        if (store.state.hosts[host]?.state === "live") void ask(store, host, 60);
        else asked.delete(host);
      }, LATER);
    }
  };
  store.follow((state) => state.hosts, look);
  store.subscribe((state) => state.dashboard.hosts, look);
}

/**
 * @param {PageStore} store
 * @param {HTMLElement} notes where hosts say that they do not have the container
 * @returns {{node: HTMLElement, open: () => void}}
 */
function mountContainers(store, notes) {
  const show = () => {
    const { narrow, dashboard } = store.state;
    const lacking = dashboard.hosts.filter((host) => dashboard.container && narrow[host] && narrow[host].state !== "here");
    fill(notes, ...lacking.map((host) => note(store, host, narrow[host])));
  };
  show();
  store.subscribe((state) => state.narrow, show);
  store.subscribe((state) => state.dashboard, show);
  if (window.location.pathname !== "/embed") askOnce(store);
  return button(store);
}

export { mountContainers };
