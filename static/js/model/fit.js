/**
 * The range of values that a chart shows, from what it draws and what its widget says. Pure;
 * the hysteresis is that of range.js, and the range in force is kept by the caller.
 */

import { logRange, spread } from "./log.js";
import { extremes, nextRange } from "./range.js";
import { totals } from "./stack.js";

/** A limit is drawn where the data come so near it; else it would flatten them. */
const NEAR = 3;

/**
 * @param {import("./range.js").Range|null} before
 * @param {{view: import("./types.js").View, plan: import("./pens.js").Plan, kind: string, log?: boolean,
 *   ghost?: import("./figures.js").Ghost|null, ends: [number|null, number|null]}} drawn kind: lines or
 *   areas, as drawn; ghost: what is drawn of a moment ago; ends: fixed by the widget
 */
function fitRange(before, { view, plan, kind, ends, log = false, ghost = null }) {
  const pens = plan.pens.map(({ index }) => index);
  const columns = [...pens, ...plan.rest].map((index) => view.columns[index]);
  const [min, max] = ends;
  const past = pens.map((index) => ghost?.view.columns[index] ?? new Float64Array());
  if (log) {
    const data = spread([...columns, ...past]);
    const drawn = plan.limits.filter(({ value }) => value > 0 && data && value <= data.most * NEAR);
    return logRange(before, data && { ...data, most: Math.max(data.most, ...drawn.map(({ value }) => value)) }, { unit: view.unit, max });
  }
  const found = extremes(kind === "stacked" ? [totals(columns), totals(past)] : [...columns, ...past]);
  const near = found ? plan.limits.filter(({ value }) => value <= found.max * NEAR && value > 0) : [];
  const data = found && { min: found.min, max: Math.max(found.max, ...near.map(({ value }) => value)) };
  return nextRange(before, data, { unit: view.unit, min, max });
}

export { fitRange };
