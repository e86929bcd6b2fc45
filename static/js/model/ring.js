/**
 * Points of one channel as columns: one array of times, one array of numbers per series.
 * Appending and merging of rows belong here; what the columns mean does not.
 *
 * Rows stand in order of time; NaN is a gap. Arrays have room for twice the rows kept,
 * so that appending moves nothing but once in a while.
 */

let changes = 0;

class Ring {
  /** Another number after each change of rows that were there before. */
  revision = (changes += 1);
  #times;
  /** @type {Float64Array[]} */
  #columns;
  #start = 0;
  #end = 0;
  #limit;

  /**
   * @param {number} width number of columns
   * @param {number} limit rows kept
   */
  constructor(width, limit) {
    this.#limit = limit;
    this.#times = new Float64Array(2 * limit);
    this.#columns = Array.from({ length: width }, () => new Float64Array(2 * limit));
  }

  get length() {
    return this.#end - this.#start;
  }

  /** Rows that it can hold. */
  get limit() {
    return this.#limit;
  }

  get width() {
    return this.#columns.length;
  }

  /** Time of the newest row; 0 where there is none. */
  get last() {
    return this.length ? this.#times[this.#end - 1] : 0;
  }

  /** Time of the oldest row; 0 where there is none. */
  get first() {
    return this.length ? this.#times[this.#start] : 0;
  }

  /** Times of the rows `from` <= t <= `to`, and where they start. @param {number} from @param {number} to */
  rows(from, to) {
    const begin = this.#seek(from);
    const end = this.#seek(to + 1e-6);
    return { start: begin, times: this.#times.subarray(begin, Math.max(begin, end)) };
  }

  /**
   * One column's numbers beside what `rows` gave.
   * @param {number} index
   * @param {{start: number, times: Float64Array}} rows
   */
  column(index, rows) {
    return this.#columns[index].subarray(rows.start, rows.start + rows.times.length);
  }

  /** Adds the newest row; an older one goes to its place. @param {number} t @param {ArrayLike<number|null>} values */
  append(t, values) {
    if (this.length && t <= this.last) {
      this.splice(t, t, [t], this.#columns.map((_, i) => [number(values[i])]));
      return;
    }
    this.#room();
    this.#times[this.#end] = t;
    for (let i = 0; i < this.#columns.length; i += 1) this.#columns[i][this.#end] = number(values[i]);
    this.#end += 1;
    if (this.length > this.#limit) this.#start += 1;
  }

  /**
   * Replaces the rows of `from` <= t <= `upto` by the given ones.
   * @param {number} from
   * @param {number} upto
   * @param {ArrayLike<number>} times in order
   * @param {ArrayLike<number|null>[]} columns
   */
  splice(from, upto, times, columns) {
    this.revision = changes += 1;
    const head = this.rows(-Infinity, from - 1e-6);
    const tail = this.rows(upto + 1e-5, Infinity);
    const skip = Math.max(0, head.times.length + times.length + tail.times.length - this.#limit);
    const whole = [...head.times, ...Array.from(times), ...tail.times].slice(skip);
    const mixed = this.#columns.map((_, i) =>
      [
        ...this.column(i, head),
        ...Array.from({ length: times.length }, (_none, row) => number(columns[i]?.[row])),
        ...this.column(i, tail),
      ].slice(skip),
    );
    this.#start = 0;
    this.#end = whole.length;
    this.#times.set(whole);
    mixed.forEach((column, i) => this.#columns[i].set(column));
  }

  /**
   * A ring with the same rows and other columns: `from[i]` is the old index of the new column i,
   * or -1 where it has no past.
   * @param {number[]} from
   * @param {number} [limit]
   */
  remap(from, limit = this.#limit) {
    const next = new Ring(from.length, limit);
    const rows = this.rows(this.#times[Math.max(this.#start, this.#end - limit)] ?? 0, Infinity);
    next.#end = rows.times.length;
    next.#times.set(rows.times);
    from.forEach((old, i) => {
      if (old >= 0) next.#columns[i].set(this.column(old, rows));
      else next.#columns[i].fill(NaN, 0, next.#end);
    });
    return next;
  }

  /** Index of the first row at or after t. @param {number} t */
  #seek(t) {
    let low = this.#start;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#times[middle] < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #room() {
    if (this.#end < this.#times.length) return;
    const length = this.length;
    this.#times.copyWithin(0, this.#start, this.#end);
    for (const column of this.#columns) column.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = length;
  }
}

/** @param {number|null|undefined} value */
function number(value) {
  return typeof value === "number" ? value : NaN;
}

export { Ring };
