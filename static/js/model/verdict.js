/**
 * The verdict's cells as this viewer has them: what a row of the message means, how long it has
 * been so, and what is left of it when no samples come. Pure; elements are widgets/verdict.js.
 */

/**
 * @typedef {{resource: string, aspect: string, state: string, word: string, text: string,
 *   held: string, widget: string}} Cell
 * @typedef {import("./rows.js").Rows} Rows
 */

const RESOURCES = ["cpu", "memory", "disk", "network"];
const ASPECTS = ["utilization", "saturation", "errors"];
const NAMES = /** @type {Record<string, string>} */ ({ cpu: "CPU", memory: "Memory", disk: "Disk", network: "Network", utilization: "Utilization", saturation: "Saturation", errors: "Errors" });
/** The gravest first. */
const WORDS = /** @type {Record<string, string>} */ ({ guilty: "guilty", watch: "watch", unknown: "unknown", fine: "fine", unmeasured: "not measured" });
/** Without a sample for so many seconds nothing is known any more. */
const SILENT = 5;

/** A length of time in one unit. @param {number} seconds */
function lasted(seconds) {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/**
 * All twelve cells at a time, by resource, then aspect.
 * @param {Rows|null} rows null before the first layout
 * @param {number} now the server's time
 * @param {number} newest second of the newest sample that came
 * @param {number} interval
 * @returns {Cell[]}
 */
function cellsOf(rows, now, newest, interval) {
  const silent = now - newest - interval;
  return RESOURCES.flatMap((resource) =>
    ASPECTS.map((aspect) => {
      const cell = (/** @type {string} */ column) => rows?.cell(`${resource} ${aspect}`, column) ?? null;
      const said = cell("state");
      const known = typeof said === "string" && said in WORDS && silent <= SILENT;
      const state = known ? said : "unknown";
      const text = known ? String(cell("text") ?? "") : said === null || !newest ? "no samples yet" : `no samples for ${lasted(silent)}`;
      const since = cell("since");
      const holds = known && state !== "unknown" && state !== "unmeasured" && typeof since === "number";
      const held = holds ? `for ${lasted(now - since)}` : "";
      return { resource, aspect, state, word: WORDS[state], text, held, widget: String(cell("widget") ?? "") };
    }),
  );
}

/** A cell as a sentence. @param {Cell} cell */
function sentence({ resource, aspect, word, text, held }) {
  const end = text.endsWith(".") ? "" : ".";
  return `${NAMES[resource]} ${aspect}: ${word}. ${text}${held ? ` ${held}` : ""}${end}`;
}

/** What has become worse or better between two verdicts, in words. @param {Cell[]} before @param {Cell[]} now */
function news(before, now) {
  const loud = (/** @type {string} */ state) => state === "guilty" || state === "watch";
  return now
    .filter((cell, n) => before[n] && before[n].state !== cell.state && (loud(cell.state) || (loud(before[n].state) && cell.state === "fine")))
    .map(({ resource, aspect, word, text }) => `${NAMES[resource]} ${aspect} ${word}: ${text}.`)
    .join(" ");
}

/** The cell that a key leads to from another; null where the key means nothing. @param {number} at @param {string} key */
function cellAt(at, key) {
  const [across, down] = [Math.floor(at / ASPECTS.length), at % ASPECTS.length];
  const to = (/** @type {number} */ a, /** @type {number} */ d) =>
    Math.max(0, Math.min(RESOURCES.length - 1, a)) * ASPECTS.length + Math.max(0, Math.min(ASPECTS.length - 1, d));
  if (key === "ArrowLeft") return to(across - 1, down);
  if (key === "ArrowRight") return to(across + 1, down);
  if (key === "ArrowUp") return to(across, down - 1);
  if (key === "ArrowDown") return to(across, down + 1);
  if (key === "Home") return 0;
  return key === "End" ? RESOURCES.length * ASPECTS.length - 1 : null;
}

export { ASPECTS, NAMES, RESOURCES, cellAt, cellsOf, lasted, news, sentence };
