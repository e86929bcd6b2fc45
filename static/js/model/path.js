/**
 * From traces, as Plotly is given them, to the steps of a pen: the same points in the same
 * order, broken at the same places. Pure; the pen is whatever takes moveTo and lineTo.
 */

/**
 * @typedef {{moveTo: (x: number, y: number) => void, lineTo: (x: number, y: number) => void, closePath: () => void}} Pen
 * @typedef {{x: (t: number) => number, y: (value: number) => number}} Scale
 * @typedef {{x: (number|null)[], y: (number|null)[], name: string, fill?: string, fillcolor?: string,
 *   line: {color?: string, width: number, dash?: string}}} Trace
 */

/** Moves the pen along a trace; where it fills, each run is closed. @param {Pen} pen @param {Trace} trace @param {Scale} scale */
function follow(pen, { x, y, fill }, scale) {
  let down = false;
  for (let i = 0; i < x.length; i += 1) {
    const t = x[i];
    const value = y[i];
    if (t === null || value === null) {
      if (down && fill) pen.closePath();
      down = false;
    } else if (down) {
      pen.lineTo(scale.x(t), scale.y(value));
    } else {
      pen.moveTo(scale.x(t), scale.y(value));
      down = true;
    }
  }
  if (down && fill) pen.closePath();
}

/** Lengths of dashes and gaps as Plotly makes them. @param {string} dash @param {number} width of the line */
function dashes(dash, width) {
  const unit = Math.max(width, 3);
  const known = /** @type {Record<string, number[]>} */ ({ dot: [1, 1], dash: [3, 3], dashdot: [3, 1, 1, 1] });
  return (known[dash] ?? []).map((times) => times * unit);
}

export { dashes, follow };
