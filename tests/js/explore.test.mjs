/** Looking at charts: which row is meant, what range they show. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { CONTRAST, DARK } from "../../static/js/model/colours.js";
import { fitRange } from "../../static/js/model/fit.js";
import { logDrawing, logRange, logTicks } from "../../static/js/model/log.js";
import { planPens } from "../../static/js/model/pens.js";
import { pictureOf } from "../../static/js/model/picture.js";
import { Choice } from "../../static/js/model/rank.js";
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

const range = (data, unit = "1", before = null, max = null) => logRange(before, data, { unit, max });
const ticks = (found, unit, count = 4) => logTicks(found, unit, count).texts;

test("decades of a log scale, by the unit", () => {
  assert.deepEqual(ticks(range({ least: 0.0002, most: 0.3, lowest: 0.0002 }, "s"), "s"), ["100 µs", "1 ms", "10 ms", "100 ms"]);
  assert.deepEqual(ticks(range({ least: 3, most: 90, lowest: 3 }, "/s"), "/s", 6), ["1 /s", "2 /s", "5 /s", "10 /s", "20 /s", "50 /s", "100 /s"]);
  assert.deepEqual(ticks(range({ least: 2000, most: 3e9, lowest: 2000 }, "B"), "B", 5), ["1 KiB", "32 KiB", "1 MiB", "32 MiB", "1 GiB"]);
  assert.deepEqual(ticks(range({ least: 0.5, most: 40, lowest: 0.5 }, "%", null, 100), "%", 3), ["0.1 %", "1 %", "10 %", "100 %"]);
  assert.equal(range({ least: 0.5, most: 40, lowest: 0.5 }, "%", null, 100).high, Math.log10(103));
});

test("what has no logarithm stands on a floor that says so", () => {
  const words = (data) => ticks(range(data), "1")[0];
  assert.equal(words({ least: 1, most: 900, lowest: 0 }), "0");
  assert.equal(words({ least: 1, most: 900, lowest: -4 }), "≤ 0");
  assert.equal(words({ least: 1e-12, most: 900, lowest: 0 }), "< 0.000001");
  assert.equal(words({ least: 1, most: 900, lowest: 1 }), "1");
  const found = range({ least: 1, most: 900, lowest: 0 });
  assert.ok(found.log.floor < 0 && found.low < found.log.floor);
});

test("a log scale holds still: the floor stays, ends grow at once and shrink late", () => {
  const first = range({ least: 1, most: 900, lowest: 0 });
  assert.deepEqual(range({ least: 1.5, most: 800, lowest: 1.5 }, "1", first), first);
  assert.equal(range({ least: 1, most: 2000, lowest: 1 }, "1", first).high, Math.log10(5000));
  assert.equal(range({ least: 1, most: 600, lowest: 1 }, "1", first).high, 3);
  assert.equal(range({ least: 1, most: 60, lowest: 1 }, "1", first).high, 2);
  assert.equal(range(null, "1", first), first);
  assert.equal(range({ least: Infinity, most: 0, lowest: 0 }).log.words, "0");
});

test("a drawing on a log scale: gaps stay gaps, zeros stand on the floor, limits keep their words", () => {
  const shown = view([1, 2, 3, 4], [[10, 0, NaN, 1000], [7, 7, 7, 7]], { series: [{ name: "a", labels: {} }, { name: "m", labels: { role: "mark" } }] });
  const made = { least: 10, most: 1000, lowest: 0 };
  const drawing = { view: shown, pens: [{ index: 0 }], rest: [], limits: [{ name: "CPUs", value: 100 }, { name: "none", value: 0 }], range: range(made) };
  const { view: turned, limits } = logDrawing(drawing);
  assert.deepEqual([...turned.columns[0]], [1, drawing.range.log.floor, NaN, 3]);
  assert.deepEqual([...turned.columns[1]], [7, 7, 7, 7]);
  assert.deepEqual(limits, [{ name: "CPUs", value: 2, text: "100" }]);
});

const PAPER = { width: 344, height: 180, palette: DARK, utc: true };
const pens = (...colours) => colours.map((color, index) => ({ index, name: `s${index}`, color, dash: "solid" }));

test("a moment ago stands at its second of now, and makes room for its values", () => {
  const now = view([61, 62, 63], [[1, 2, 3]], { from: 60, to: 63 });
  const then = view([1, 2, 3], [[50, NaN, 40]]);
  const ghost = { view: then, by: 60 };
  const drawing = { view: now, paper: PAPER, pens: pens("#ff0000"), rest: [], limits: [], range: { low: 0, high: 60 }, ghost };
  const [before, , line] = pictureOf({ kind: "line" }, drawing).figure().data;
  assert.deepEqual([before.name, before.line.dash, line.line.dash], ["s0, before", "dot", "solid"]);
  assert.ok(before.x.some((t) => Math.abs(t - 63) < 1) && before.x.every((t) => t > 60 && t < 64));
  assert.equal(pictureOf({ kind: "line" }, drawing).ink.steady, false);
  const plan = { pens: [{ index: 0 }], rest: [], limits: [] };
  assert.equal(fitRange(null, { view: now, plan, kind: "line", ends: [null, null], ghost }).high, 50 * 1.12);
  assert.notEqual(pictureOf({ kind: "line" }, { ...drawing, ghost: null }).ink.stretch.key, pictureOf({ kind: "line" }, drawing).ink.stretch.key);
});

test("in high contrast layers of a stack have edges of their own", () => {
  const shown = view([1, 2], [[1, 2], [3, 4]]);
  const data = (palette) => pictureOf({ kind: "stacked" }, { view: shown, paper: { ...PAPER, palette }, pens: planPens(shown, { kind: "stacked", hidden: [], palette, choice: new Choice() }).pens, rest: [], limits: [], range: { low: 0, high: 10 } }).figure().data;
  assert.equal(data(DARK).length, 2);
  const [, , low, high] = data(CONTRAST);
  assert.deepEqual([low.y, high.y, low.line.dash, high.line.dash], [[1, 2], [4, 6], "solid", "dot"]);
});
