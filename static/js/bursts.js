/**
 * All bursts that this page knows of: asks for them, takes what the server sends, and asks anew
 * after a lost connection. What is said of them goes to the store; their points stay here.
 */

import { burst_forgotten, burst_told, notice_cleared, notice_given } from "./actions.js";
import { BurstFeed, alive } from "./model/burst.js";

const SECONDS = 60;

/** @typedef {import("./model/burst.js").Told} Told */

class Bursts {
  /** A burst that was asked for here begins. @type {(told: Told) => void} */
  on_started = () => {};
  /** One that was asked for here is refused. @type {(told: Told) => void} */
  on_refused = () => {};
  /** Points of a burst came. @type {(burst: string) => void} */
  on_points = () => {};
  #store;
  #sender;
  #time;
  /** @type {Map<string, BurstFeed>} */
  #feeds = new Map();
  /** Bursts whose points are sent to us. @type {Set<string>} */
  #joined = new Set();
  #asked = false;

  /** @param {import("./feeds.js").PageStore} store @param {import("./feeds.js").Sender} sender @param {() => number} time the server's present second */
  constructor(store, sender, time) {
    this.#store = store;
    this.#sender = sender;
    this.#time = time;
  }

  /** The server's present time in seconds. */
  now() {
    return this.#time();
  }

  /** @param {string} burst */
  get(burst) {
    return this.#feeds.get(burst) ?? null;
  }

  /** The burst of a host that runs, if any. @param {string} host @returns {Told|null} */
  running(host) {
    const known = Object.values(this.#store.state.bursts);
    return known.find((one) => one.host === host && ["starting", "running"].includes(one.state) && alive(one, this.now())) ?? null;
  }

  /** @param {string} host @param {string[]} wishes */
  start(host, wishes) {
    if (!this.#store.state.link.up) {
      this.#store.do(notice_given, { key: "burst", kind: "error", text: "There is no connection to vectorpy: no burst was asked for." });
      return;
    }
    this.#store.do(notice_cleared, "burst");
    this.#asked = true;
    this.#sender.send("burst", { host, wishes, seconds: SECONDS });
  }

  /** Have its points sent. @param {string} burst */
  join(burst) {
    if (this.#joined.has(burst)) return;
    this.#joined.add(burst);
    this.#sender.send("burst_join", { burst });
  }

  /** @param {string} burst */
  leave(burst) {
    if (this.#joined.delete(burst)) this.#sender.send("burst_leave", { burst });
    this.#feeds.delete(burst);
  }

  /** @param {string} burst */
  stop(burst) {
    this.#sender.send("burst_stop", { burst });
  }

  /** After a lost connection: what was sent meanwhile comes by the history. */
  connected() {
    this.#asked = false;
    for (const burst of this.#joined) this.#sender.send("burst_join", { burst });
  }

  /** Forgets those that are not kept any more, but the one that is looked at. @param {string} opened */
  sweep(opened) {
    for (const told of Object.values(this.#store.state.bursts)) {
      if (told.burst === opened || alive(told, this.now())) continue;
      this.leave(told.burst);
      this.#store.do(burst_forgotten, told.burst);
    }
  }

  /** An event of the server; false where it is none of a burst. @param {string} name @param {any} message */
  take(name, message) {
    if (name === "burst") this.#told(message);
    else if (name === "burst_layout") this.#feeds.get(message.burst)?.take_layout(message);
    else if (name === "burst_points") this.#feeds.get(message.burst)?.take_points(message);
    else return false;
    if (name !== "burst") this.on_points(message.burst);
    return true;
  }

  /** @param {Told} told */
  #told(told) {
    if (told.state === "refused") return this.#refused(told);
    const own = this.#asked && told.state === "starting";
    if (own) this.#joined.add(told.burst);
    const feed = this.#feeds.get(told.burst);
    if (feed) feed.tell(told);
    else this.#feeds.set(told.burst, new BurstFeed(told));
    this.#note(told);
    if (own) {
      this.#asked = false;
      this.on_started(told);
    }
  }

  /** @param {Told} told */
  #note(told) {
    const known = this.#store.state.bursts[told.burst];
    const last = this.#feeds.get(told.burst)?.last ?? 0;
    // Told by way of a host with two names, it keeps the one that it was first heard by. Of one
    // that was lost on the way the server knows nothing any more: it ends with what is here.
    const lost = known?.from && !told.from ? { ...known, state: told.state, reason: told.reason, until: Math.round(last * 1000) } : told;
    this.#store.do(burst_told, { ...lost, host: known?.host ?? told.host });
  }

  /** @param {Told} told */
  #refused(told) {
    const { burst } = told;
    const known = this.#store.state.bursts[burst];
    this.#asked = false;
    if (known?.from) {
      // It ran, and is not kept any more: what came of it stays as long as it is looked at.
      this.#joined.delete(burst);
      if (known.state === "running") this.#note({ ...told, state: "ended" });
      return;
    }
    if (burst) {
      this.leave(burst);
      this.#store.do(burst_forgotten, burst);
    }
    this.on_refused({ ...told, host: told.host || known?.host || "" });
  }
}

export { Bursts };
