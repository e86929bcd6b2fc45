/** Numbers and times as people read them: units, ticks, ranges, the clock. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../../static/js/model/clock.js";
import { extremes, nextRange } from "../../static/js/model/range.js";
import { timeTicks, valueTicks, zoneName } from "../../static/js/model/ticks.js";
import { format, formatLimit, parseDuration, printDuration } from "../../static/js/model/units.js";
import { dice } from "./helpers.mjs";

test("values as people read them", () => {
  const cases = [
    [0, "B", "0 B"],
    [1023, "B", "1023 B"],
    [1536, "B", "1.50 KiB"],
    [24.4 * 2 ** 20, "B/s", "24.4 MiB/s"],
    [0.0007, "s", "700 µs"],
    [0.0123, "s", "12.3 ms"],
    [90, "s", "90.0 s"],
    [86400 * 3, "s", "3.00 d"],
    [13.54, "%", "13.5 %"],
    [7.06, "%", "7.1 %"],
    [0.125, "%", "0.13 %"],
    [100, "%", "100 %"],
    [0, "%", "0 %"],
    [12345, "/s", "12.3 k/s"],
    [2.5, "/s", "2.50 /s"],
    [4096, "count", "4.10 k"],
    [7, "count", "7"],
    [12.34, "1", "12.3"],
    [NaN, "%", "–"],
    [null, "B", "–"],
    [undefined, "B", "–"],
    [-0.0001, "1", "0"],
    [-3, "1", "−3.00"],
  ];
  for (const [value, unit, text] of cases) assert.equal(format(value, unit), text, `${value} ${unit}`);
  assert.equal(formatLimit(64, "1"), "64");
});

test("durations there and back", () => {
  for (const seconds of [1, 30, 60, 90, 300, 3600, 5400]) assert.equal(parseDuration(printDuration(seconds)), seconds);
  for (const text of ["", "5x", "-1s", "1.5m"]) assert.equal(parseDuration(text), null);
});

test("value ticks: round, named, IEC for bytes", () => {
  assert.deepEqual(valueTicks(0, 103, "%").texts, ["0", "25 %", "50 %", "75 %", "100 %"]);
  assert.deepEqual(valueTicks(0, 220 * 2 ** 20, "B/s").texts, ["0", "100 MiB/s", "200 MiB/s"]);
  assert.deepEqual(valueTicks(0, 0.011, "s").texts, ["0", "5 ms", "10 ms"]);
  assert.deepEqual(valueTicks(0, 3.3, "count").texts, ["0", "1", "2", "3"]);
  assert.deepEqual(valueTicks(0, 1, "/s", 1).texts, ["0", "1 /s"]);
});

test("value ticks of any range are in it, and few", () => {
  const roll = dice(5);
  for (let round = 0; round < 500; round += 1) {
    const high = (roll(1000) + 1) * 10 ** (roll(16) - 6);
    for (const unit of ["%", "B", "B/s", "s", "/s", "count", "1"]) {
      // Neither a millionth of a byte nor a million per cent is ever drawn.
      if (unit === "%" ? high > 1000 : unit !== "s" && high < 0.001) continue;
      const { values, texts } = valueTicks(0, high, unit);
      assert.ok(values.length >= 1 && values.length <= 9, `${high} ${unit}: ${values.length}`);
      assert.ok(values.every((value) => value >= 0 && value <= high * 1.000001));
      assert.equal(new Set(texts).size, texts.length, `${texts}`);
      assert.ok(texts.every((text) => text.length <= 11), `${texts}`);
    }
  }
});

test("no time label passes the plot's edge, and none touches another", () => {
  const roll = dice(9);
  for (let round = 0; round < 500; round += 1) {
    const span = 30 + roll(3600);
    const from = 1790000000 + roll(100000);
    const width = 180 + roll(900);
    const { values, texts } = timeTicks(from, from + span, width, true);
    const at = (t) => ((t - from) / span) * width;
    const half = (text) => (text.length > 5 ? 25 : 17);
    values.forEach((t, n) => {
      assert.ok(at(t) - half(texts[n]) >= -0.01 && at(t) + half(texts[n]) <= width + 0.01);
      if (n) assert.ok(at(t) - at(values[n - 1]) >= 2 * half(texts[n]) + 8);
    });
  }
});

test("time labels at whole minutes, in UTC", () => {
  assert.deepEqual(timeTicks(1790000000, 1790000300, 400, true).texts, ["14:14", "14:15", "14:16", "14:17", "14:18"]);
  assert.equal(zoneName(1790000000, true), "UTC");
});

const PLAIN = { unit: "1" };

test("a range grows at once and shrinks late", () => {
  const first = nextRange(null, { min: 0, max: 100 }, PLAIN);
  assert.deepEqual(first, { low: 0, high: 112.00000000000001 });
  assert.equal(nextRange(first, { min: 0, max: 80 }, PLAIN).high, first.high);
  assert.equal(nextRange(first, { min: 0, max: 200 }, PLAIN).high, 224.00000000000003);
  assert.ok(nextRange(first, { min: 0, max: 40 }, PLAIN).high < 50);
});

test("a fixed end leaves a little room, so that 100 % is seen whole", () => {
  assert.deepEqual(nextRange(null, { min: 0, max: 100 }, { unit: "%", min: 0, max: 100 }), { low: 0, high: 103 });
  assert.ok(nextRange(null, { min: 0, max: 180 }, { unit: "%", min: 0, max: 100 }).high > 180);
});

test("nothing but zero is flat; no data keep the range", () => {
  assert.deepEqual(nextRange(null, { min: 0, max: 0 }, { unit: "/s" }), { low: 0, high: 1.06, flat: true });
  assert.deepEqual(nextRange({ low: 0, high: 5 }, null, PLAIN), { low: 0, high: 5 });
});

test("negative numbers get room below", () => {
  const range = nextRange(null, { min: -10, max: 10 }, PLAIN);
  assert.ok(range.low < -10 && range.high > 10);
});

test("extremes leave gaps out", () => {
  assert.deepEqual(extremes([Float64Array.from([NaN, 3, 1]), Float64Array.from([NaN, NaN, 9])]), { min: 1, max: 9 });
  assert.equal(extremes([Float64Array.from([NaN])]), null);
});

test("the clock's edge is the newest tick, and goes on where ticks stay away", () => {
  const clock = new Clock();
  clock.observe(1000, 500.2);
  assert.equal(clock.edge(500.3, 1), 1000);
  assert.equal(clock.edge(510.2, 1), 1008);
  clock.observe(1011, 511.4);
  assert.equal(clock.edge(511.5, 1), 1011);
  assert.equal(clock.edge(520, 5) % 5, 0);
});
