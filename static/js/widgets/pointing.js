/**
 * What a pointer or the keys do on a card: the crosshair and its tooltip, pinned or not, and
 * moving through time. The card says what it shows; the cursor is shared by all.
 */

import { view_frozen } from "../actions.js";
import { bucketTip } from "../model/buckets.js";
import { filledRow, rowAt, snapped, timeAt } from "../model/rowat.js";
import { clockText, zoneName } from "../model/ticks.js";
import { tipRows } from "./readings.js";
import { longText } from "./summary.js";

/**
 * @typedef {import("./card.js").Card} Card
 * @typedef {import("./card.js").Room} Room
 * @typedef {import("./tooltip.js").Row} Row
 */

class Pointing {
  #card;
  #room;

  /** @param {Card} card @param {Room} room */
  constructor(card, room) {
    this.#card = card;
    this.#room = room;
  }

  /** What the plot does with it. @returns {import("./plot.js").Hands} */
  get hands() {
    const { store, explorer } = this.#room;
    return {
      hover: (share) => this.hover(share),
      choose: (a, b) => this.#choose(a, b),
      live: () => store.do(view_frozen, null),
      pin: (share) => this.#pin(share),
      pan: (share) => explorer.pan(share),
      rest: () => explorer.rest(),
      still: () => store.state.dashboard.frozen !== null,
    };
  }

  /** @param {number|null} share */
  hover(share) {
    const { cursor, tooltip } = this.#room;
    cursor.move(this.#card, share);
    if (share === null && !cursor.pinned) tooltip.hide();
  }

  /** A second click anywhere lets go. @param {number} share */
  #pin(share) {
    const { cursor } = this.#room;
    const { seen } = this.#card;
    if (this.#release() || !seen) return;
    const row = rowAt(seen.view, timeAt(seen.view, share));
    cursor.pin(this.#card, row === null ? snapped(seen.view, timeAt(seen.view, share)) : seen.view.times[row]);
  }

  #release() {
    const { cursor, tooltip } = this.#room;
    if (!cursor.release()) return false;
    tooltip.hide();
    return true;
  }

  /** The tooltip, where this card has it. @param {import("./cursor.js").Place|null} place */
  show(place) {
    const { tooltip, cursor, store } = this.#room;
    const { plot, node, seen } = this.#card;
    if (!plot || !seen || !cursor.owned(this.#card)) return;
    if (!place) {
      if (cursor.pinned) tooltip.hide();
      return;
    }
    const { view, plan, ghost } = seen;
    const row = filledRow(view, rowAt(view, place.t), plan.plain);
    const t = row === null ? snapped(view, place.t) : view.times[row];
    const { utc } = store.state;
    const notes = [
      row === null && "no data",
      ghost && row !== null && `was: ${longText(ghost.by)} before`,
      place.pinned && "Pinned. Escape or a click on a chart lets go.",
    ];
    const words = notes.filter((one) => typeof one === "string");
    tooltip.show(node, plot.node, { time: `${clockText(t, true, utc, view.interval < 1)} ${zoneName(t, utc)}`, rows: row === null ? [] : this.#tip(row), notes: words, pinned: place.pinned });
  }

  /** @param {number} row @returns {Row[]} */
  #tip(row) {
    const seen = /** @type {import("./card.js").Seen} */ (this.#card.seen);
    const { view, plan, widget, ghost } = seen;
    const palette = this.#room.palette();
    const { plot, range } = this.#card;
    const level = plot?.level ?? 0;
    if (widget.buckets) return bucketTip(view, row, level, range, palette, widget.buckets);
    return tipRows(widget.kind, view, plan, row, level, range, palette, ghost);
  }

  /** @param {number} a @param {number} b */
  #choose(a, b) {
    const { seen } = this.#card;
    if (!seen) return;
    const at = (/** @type {number} */ share) => snapped(seen.view, timeAt(seen.view, share));
    if (at(b) - at(a) >= 2 * Math.min(1, seen.view.interval)) this.#room.store.do(view_frozen, { from: at(a), to: at(b) });
  }

  /** Arrows move the crosshair, Enter pins it, Escape lets go. @param {KeyboardEvent} event */
  key(event) {
    const { seen, node, plot } = this.#card;
    if (event.target !== node || !seen || !plot) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && !event.altKey) this.#step(step * (event.shiftKey ? 10 : 1));
    else if (event.key === "Escape") {
      // Pinned or not, one Escape is enough.
      this.#release();
      this.hover(null);
    } else if (event.key === "Enter") {
      this.#pin(this.#room.cursor.share ?? 1);
      this.#speak();
    } else return;
    event.preventDefault();
  }

  /** At the edge of a stretch that is held still it goes on, and time moves. @param {number} steps */
  #step(steps) {
    const { cursor, store, explorer } = this.#room;
    const { view } = /** @type {import("./card.js").Seen} */ (this.#card.seen);
    const wide = view.to - view.from;
    if (cursor.pinned) {
      const t = cursor.pinned.t + steps * view.interval;
      if (t >= view.from && t <= view.to) cursor.pin(this.#card, t);
      return;
    }
    const share = (cursor.share ?? 1) + (steps * view.interval) / wide;
    const over = share < 0 ? share : Math.max(0, share - 1);
    if (over && store.state.dashboard.frozen) explorer.pan(over);
    this.hover(Math.max(0, Math.min(1, share)));
  }

  /** Once, what the pinned second holds: its tooltip is read by nobody while it stands. */
  #speak() {
    const { cursor, store, speak } = this.#room;
    const { seen } = this.#card;
    if (!seen) return;
    const place = cursor.pinned && cursor.at(seen.view);
    if (!place) return speak("The crosshair is free.");
    const row = filledRow(seen.view, rowAt(seen.view, place.t), seen.plan.plain);
    const told = row === null ? ["no data"] : this.#tip(row).map(({ name, text, before }) => `${name} ${text}${before ? `, ${before}` : ""}`);
    speak(`Pinned at ${clockText(place.t, true, store.state.utc, seen.view.interval < 1)}: ${told.join("; ")}.`);
  }
}

export { Pointing };
