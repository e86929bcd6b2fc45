/**
 * Points as a regular grid for a heatmap: one row per series, one cell per bucket of time.
 * A cell holds the largest value of its bucket; without any it stays null, and the ground shows.
 */

/** Tenths of a second are no whole numbers of a computer's: what is rounded off must not cost a cell. */
const NEARLY = 1e-3;

/**
 * @param {import("./types.js").View} view
 * @param {number} cells at most so many columns
 * @returns {{z: (number|null)[][], x0: number, dx: number}}
 */
function grid(view, cells) {
  const { times, columns, interval, from, to } = view;
  const dx = interval * Math.max(1, Math.ceil((to - from) / interval / Math.max(1, cells)));
  const first = Math.floor(from / dx + NEARLY);
  const count = Math.max(1, Math.floor(to / dx + NEARLY) - first + 1);
  const z = columns.map(() => /** @type {(number|null)[]} */ (new Array(count).fill(null)));
  for (let i = 0; i < times.length; i += 1) {
    const cell = Math.floor(times[i] / dx + NEARLY) - first;
    if (cell < 0 || cell >= count) continue;
    for (let row = 0; row < columns.length; row += 1) {
      const value = columns[row][i];
      const before = z[row][cell];
      if (value === value && (before === null || value > before)) z[row][cell] = value;
    }
  }
  return { z, x0: first * dx + (dx - interval) / 2, dx };
}

export { grid };
