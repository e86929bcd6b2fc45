/** From columns to what Plotly is given: lines, stacks, heatmaps, bands, choices. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DARK } from "../../static/js/model/colours.js";
import { literal } from "../../static/js/model/figure.js";
import { heatFigure, lineFigure, stackFigure } from "../../static/js/model/figures.js";
import { gapBands } from "../../static/js/model/gaps.js";
import { grid } from "../../static/js/model/heat.js";
import { planPens } from "../../static/js/model/pens.js";
import { Choice, Order, worst } from "../../static/js/model/rank.js";
import { stack } from "../../static/js/model/stack.js";
import { line } from "../../static/js/model/thin.js";
import { dice, view } from "./helpers.mjs";

const floats = (...values) => Float64Array.from(values);
const ones = (times) => Float64Array.from(times, () => 1);

test("lines break at NaN and where neighbours are too far apart", () => {
  assert.deepEqual(line(floats(1, 2, 3, 4), floats(1, NaN, 3, 4), 1, 0).y.filter((y) => y !== null).length, 4);
  const { x, y } = line(floats(1, 2, 6, 7), floats(1, 2, 6, 7), 1, 0);
  assert.deepEqual(x, [1, 2, 2.5, 6, 7]);
  assert.deepEqual(y, [1, 2, null, 6, 7]);
});

test("a lone point becomes a dash that can be seen", () => {
  const { x, y } = line(floats(1, 2, 3), floats(NaN, 5, NaN), 1, 2);
  assert.deepEqual(x, [1, 0.5, 3.5, 3]);
  assert.deepEqual(y, [null, 5, 5, null]);
});

test("thinning keeps every extreme and stays small", () => {
  const roll = dice(2);
  const times = Array.from({ length: 600 }, (_, n) => 1000 + n);
  const values = times.map(() => roll(1000));
  const { x, y } = line(Float64Array.from(times), Float64Array.from(values), 1, 4);
  assert.ok(x.length <= 310, `${x.length}`);
  for (let t = 1000; t < 1600; t += 4) {
    const bucket = values.slice(t - 1000, t - 996);
    const kept = y.filter((_, n) => x[n] >= t && x[n] < t + 4);
    assert.equal(Math.max(...kept), Math.max(...bucket));
    assert.equal(Math.min(...kept), Math.min(...bucket));
  }
});

test("thinning keeps gaps", () => {
  const times = Array.from({ length: 100 }, (_, n) => n);
  const values = times.map((t) => (t >= 40 && t < 60 ? NaN : 1));
  const { x, y } = line(Float64Array.from(times), Float64Array.from(values), 1, 5);
  const holes = x.filter((_, n) => y[n] === null);
  assert.ok(holes.length && holes.every((t) => t >= 40 && t < 60));
});

test("bands stand over missing samples alone", () => {
  const bands = (times, values, more) => gapBands(view(times, [values], more));
  assert.deepEqual(bands([1, 2, 3, 4, 9, 10], [1, NaN, NaN, 1, 1, 1]), [[1.5, 3.5], [4.5, 8.5]]);
  assert.deepEqual(bands([1, 2, 3], [1, 1, 1], { to: 20 }), [[3.5, 20]]);
  assert.deepEqual(bands([1, 2, 3], [1, 1, 1], { to: 5 }), []);
  assert.deepEqual(bands([], [], { from: 1, to: 20 }), []);
  assert.deepEqual(bands([], [], { from: 10, to: 20, since: 3 }), [[10, 20]]);
});

test("a gap that reaches over the left edge is a band from there", () => {
  const bands = (more) => gapBands(view([15, 16, 17], [[NaN, 1, 1]], { from: 10, to: 17, ...more }));
  assert.deepEqual(bands({ since: 3 }), [[10, 15.5]]);
  assert.deepEqual(bands({ since: 15 }), [[14.5, 15.5]]);
  assert.deepEqual(gapBands(view([10, 11, 12], [[1, 1, 1]], { from: 9, since: 3 })), []);
});

test("a stack never falls to zero in a gap", () => {
  const { outlines } = stack(floats(1, 2, 3, 4, 5), [floats(5, 5, NaN, 5, 5), floats(1, 1, NaN, 1, 1)], 1, 0);
  const upper = outlines[1].outline;
  assert.deepEqual(upper.x, [1, 2, 2, 1, null, 4, 5, 5, 4]);
  assert.deepEqual(upper.y, [6, 6, 5, 5, null, 6, 6, 5, 5]);
});

test("a missing number in one layer is a gap of the stack, not zero", () => {
  const { totals } = stack(floats(1, 2, 3), [floats(5, 5, 5), floats(1, NaN, 1)], 1, 0);
  assert.deepEqual([...totals], [6, NaN, 6]);
});

test("a layer that began later counts as nothing before; one without numbers is left out", () => {
  const { outlines, totals } = stack(floats(1, 2), [floats(5, 5), floats(NaN, 2), floats(NaN, NaN)], 1, 0);
  assert.deepEqual([...totals], [5, 7]);
  assert.deepEqual(outlines.map(({ index }) => index), [0, 1]);
});

test("a heatmap has a cell for each second, empty ones where nothing is", () => {
  const { z, x0, dx } = grid(view([10, 11, 14], [[1, 2, 3]], { from: 10, to: 14 }), 100);
  assert.deepEqual({ z, x0, dx }, { z: [[1, 2, null, null, 3]], x0: 10, dx: 1 });
});

test("a heatmap's wider cells hold the largest value", () => {
  const { z, dx } = grid(view([10, 11, 12, 13], [[1, 9, NaN, 4]], { from: 10, to: 13 }), 2);
  assert.equal(dx, 2);
  assert.deepEqual(z, [[9, 4]]);
});

test("the worst by their mean lately, in the order of the series", () => {
  assert.deepEqual(worst([floats(1, 1), floats(9, 9), floats(NaN), floats(5, 5)], 2), [1, 3]);
});

test("a choice is kept for ten seconds, and colours stay with their names", () => {
  const choice = new Choice();
  const names = ["a", "b", "c"];
  const first = choice.pick(names, [floats(9), floats(8), floats(1)], 2, 100);
  assert.deepEqual([...first], [["a", 0], ["b", 1]]);
  const columns = [floats(1), floats(8), floats(9)];
  assert.deepEqual([...choice.pick(names, columns, 2, 105).keys()], ["a", "b"]);
  const later = choice.pick(names, columns, 2, 111);
  assert.equal(later.get("b"), 1);
  assert.equal(later.get("c"), 0);
});

test("a choice made without numbers is made anew with the first", () => {
  const choice = new Choice();
  choice.pick(["a", "b"], [floats(NaN), floats(NaN)], 1, 100);
  assert.deepEqual([...choice.pick(["a", "b"], [floats(1), floats(2)], 1, 101).keys()], ["b"]);
});

test("an order holds still when told", () => {
  const order = new Order();
  assert.equal(order.ranks(["a", "b"], [floats(1), floats(2)], 10).get("b"), 0);
  assert.equal(order.ranks(["a", "b"], [floats(3), floats(2)], 100, true).get("b"), 0);
  assert.equal(order.ranks(["a", "b"], [floats(3), floats(2)], 100).get("b"), 1);
});

function plan(count, more = {}) {
  const columns = Array.from({ length: count }, (_, n) => [n, n]);
  const shown = view([1, 2], columns, more);
  return planPens(shown, { kind: "line", hidden: [], palette: DARK, choice: new Choice() });
}

test("eight of many in colour, the others faint", () => {
  const { pens, rest, entries } = plan(64);
  assert.deepEqual(pens.map(({ index }) => index), [56, 57, 58, 59, 60, 61, 62, 63]);
  assert.equal(rest.length, 56);
  assert.equal(entries.length, 8);
  assert.equal(new Set(pens.map(({ color }) => color)).size, 8);
});

test("hidden series are not drawn and stay in the legend", () => {
  const shown = view([1], [[1], [2]]);
  const made = planPens(shown, { kind: "line", hidden: ["s0"], palette: DARK, choice: new Choice() });
  assert.deepEqual(made.pens.map(({ name }) => name), ["s1"]);
  assert.deepEqual(made.entries.map(({ name }) => name), ["s0", "s1"]);
});

test("limits and readouts are drawn apart", () => {
  const series = [
    { name: "CPUs", labels: { role: "limit" } },
    { name: "load", labels: {} },
    { name: "x", labels: { role: "readout", unit: "/s", series: "segments" } },
  ];
  const made = planPens(view([1, 2], [[4, 4], [1, 2], [7, 7]], { series }), { kind: "line", hidden: [], palette: DARK, choice: new Choice() });
  assert.deepEqual(made.limits, [{ name: "CPUs", value: 4 }]);
  assert.deepEqual(made.readouts, [{ name: "segments", index: 2, unit: "/s" }]);
  assert.deepEqual(made.pens.map(({ name }) => name), ["load"]);
});

const PAPER = { width: 344, height: 180, palette: DARK, utc: true };

function drawing(shown, more = {}) {
  const made = planPens(shown, { kind: "line", hidden: [], palette: DARK, choice: new Choice() });
  return { view: shown, paper: PAPER, pens: made.pens, rest: made.rest, limits: made.limits, range: { low: 0, high: 10 }, ...more };
}

test("names from hosts can't become markup in Plotly", () => {
  assert.equal(literal("<img src=x onerror=alert(1)> & %{x}"), "&lt;img src=x onerror=alert(1)&gt; &amp; %\u200b{x}");
  const series = [{ name: "<b>x</b>", labels: {} }, { name: "<i>max</i>", labels: { role: "limit" } }];
  const shown = view([1, 2], [[1, 2], [3, 3]], { series });
  for (const figure of [lineFigure, stackFigure, heatFigure]) {
    assert.doesNotMatch(JSON.stringify(figure(drawing(shown))), /<b>|<i>/);
  }
});

test("a limit within the range is a dashed line with its name", () => {
  const series = [{ name: "load", labels: {} }, { name: "CPUs", labels: { role: "limit" } }];
  const { layout } = lineFigure(drawing(view([1, 2], [[1, 2], [4, 4]], { series, unit: "1" })));
  assert.equal(layout.shapes.length, 1);
  assert.equal(layout.shapes[0].line.dash, "dash");
  assert.equal(layout.annotations[0].text, "CPUs 4");
});

test("before the first second kept there is a band that says so", () => {
  const shown = view([1790000200, 1790000201], [[1, 2]], { from: 1790000000, to: 1790000201 });
  const { layout } = lineFigure(drawing(shown));
  assert.deepEqual([layout.shapes[0].x0, layout.shapes[0].x1], [1790000000, 1790000199.5]);
  assert.equal(layout.annotations[0].text, "not recorded<br>before 14:16:40");
});

test("undefined seconds of one series make no band", () => {
  const shown = view([1, 2, 3, 4], [[1, NaN, NaN, 1]], { presence: ones([1, 2, 3, 4]) });
  assert.equal(lineFigure(drawing(shown)).layout.shapes.length, 0);
});
