/**
 * A card of one widget for all hosts: one line per host, and a choice of what is compared where the
 * widget has several series. What is merged, and by which rule, stands in model/joined.js and compare.js.
 */

import { el, fill, hide } from "../dom.js";
import { EVERY, hostNames } from "../model/together.js";
import { measure_chosen } from "../overlaying.js";
import { Card } from "./card.js";
import { ofHosts } from "./choices.js";

/** So many hosts are named where all are meant. */
const FEW = 4;

/** @typedef {import("./card.js").Room & {feeds: import("../joined.js").JoinedFeeds}} Room */

/** @param {import("../actions.js").State} state */
function hostsText({ dashboard, hosts }) {
  const names = [...hostNames(dashboard, hosts).values()];
  return names.length > FEW ? `${names.length} hosts` : names.join(", ");
}

class HostsCard extends Card {
  #room;
  #key = "";
  #select;

  /** @param {string} wish @param {Room} room */
  constructor(wish, room) {
    super(wish, EVERY, { ...room, choices: ofHosts(room.store), where: () => hostsText(room.store.state) });
    this.#room = room;
    this.#select = el("select", {
      class: "compared",
      "aria-label": "What is compared",
      title: "What is compared of each host",
      hidden: true,
      onchange: () => this.#choose(),
      // Arrow keys are the list's own here.
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.stopPropagation(),
    });
    this.node.querySelector(".card-title")?.after(this.#select);
  }

  /** In its place stands what is compared. */
  name_host() {}

  /** What is drawn, titled by what is compared. */
  get shown() {
    const shown = super.shown;
    const { list, now } = this.#room.feeds.all.measures(this.wish);
    const title = list.length > 1 && now ? `${shown.words.title}: ${now.title}` : shown.words.title;
    return { ...shown, words: { ...shown.words, title } };
  }

  paint() {
    this.#offer();
    super.paint();
  }

  #offer() {
    const { list, now } = this.#room.feeds.all.measures(this.wish);
    hide(this.#select, list.length < 2);
    const key = list.map((one) => one.key).join("\n");
    if (key !== this.#key) {
      this.#key = key;
      fill(this.#select, ...list.map((one) => el("option", { value: one.key }, one.title)));
    }
    if (now && this.#select.value !== now.key) this.#select.value = now.key;
  }

  #choose() {
    const { list } = this.#room.feeds.all.measures(this.wish);
    const { value } = this.#select;
    this.#room.store.do(measure_chosen, { wish: this.wish, measure: value === list[0]?.key ? null : value });
  }
}

export { HostsCard };
