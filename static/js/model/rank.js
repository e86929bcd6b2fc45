/**
 * Which series of many are shown in colour: those with the largest values lately.
 * The choice is kept for a while, so that colours do not jump about.
 */

const HOLD = 10;
const RECENT = 15;

/**
 * Indices of the `count` largest series by their mean over the last rows, in the order of the series.
 * @param {Float64Array[]} columns
 * @param {number} count
 */
function worst(columns, count) {
  const scored = columns.map((column, index) => ({ index, score: recentMean(column) }));
  scored.sort((a, b) => b.score - a.score || a.index - b.index);
  return scored
    .slice(0, count)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
}

/** @param {Float64Array} column */
function recentMean(column) {
  let sum = 0;
  let count = 0;
  for (let i = Math.max(0, column.length - RECENT); i < column.length; i += 1) {
    if (column[i] === column[i]) {
      sum += column[i];
      count += 1;
    }
  }
  return count ? sum / count : -Infinity;
}

/**
 * A choice that is made anew at most every ten seconds, and whenever the series change.
 * Each chosen name has a slot (its colour), which it keeps as long as it stays chosen.
 */
class Choice {
  /** @type {Map<string, number>} */
  #slots = new Map();
  #key = "";
  #until = 0;

  /**
   * Slots of the names chosen at time `now`.
   * @param {string[]} names of all series
   * @param {Float64Array[]} columns
   * @param {number} count
   * @param {number} now
   */
  pick(names, columns, count, now) {
    const key = `${count}\n${names.join("\n")}`;
    const empty = columns.every((column) => recentMean(column) === -Infinity);
    if (empty && key === this.#key) return this.#slots;
    if (key !== this.#key || now >= this.#until || now < this.#until - HOLD) {
      this.#key = key;
      // A choice made before the first numbers came is no choice.
      this.#until = empty ? 0 : now + HOLD;
      this.#seat(worst(columns, count).map((index) => names[index]));
    }
    return this.#slots;
  }

  /** @param {string[]} chosen */
  #seat(chosen) {
    /** @type {Map<string, number>} */
    const slots = new Map();
    for (const name of chosen) {
      const slot = this.#slots.get(name);
      if (slot !== undefined && slot < chosen.length) slots.set(name, slot);
    }
    const free = chosen.map((_, slot) => slot).filter((slot) => ![...slots.values()].includes(slot));
    for (const name of chosen) if (!slots.has(name)) slots.set(name, free.shift() ?? 0);
    this.#slots = slots;
  }
}

/** An order of names by their values, largest first, kept for a while. */
class Order {
  /** @type {string[]} */
  #names = [];
  #until = 0;

  /**
   * Ranks of the names.
   * @param {string[]} names
   * @param {Float64Array[]} columns
   * @param {number} now
   * @param {boolean} [still] keep the order as it is
   * @param {number} [hold] seconds for which it is kept
   * @returns {Map<string, number>}
   */
  ranks(names, columns, now, still = false, hold = 3 * HOLD) {
    const same = names.length === this.#names.length && names.every((name) => this.#names.includes(name));
    if (!same || (!still && (now >= this.#until || now < this.#until - hold))) {
      const scores = new Map(names.map((name, n) => [name, recentMean(columns[n])]));
      const score = (/** @type {string} */ name) => scores.get(name) ?? -Infinity;
      this.#names = [...names].sort((a, b) => score(b) - score(a) || names.indexOf(a) - names.indexOf(b));
      this.#until = Math.max(...scores.values()) === -Infinity ? 0 : now + hold;
    }
    return new Map(this.#names.map((name, rank) => [name, rank]));
  }
}

export { Choice, Order, worst };
