/**
 * The state of the page: what people chose and what the server said about hosts.
 * The only holder of it; points are kept apart, in feeds. Changes go through actions.
 *
 * A listener hears of a change when its selection differs; one that throws stops no other.
 */

/**
 * @template S
 */
class Store {
  /** @type {S} */
  #state;
  /** @type {Set<{select: (state: S) => unknown, fn: (now: any, before: any) => void, last: unknown}>} */
  #listeners = new Set();
  #batch = 0;

  /** @param {S} state */
  constructor(state) {
    this.#state = state;
  }

  get state() {
    return this.#state;
  }

  /**
   * Applies an action.
   * @template P
   * @param {(state: S, payload: P) => S} action
   * @param {P} payload
   */
  do(action, payload) {
    this.#state = action(this.#state, payload);
    if (!this.#batch) this.#notify();
  }

  /** Runs several actions; listeners hear once, after the last. @param {() => void} fn */
  batch(fn) {
    this.#batch += 1;
    try {
      fn();
    } finally {
      this.#batch -= 1;
    }
    if (!this.#batch) this.#notify();
  }

  /**
   * Calls `fn(now, before)` when the selection changes. Returns the undo.
   * @template T
   * @param {(state: S) => T} select
   * @param {(now: T, before: T) => void} fn
   */
  subscribe(select, fn) {
    const listener = { select, fn, last: /** @type {unknown} */ (select(this.#state)) };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** As subscribe, and calls it at once. @template T @param {(state: S) => T} select @param {(now: T) => void} fn */
  follow(select, fn) {
    fn(select(this.#state));
    return this.subscribe(select, fn);
  }

  #notify() {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue;
      const now = listener.select(this.#state);
      const before = listener.last;
      if (Object.is(now, before)) continue;
      listener.last = now;
      try {
        listener.fn(now, before);
      } catch (error) {
        console.error(error);
      }
    }
  }
}

export { Store };
