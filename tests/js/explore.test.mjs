/** Looking at charts: which row is meant, what range they show. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fitRange } from "../../static/js/model/fit.js";
import { filledRow, rowAt, timeAt } from "../../static/js/model/rowat.js";
import { view } from "./helpers.mjs";

test("the row meant is the nearest; none where all are far", () => {
  const some = view([10, 11, 12, 20, 21], [[1, NaN, 3, 4, 5]], { from: 0, to: 30 });
  assert.deepEqual([9, 10, 10.4, 10.6, 13, 14, 19, 22, 23].map((t) => rowAt(some, t)), [0, 0, 0, 1, 2, null, 3, 4, null]);
  assert.equal(timeAt(some, 0.5), 15);
  assert.equal(rowAt(view([], []), 5), null);
  assert.deepEqual([filledRow(some, 0, [0]), filledRow(some, 1, [0]), filledRow(some, null, [0])], [0, null, null]);
});

test("a range holds what is drawn, and a limit that the data come near", () => {
  const one = view([1, 2], [[10, 20], [30, 40]]);
  const plan = { pens: [{ index: 0 }, { index: 1 }], rest: [], limits: [{ name: "CPUs", value: 64 }] };
  const high = (kind, limits, ends = [null, null]) => fitRange(null, { view: one, plan: { ...plan, limits }, kind, ends }).high;
  const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found}`);
  near(high("line", plan.limits), 64 * 1.12);
  near(high("line", [{ name: "far", value: 200 }]), 40 * 1.12);
  near(high("stacked", []), 60 * 1.12);
  near(high("line", [], [0, 100]), 103);
});
