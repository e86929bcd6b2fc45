/** Looking at charts: which row is meant, what range they show. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { compareHindrance, look_chosen } from "../../static/js/looking.js";
import { columnsOf, pointRows, stepFor, summaryRow } from "../../static/js/model/charttable.js";
import { CONTRAST, DARK } from "../../static/js/model/colours.js";
import { fitRange } from "../../static/js/model/fit.js";
import { logDrawing, logRange, logTicks } from "../../static/js/model/log.js";
import { dressed, nextLook } from "../../static/js/model/looks.js";
import { planPens } from "../../static/js/model/pens.js";
import { pictureOf } from "../../static/js/model/picture.js";
import { Choice } from "../../static/js/model/rank.js";
import { filledRow, rowAt, timeAt } from "../../static/js/model/rowat.js";
import { former, panned, rounded, zoomed } from "../../static/js/model/span.js";
import { decode, emptyDashboard, encode, windowsFor } from "../../static/js/model/url.js";
import { Cursor } from "../../static/js/widgets/cursor.js";
import { tipRows } from "../../static/js/widgets/readings.js";
import { summaryText } from "../../static/js/widgets/summary.js";
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

test("a look is kept where it is not the widget's own, and dresses it", () => {
  const state = { dashboard: { looks: { a: "log" } } };
  const chosen = (kind, look, wish = "b") => look_chosen(state, { wish, kind, look }).dashboard.looks;
  assert.deepEqual(chosen("line", "stacked"), { a: "log", b: "stacked" });
  assert.deepEqual(chosen("stacked", "stacked", "a"), {});
  assert.deepEqual(chosen("heatmap", "log"), { a: "log" });
  assert.deepEqual(["lines", "stacked", "log", undefined].map((look) => dressed({ kind: "stacked" }, look).kind), ["line", "stacked", "line", "stacked"]);
  assert.equal(dressed({ kind: "heatmap" }, "lines").kind, "heatmap");
  assert.deepEqual([nextLook("lines", true), nextLook("stacked", true), nextLook("log", true), nextLook("lines", false)], ["stacked", "log", "lines", "log"]);
});

test("looks and the comparison stand in the URL, for widgets that are shown", () => {
  const wishes = ["cpu", "chart;expr=a", "chart;expr=b"];
  const text = encode({ ...emptyDashboard(), wishes, compare: true, looks: { cpu: "lines", "chart;expr=b": "log", gone: "log" } });
  assert.match(text, /&compare=before&draw=cpu:lines&draw=chart\/2:log&v=1$/);
  const read = decode(`${text}&draw=memory:log&draw=cpu:pie&draw=x`).dashboard;
  assert.deepEqual([read.looks, read.compare], [{ cpu: "lines", "chart;expr=b": "log" }, true]);
});

test("what can't be compared says why", () => {
  const why = (window, held, frozen = null) => compareHindrance({ held, dashboard: { window, frozen } });
  assert.deepEqual([why(300, 600), why(1800, 3600), why(600, 600, { from: 0, to: 60 })], ["", "", ""]);
  assert.match(why(600, 600), /keeps 10 min/);
});

test("windows are offered as far as the server holds", () => {
  assert.deepEqual(windowsFor(600), [60, 120, 300, 600]);
  assert.deepEqual(windowsFor(1800), [60, 120, 300, 600, 900, 1800]);
  assert.deepEqual(windowsFor(60, 3600), [60, 120, 300, 600, 3600]);
});

test("time moves within what is held, and keeps its width", () => {
  const bounds = { earliest: 1000, latest: 1600 };
  assert.deepEqual(panned({ from: 1200, to: 1500 }, -50, bounds), { from: 1150, to: 1450 });
  assert.deepEqual(panned({ from: 1200, to: 1500 }, -900, bounds), { from: 1000, to: 1300 });
  assert.deepEqual(panned({ from: 1200, to: 1500 }, 900, bounds), { from: 1300, to: 1600 });
  assert.deepEqual(panned({ from: 500, to: 800 }, -50, bounds), { from: 500, to: 800 });
  assert.deepEqual(panned({ from: 500, to: 800 }, 50, bounds), { from: 550, to: 850 });
  assert.deepEqual(former({ from: 1200, to: 1500 }), { from: 900, to: 1200 });
  assert.deepEqual(rounded({ from: 1200.4, to: 1260.6 }), { from: 1200, to: 1260 });
});

test("it widens and narrows around a second that stays", () => {
  const bounds = { earliest: 1000, latest: 1600 };
  assert.deepEqual(zoomed({ from: 1200, to: 1400 }, 0.5, 1250, bounds), { from: 1225, to: 1325 });
  assert.deepEqual(zoomed({ from: 1200, to: 1400 }, 2, 1300, bounds), { from: 1100, to: 1500 });
  assert.deepEqual(zoomed({ from: 1200, to: 1600 }, 9, 1300, bounds), { from: 1000, to: 1600 });
  assert.deepEqual(zoomed({ from: 1200, to: 1212 }, 0.1, 1206, bounds), { from: 1201, to: 1211 });
});

test("a pinned crosshair is a second; under a pointer it is a place", () => {
  global.requestAnimationFrame ??= () => 1;
  const cursor = new Cursor(() => {});
  const [card, other] = [{}, {}];
  const shown = (from, to) => view([from, to], [[1, 1]], { from, to });
  cursor.move(card, 0.5);
  assert.deepEqual(cursor.at(shown(100, 200)), { t: 150, share: 0.5, pinned: false });
  assert.deepEqual(cursor.at(shown(110, 210)), { t: 160, share: 0.5, pinned: false });
  cursor.pin(card, 160);
  cursor.move(other, 0.9);
  assert.deepEqual(cursor.at(shown(120, 220)), { t: 160, share: 0.4, pinned: true });
  assert.deepEqual([cursor.owned(card), cursor.owned(other)], [true, false]);
  assert.equal(cursor.slid(150), false);
  assert.equal(cursor.at(shown(170, 270)), null);
  assert.equal(cursor.slid(170), true);
  assert.deepEqual([cursor.pinned, cursor.release(), cursor.owned(other)], [null, false, true]);
});

test("the tooltip tells what was there before, and the difference", () => {
  const now = view([61, 62], [[10, 12]], { unit: "%" });
  const plan = { pens: [{ index: 0, name: "s0", color: "#fff" }], rest: [], plain: [0] };
  const before = (column) => tipRows("line", now, plan, 1, 0, null, DARK, { view: view([1, 2], [column]), by: 60 })[0].before;
  assert.deepEqual([before([9, 10]), before([9, 15]), before([9, NaN])], ["was 10.0 %, +2.0 %", "was 15.0 %, −3.0 %", "was –"]);
});

test("a chart as tables: each series in numbers, points as averages of a few seconds", () => {
  const times = Array.from({ length: 300 }, (_, n) => 1000 + n);
  const shown = view(times, [times.map((t) => (t < 1010 ? NaN : t - 1000))], { unit: "count" });
  const [column] = columnsOf(shown, [0]);
  assert.deepEqual(summaryRow(column), { name: "s0", texts: ["299", "10", "299", "155"], gaps: 10 });
  assert.deepEqual([stepFor(300, 1), stepFor(60, 1), stepFor(300, 2), stepFor(3600, 1)], [5, 1, 10, 60]);
  const rows = pointRows({ columns: [column], times: shown.times, step: 5 });
  assert.deepEqual([rows.length, rows[0], rows[59]], [60, { t: 1295, texts: ["297"] }, { t: 1000, texts: ["–"] }]);
});

test("a histogram as a table has its ranges, lowest first, as events a second", () => {
  const series = [{ name: "a", labels: { low: "0", high: "1" } }, { name: "b", labels: { low: "2", high: "3" } }];
  const shown = view([2, 4], [[10, 20], [0, 6]], { series, interval: 2 });
  const columns = columnsOf(shown, [], { unit: "count", rate: true });
  assert.deepEqual(columns.map(({ name, values }) => [name, ...values]), [["0 – 1", 5, 10], ["2 – 3", 0, 3]]);
});

test("a chart in a sentence", () => {
  const shown = view([1, 2], [[1, 12.3], [2, NaN]], { unit: "%", from: -298, to: 2 });
  const seen = { widget: { kind: "line" }, view: shown, plan: { plain: [0, 1] }, log: true, ghost: null, hidden: [] };
  assert.equal(summaryText("CPU", seen), "CPU, 2 series as lines on a log scale of 5 minutes; now s0 12.3 %, s1 2.0 %.");
  const many = view([1], Array.from({ length: 7 }, (_, n) => [n]), { unit: "count", from: -59, to: 1 });
  assert.match(summaryText("Load", { ...seen, log: false, view: many, plan: { plain: [0, 1, 2, 3, 4, 5, 6] } }), /^Load, 7 series as lines of 60 seconds; now s6 6, .* and 2 smaller\.$/);
});
