/**
 * The head of each host: its state in words and colour, the reason, what to try, when it is
 * tried next, and what it costs. Below it, where it does not connect, what was tried.
 *
 * Heads keep their height: a host that is lost or comes back moves nobody's charts. So what was
 * tried opens by itself only where there is no chart yet, else by its button.
 */

import { host_removed } from "../actions.js";
import { el, fill, hide, icon, say } from "../dom.js";
import { costWords, hostTitle, nextTry, stateName } from "../model/hosts.js";
import { checkPanel } from "./check.js";

/** States in which a host gives nothing. */
const LOST = ["down", "refused", "refused-by-policy", "not-pcp", "overloaded"];

/** @param {string|null|undefined} transport */
function wayName(transport) {
  const names = /** @type {Record<string, string>} */ ({ web: "web API", pmcd: "pmcd", archive: "archive" });
  return transport ? (names[transport] ?? transport) : "";
}

class HostHead {
  #store;
  #time;
  #dot = el("i", { class: "dot" });
  /** Where hosts stand in one chart: its colour there, and whether it is drawn. */
  #key = el("button", { type: "button", class: "host-key", hidden: true, onclick: (/** @type {MouseEvent} */ event) => (event.shiftKey ? this.#keys?.isolate() : this.#keys?.toggle()), ondblclick: () => this.#keys?.isolate() }, el("i", { class: "swatch" }));
  /** @type {{toggle: () => void, isolate: () => void}|null} */
  #keys = null;
  #name = el("h2", {});
  #state = el("span", { class: "state" });
  #next = el("span", { class: "next" });
  #text = el("span", {});
  /** Facts of a host that is well, else the reason. */
  #said = el("p", { class: "said" }, this.#next, this.#text);
  /** What was tried, as a row of its own below all heads. */
  below = el("div", { class: "below", hidden: true });
  /** @type {ReturnType<typeof checkPanel>|null} */
  #check = null;
  #dismissed = false;
  #stop;

  /**
   * @param {string} host
   * @param {import("../feeds.js").PageStore} store
   * @param {() => number} time the server's time in seconds
   */
  constructor(host, store, time) {
    this.host = host;
    this.#store = store;
    this.#time = time;
    const why = el("button", { type: "button", class: "link", onclick: () => this.#toggle() }, "Check");
    why.title = "What was tried to reach this host, step by step, and what it offers";
    this.node = el(
      "section",
      { class: "host", "data-host": host, "aria-label": `Host ${host}` },
      el(
        "div",
        { class: "host-line" },
        this.#key,
        this.#dot,
        this.#name,
        this.#state,
        this.#said,
        why,
        el("button", { type: "button", class: "icon-button", "aria-label": `Remove ${host}`, title: `Remove ${host}`, onclick: () => store.do(host_removed, host) }, icon("close")),
      ),
    );
    const stops = [store.follow((state) => state.hosts[host], () => this.update()), store.subscribe((state) => state.link, () => this.update())];
    this.#stop = () => stops.forEach((stop) => stop());
  }

  destroy() {
    this.#stop();
    this.#check?.stop();
    this.node.remove();
    this.below.remove();
  }

  /** Shows what is known, the countdown too. */
  update() {
    // The first beat after a hidden page is seen again makes up for it.
    if (document.hidden) return;
    const { hosts, link } = this.#store.state;
    const said = hosts[this.host];
    // Without a connection to vectorpy, what was heard last is no news.
    const state = link.text && !link.up ? "unknown" : (said?.state ?? "connecting");
    this.node.dataset.state = state;
    say(this.#name, hostTitle(this.host, said));
    this.#name.title = this.host;
    say(this.#state, stateName(state));
    const well = state === "live" || state === "unknown";
    const reason = well ? "" : [said?.reason, said?.hint].filter(Boolean).join(" ");
    const next = reason && nextTry(said, this.#time());
    say(this.#next, next && `${next} `);
    say(this.#text, reason || this.#factText(said));
    this.#said.classList.toggle("reason", reason !== "");
    this.#said.title = reason;
    this.#state.title = reason;
    if (state === "live") this.#recovered();
  }

  /**
   * Its pen in the charts of all hosts; null where it has charts of its own.
   * @param {{color: string, dash: string}|null} pen
   * @param {boolean} hidden
   * @param {{toggle: () => void, isolate: () => void}} keys
   */
  pen(pen, hidden, keys) {
    this.#keys = keys;
    hide(this.#key, pen === null);
    this.node.classList.toggle("off", pen !== null && hidden);
    if (!pen) return;
    const swatch = /** @type {HTMLElement} */ (this.#key.firstElementChild);
    swatch.className = `swatch ${pen.dash}`;
    swatch.style.setProperty("--ink", pen.color);
    this.#key.setAttribute("aria-pressed", String(!hidden));
    const name = hostTitle(this.host, this.#store.state.hosts[this.host]);
    this.#key.setAttribute("aria-label", `${name} in all charts`);
    this.#key.title = `${name}: click hides or shows it in all charts, double click shows it alone`;
  }

  /** What was tried opens and closes by itself as long as no host has a chart. @param {boolean} bare */
  explain(bare) {
    const { state } = this.node.dataset;
    // One that was refused as it stands was not tried.
    if (bare && LOST.includes(state ?? "") && state !== "refused") this.#open_check();
    else if (!bare) this.#close_unasked();
  }

  /** @param {import("../model/types.js").HostState|undefined} said */
  #factText(said) {
    if (!said) return "";
    const title = hostTitle(this.host, said);
    const other = title !== this.host ? this.host : said.name && said.name !== title ? `calls itself ${said.name}` : "";
    const facts = [other, wayName(said.transport)];
    if (said.cost) facts.push(...costWords(said.cost));
    if (said.skew !== null && Math.abs(said.skew) >= 1) {
      facts.push(`its clock is ${Math.abs(said.skew).toFixed(1)} s ${said.skew > 0 ? "ahead" : "behind"}`);
    }
    return facts.filter(Boolean).join(" · ");
  }

  #toggle() {
    if (this.#check) {
      this.#dismissed = true;
      this.#close_check();
    } else this.#open_check(true);
  }

  #open_check(asked = false) {
    if (this.#check || (this.#dismissed && !asked)) return;
    this.#check = checkPanel(this.host, this.node.dataset.state === "live", () => this.#toggle());
    this.#check.node.dataset.asked = String(asked);
    fill(this.below, this.#check.node);
    this.below.hidden = false;
  }

  #close_check() {
    this.#check?.stop();
    this.#check = null;
    fill(this.below);
    this.below.hidden = true;
  }

  /** What was shown because nothing came goes when something comes. */
  #recovered() {
    this.#dismissed = false;
    this.#close_unasked();
  }

  #close_unasked() {
    if (this.#check?.node.dataset.asked === "false") this.#close_check();
  }
}

export { HostHead, LOST };
