/** The words around a chart: what its one number says, and of what. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DARK } from "../../static/js/model/colours.js";
import { planPens } from "../../static/js/model/pens.js";
import { Choice } from "../../static/js/model/rank.js";
import { headline } from "../../static/js/widgets/readings.js";
import { view } from "./helpers.mjs";

const ROLES = { idle: "rest", iowait: "idle", steal: "apart" };

/** The head of a stack of shares now. */
function head(parts, { hidden = [], unit = "%", kind = "stacked" } = {}) {
  const series = Object.keys(parts).map((name) => ({ name, labels: ROLES[name] ? { role: ROLES[name] } : {} }));
  const shown = view([1, 2], Object.values(parts).map((value) => [0, value]), { series, unit });
  const plan = planPens(shown, { kind, hidden, palette: DARK, choice: new Choice() });
  return headline(kind, shown, plan, (index) => shown.columns[index][1]);
}

test("time that awaits a disk is idle time", () => {
  assert.equal(head({ user: 20, sys: 10, iowait: 50, steal: 0, idle: 20 }), "busy 30.0 %");
});

test("stolen time is told apart, and is not busy", () => {
  assert.equal(head({ user: 20, sys: 10, iowait: 0, steal: 12, idle: 58 }), "busy 30.0 % · steal 12.0 %");
});

test("busy stays busy where series are hidden", () => {
  assert.equal(head({ user: 20, sys: 10, iowait: 0, steal: 0, idle: 70 }, { hidden: ["user", "idle"] }), "busy 30.0 %");
});

test("parts that are not the whole are not called busy", () => {
  assert.equal(head({ user: 20, sys: 10, iowait: 50 }), "30.0 %");
});

test("a part that is not known now leaves the sum unknown", () => {
  assert.equal(head({ user: 20, sys: NaN, idle: 70 }), "–");
});

test("a stack of bytes has no such number", () => {
  assert.equal(head({ used: 20, free: 80 }, { unit: "B" }), "");
});

test("of many lines the largest is told", () => {
  const lines = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`cpu${n}`, n]));
  assert.equal(head(lines, { kind: "line" }), "max 11.0 %");
});
