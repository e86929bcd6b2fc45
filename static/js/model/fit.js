/**
 * The range of values that a chart shows, from what it draws and what its widget says. Pure;
 * the hysteresis is that of range.js, and the range in force is kept by the caller.
 */

import { extremes, nextRange } from "./range.js";
import { totals } from "./stack.js";

/** A limit is drawn where the data come so near it; else it would flatten them. */
const NEAR = 3;

/**
 * @param {import("./range.js").Range|null} before
 * @param {{view: import("./types.js").View, plan: import("./pens.js").Plan, kind: string,
 *   ends: [number|null, number|null]}} drawn kind: lines or areas, as drawn; ends: fixed by the widget
 */
function fitRange(before, { view, plan, kind, ends }) {
  const columns = [...plan.pens.map(({ index }) => index), ...plan.rest].map((index) => view.columns[index]);
  const [min, max] = ends;
  const found = extremes(kind === "stacked" ? [totals(columns)] : columns);
  const near = found ? plan.limits.filter(({ value }) => value <= found.max * NEAR && value > 0) : [];
  const data = found && { min: found.min, max: Math.max(found.max, ...near.map(({ value }) => value)) };
  return nextRange(before, data, { unit: view.unit, min, max });
}

export { fitRange };
