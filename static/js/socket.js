/**
 * The only module that touches Socket.IO: connects by WebSocket alone, says each event on,
 * and reconnects with jitter. What the events mean stands in feeds.js.
 */

// By a variable, so that type checks need not read the packed file.
const CLIENT = "../vendor/socket.io.esm.min.js";
const EVENTS = ["hello", "watching", "state", "layout", "history", "tick", "rows", "marks", "problem", "catalog",
  "burst", "burst_layout", "burst_points"];

/**
 * @typedef {{event: (name: string, message: any) => void, up: () => void,
 *   down: (text: string) => void}} Ears
 */

class Link {
  /** @type {any} */
  #socket = null;
  #ears;
  #wait = 0;

  /** @param {Ears} ears */
  constructor(ears) {
    this.#ears = ears;
  }

  async open() {
    const { io } = await import(CLIENT);
    const socket = io({
      path: "/socket.io",
      transports: ["websocket"],
      reconnectionDelay: 500,
      reconnectionDelayMax: 8000,
      randomizationFactor: 0.5,
      timeout: 8000,
    });
    this.#socket = socket;
    for (const name of EVENTS) socket.on(name, (/** @type {any} */ message) => this.#ears.event(name, message));
    socket.on("connect", () => this.#ears.up());
    socket.on("disconnect", (/** @type {string} */ why) => this.#closed(why));
    socket.on("connect_error", () => this.#ears.down("vectorpy's server can't be reached. Trying again."));
    socket.on("bye", (/** @type {{reason?: string}} */ message) => this.#bye(message?.reason));
  }

  /** @param {string} name @param {object} message */
  send(name, message) {
    if (this.#socket?.connected) this.#socket.emit(name, message);
  }

  /** @param {string} why */
  #closed(why) {
    this.#ears.down("The connection to vectorpy is lost. Trying again.");
    // Socket.IO does not come back by itself where the server closed on purpose.
    if (why === "io server disconnect") this.#again();
  }

  /** @param {string} [reason] */
  #bye(reason) {
    this.#ears.down(reason ? `vectorpy's server said goodbye: ${reason}` : "vectorpy's server is going down. Trying again.");
  }

  #again() {
    clearTimeout(this.#wait);
    this.#wait = setTimeout(() => this.#socket?.connect(), 300 + Math.random() * 2700);
  }
}

export { Link };
