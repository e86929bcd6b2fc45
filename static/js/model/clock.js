/**
 * The right edge of all charts: the server's present second, told by ticks and carried on
 * by this browser's clock where ticks stay away, so that a lost host's past slides on.
 */

const LATE = 1.5;

class Clock {
  /** Server's time minus ours, by the quickest tick lately. @type {number|null} */
  #offset = null;
  #newest = 0;

  /** A point of second t arrived. @param {number} t @param {number} now our clock, in seconds */
  observe(t, now) {
    const offset = t - now;
    // The quickest delivery tells best; a slow drift of the clocks is followed.
    if (this.#offset === null || Math.abs(offset - this.#offset) > 30) this.#offset = offset;
    else this.#offset = Math.max(offset, this.#offset - 0.01);
    this.#newest = Math.abs(t - this.#newest) > 3600 ? t : Math.max(this.#newest, t);
  }

  /** The server's time as far as known. @param {number} now */
  time(now) {
    return now + (this.#offset ?? 0);
  }

  /** Right edge of a live chart, a multiple of the interval. @param {number} now @param {number} interval */
  edge(now, interval) {
    const carried = Math.floor((this.time(now) - LATE) / interval) * interval;
    return Math.max(this.#newest, carried);
  }
}

export { Clock };
