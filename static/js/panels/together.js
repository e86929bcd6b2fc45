/**
 * Several hosts in one chart: the switch in the bar, the strip of hosts that is the legend of all
 * charts, and when such a chart is drawn.
 */

import { findWidget } from "../actions.js";
import { el } from "../dom.js";
import { JoinedFeeds } from "../joined.js";
import { comparable } from "../model/compare.js";
import { hostPen } from "../model/hostpens.js";
import { hiddenHosts, isOverlaid } from "../model/together.js";
import { parseWish } from "../model/wish.js";
import { host_isolated, host_toggled, hosts_overlaid } from "../overlaying.js";

/** Ticks of hosts come within so many milliseconds of a second; a chart waits for them that long. */
const PATIENCE = 350;

/** @typedef {import("../feeds.js").PageStore} PageStore */
/** @typedef {import("./hosts.js").HostHead} HostHead */

/**
 * The switch: two choices, shown where there are two hosts.
 * @param {PageStore} store
 */
function hostsSwitch(store) {
  const choice = (/** @type {boolean} */ overlaid, /** @type {string} */ text, /** @type {string} */ title) => {
    const input = el("input", { type: "radio", name: "hosts", onchange: () => store.do(hosts_overlaid, overlaid) });
    return { input, node: el("label", { title }, input, el("span", {}, text)) };
  };
  const apart = choice(false, "Side by side", "One chart per widget and host (o)");
  const over = choice(true, "Overlaid", "All hosts in one chart per widget, one colour per host (o)");
  const node = el("fieldset", { class: "choices hosts-switch" }, el("legend", { class: "spoken" }, "Hosts"), apart.node, over.node);
  store.follow((state) => state.dashboard, ({ hosts, overlaid }) => {
    node.hidden = hosts.length < 2;
    apart.input.checked = !overlaid;
    over.input.checked = overlaid;
  });
  return node;
}

class Together {
  strip = el("div", { class: "host-strip", role: "group", "aria-label": "Hosts" });
  room;
  #palette;
  #store;
  /** Seconds for which a draw is due when patience ends. */
  #timer = 0;

  /** @param {import("../widgets/card.js").Room} room */
  constructor(room) {
    this.#store = room.store;
    this.#palette = room.palette;
    this.room = { ...room, feeds: new JoinedFeeds(room.feeds, room.store) };
  }

  /** Whether hosts stand in one chart now. */
  get on() {
    return isOverlaid(this.#store.state.dashboard);
  }

  /** Whether a widget has one chart for all hosts; heatmaps, tables and verdicts stand once per host. @param {string} wish */
  joins(wish) {
    const parsed = parseWish(wish);
    if (!this.on || !parsed) return false;
    if (parsed.id === "chart") return true;
    return comparable(parsed.options.kind ?? findWidget(this.#store.state, parsed.id)?.kind ?? "");
  }

  /** The heads of hosts in the strip, each with its pen. @param {HostHead[]} heads */
  tell(heads) {
    const hidden = hiddenHosts(this.#store.state.dashboard);
    const { hosts } = this.#store.state.dashboard;
    heads.forEach((head) => {
      head.pen(this.on ? hostPen(this.#palette(), hosts.indexOf(head.host)) : null, hidden.includes(head.host), {
        toggle: () => this.#store.do(host_toggled, head.host),
        isolate: () => this.#store.do(host_isolated, head.host),
      });
    });
  }

  /**
   * Points of a host came: the charts of all hosts are drawn when the others' came too, or when
   * those let wait for too long.
   * @param {number|null} tick
   * @param {() => void} draw
   */
  arrived(tick, draw) {
    if (tick === null || this.#complete(tick)) {
      clearTimeout(this.#timer);
      this.#timer = 0;
      draw();
    } else this.#timer ||= setTimeout(() => ((this.#timer = 0), draw()), PATIENCE);
  }

  /** @param {number} tick */
  #complete(tick) {
    const { dashboard, hosts } = this.#store.state;
    return dashboard.hosts.every((host) => hosts[host]?.state !== "live" || (this.room.feeds.get(host)?.last ?? 0) >= tick);
  }
}

export { Together, hostsSwitch };
