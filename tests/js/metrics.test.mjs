/** Any metric: search, tree, charts in the making, and their small pictures. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chartOf, emptyChart, idOf, metricsOf, over, splitExpressions, wishOf, withExpression } from "../../static/js/model/maker.js";
import { ends, newest, previewPath } from "../../static/js/model/preview.js";
import { MetricIndex } from "../../static/js/model/search.js";
import { dice } from "./helpers.mjs";

const row = (name, help = "", units = "count") => [name, "u64", "counter", units, null, help];
const INDEX = new MetricIndex([
  row("network.interface.out.bytes", "Bytes sent", "byte"),
  row("network.interface.in.bytes", "Bytes received", "byte"),
  row("mem.freemem", "Free memory", "Kbyte"),
  row("kernel.all", "a metric and a branch", ""),
  row("kernel.all.load", "Load of all\nCPUs", ""),
  row("disk.all.read", "reads of all disks"),
]);
const names = (text, limit = 10) => INDEX.search(text, limit).found.map((n) => INDEX.rows[n][0]);

test("names come before help and units", () => {
  assert.deepEqual(names("kernel"), ["kernel.all", "kernel.all.load"]);
  assert.deepEqual(names("all"), ["kernel.all", "disk.all.read", "kernel.all.load"]);
  assert.deepEqual(names("BYTES in"), ["network.interface.in.bytes", "network.interface.out.bytes"]);
  assert.deepEqual(names("received"), ["network.interface.in.bytes"]);
  assert.deepEqual(names("interface bytes"), ["network.interface.in.bytes", "network.interface.out.bytes"]);
  assert.deepEqual(names("kbyte"), ["mem.freemem"]);
  assert.deepEqual(names("load cpus"), ["kernel.all.load"]);
});

test("letters in their order find names where words do not", () => {
  assert.deepEqual(names("krnload"), ["kernel.all.load"]);
  assert.deepEqual(names("zzz"), []);
});

test("all are counted, the best are given", () => {
  assert.deepEqual(INDEX.search("", 2), { found: [0, 1], total: 6 });
  assert.equal(INDEX.search("e", 1).total, 6);
});

test("search finds what a plain scan finds", () => {
  const roll = dice(5);
  const word = () => Array.from({ length: 1 + roll(3) }, () => "abc"[roll(3)]).join("");
  const rows = [...new Set(Array.from({ length: 200 }, () => `${word()}.${word()}`))].map((name) => row(name, `${word()} ${word()}`, word()));
  const index = new MetricIndex(rows);
  for (let round = 0; round < 300; round += 1) {
    const text = roll(2) ? word() : `${word()} ${word()}`;
    const plain = index.rows.filter(([name, , , units, , help]) => text.split(" ").every((one) => `${name} ${help} ${units}`.includes(one)));
    const { found, total } = index.search(text, 1000);
    if (!plain.length) continue;
    assert.equal(total, plain.length, text);
    assert.deepEqual(new Set(found.map((n) => index.rows[n][0])), new Set(plain.map(([name]) => name)), text);
  }
});

test("typing on finds what asking anew finds", () => {
  const roll = dice(7);
  const word = () => Array.from({ length: 1 + roll(3) }, () => "abc"[roll(3)]).join("");
  const rows = [...new Set(Array.from({ length: 150 }, () => `${word()}.${word()}.${word()}`))].map((name) => row(name, word(), word()));
  const typed = new MetricIndex(rows);
  for (let round = 0; round < 60; round += 1) {
    const text = `${word()} ${word()}${word()}`;
    for (let end = 1; end <= text.length; end += 1) {
      const part = text.slice(0, end);
      assert.deepEqual(typed.search(part, 40), new MetricIndex(rows).search(part, 40), part);
    }
  }
});

test("the tree: branches, metrics, and what is both", () => {
  assert.deepEqual(INDEX.children("").map(({ path, metric, below }) => [path, metric, below]), [
    ["disk", null, 1],
    ["kernel", null, 2],
    ["mem", null, 1],
    ["network", null, 2],
  ]);
  assert.deepEqual(INDEX.children("kernel"), [{ path: "kernel.all", name: "all", metric: 1, below: 1 }]);
  assert.deepEqual(INDEX.children("kernel.al"), []);
  assert.equal(INDEX.at("kernel.all.load"), 2);
  assert.equal(INDEX.at("kernel.al"), -1);
});

test("opened branches show what is below", () => {
  const rows = INDEX.visible(new Set(["kernel", "kernel.all", "gone"]));
  assert.deepEqual(rows.map(({ path, level, place, of }) => [path, level, place, of]), [
    ["disk", 1, 1, 4],
    ["kernel", 1, 2, 4],
    ["kernel.all", 2, 1, 1],
    ["kernel.all.load", 3, 1, 1],
    ["mem", 1, 3, 4],
    ["network", 1, 4, 4],
  ]);
});

test("a chart is its wish, and back", () => {
  const chart = { ...emptyChart(), exprs: ["sum(a.b)", "top(2, c.d)"], instances: "sd*", unit: "%", kind: "stacked", title: "My own" };
  const wish = wishOf(chart);
  assert.equal(wish, "chart;expr=sum(a.b)%2C%20top(2%2C%20c.d);instances=sd*;kind=stacked;title=My%20own;unit=%25");
  assert.deepEqual(chartOf(wish), chart);
  assert.equal(wishOf({ ...emptyChart(), exprs: [" "] }), null);
  assert.equal(chartOf("cpu"), null);
});

test("expressions: parted at their own commas, each once", () => {
  assert.deepEqual(splitExpressions("a.b, top(2, c.d),, e.f"), ["a.b", "top(2, c.d)", "e.f"]);
  const chart = withExpression(withExpression(emptyChart(), "a.b"), "a.b");
  assert.deepEqual(chart.exprs, ["a.b"]);
  assert.deepEqual(metricsOf(["100 * a.b / c.d", "a.b"]), ["a.b", "c.d"]);
});

test("over instances: one word in place of another", () => {
  assert.equal(over("a.b", "sum"), "sum(a.b)");
  assert.equal(over("sum(a.b)", "top 5"), "top(5, a.b)");
  assert.equal(over("top(5, a.b)", ""), "a.b");
  assert.equal(over("sum(a.b) / sum(c.d)", "max"), "max(sum(a.b) / sum(c.d))");
});

test("an id that the catalogue takes", () => {
  assert.equal(idOf({ ...emptyChart(), title: "Disk: writes & reads!" }), "own-disk-writes-reads");
  assert.equal(idOf({ ...emptyChart(), exprs: ["sum(disk.dev.read)"] }), "own-disk-dev-read");
  assert.match(idOf({ ...emptyChart(), title: "x".repeat(99) }), /^[a-z0-9][a-z0-9-]{0,63}$/);
});

test("small pictures: gaps stay gaps, zero is within", () => {
  const series = { name: "a", points: [[1000, 1], [2000, 3], [3000, null], [4000, 3], [9000, 1]] };
  const scale = ends([series]);
  assert.deepEqual(scale, { low: 0, high: 3 });
  const box = { from: 0, to: 10000, width: 100, height: 32 };
  assert.equal(previewPath(series, box, scale), "M10.0 21.0h1L20.0 1.0M40.0 1.0h1M90.0 21.0h1");
  assert.deepEqual(ends([{ name: "a", points: [[1000, 0]] }]), { low: 0, high: 1 });
  assert.equal(ends([{ name: "a", points: [[1000, null]] }]), null);
  assert.equal(newest(series), 1);
  assert.equal(newest({ name: "b", points: [] }), null);
});
