/** Hosts in one chart: what is compared, and how rows of several hosts become one view. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { CONTRAST, CONTRAST_LIGHT, DARK, LIGHT } from "../../static/js/model/colours.js";
import { chosen, columnOf, measuresOf, printCompared, readCompared } from "../../static/js/model/compare.js";
import { Feed } from "../../static/js/model/feed.js";
import { lineTraces } from "../../static/js/model/figures.js";
import { gapBands } from "../../static/js/model/gaps.js";
import { hostPen } from "../../static/js/model/hostpens.js";
import { joinedPens, joinedView, joinedWidget, merged } from "../../static/js/model/joined.js";
import { pictureOf } from "../../static/js/model/picture.js";
import { places } from "../../static/js/model/shown.js";
import { headline, tipRows } from "../../static/js/widgets/readings.js";
import { dice, view } from "./helpers.mjs";

const series = (name, labels = {}) => ({ name, labels });
const widget = (list, more = {}) => ({ wish: "w", id: "w", title: "W", unit: "1", kind: "line", series: list, total: null, missing: [], reason: null, ...more });
const CPU = widget([series("user"), series("iowait", { role: "idle" }), series("steal", { role: "apart" }), series("idle", { role: "rest" })], { kind: "stacked", unit: "%" });
const MEMORY = widget([series("applications"), series("page cache"), series("free", { role: "rest" })], { kind: "stacked", unit: "B" });
const DISKS = widget(
  ["sda", "sdb"].flatMap((instance) => ["read", "write"].map((kind) => series(`${instance} ${kind}`, { instance, series: kind }))),
  { unit: "B/s" },
);
const LOAD = widget([series("1 minute"), series("5 minutes"), series("CPUs", { role: "limit" })]);
const columns = (...lists) => lists.map((list) => Float64Array.from(list));
const keys = (list) => measuresOf(list).map(({ key }) => key);

function member(host, laid, seen, more = {}) {
  return { host, name: host, note: "", widget: laid, view: seen && { ...seen, series: laid.series, unit: laid.unit }, ...more };
}

function how(more = {}) {
  return { compared: undefined, hidden: [], from: 0, to: 20, interval: 1, ...more };
}

const ONE = widget([series("a")]);

test("the headline of a stack is what is used of it, of lines by instance the highest, else the first", () => {
  assert.deepEqual(keys([CPU]), ["~used", "user", "iowait", "steal", "idle"]);
  assert.equal(measuresOf([CPU])[0].title, "busy");
  assert.equal(measuresOf([MEMORY])[0].title, "all but free");
  assert.deepEqual(keys([widget([series("a"), series("b")], { kind: "stacked" })]), ["~sum", "a", "b"]);
  assert.deepEqual(keys([DISKS]).slice(0, 3), ["~highest read", "~highest write", "sda read"]);
  assert.deepEqual(keys([LOAD]), ["1 minute", "5 minutes"]);
});

test("what is compared comes from all hosts; a choice that nobody has is the headline", () => {
  const other = widget([series("nvme0 read", { instance: "nvme0", series: "read" })], { unit: "B/s" });
  assert.equal(keys([DISKS, other]).includes("nvme0 read"), true);
  assert.equal(chosen(measuresOf([DISKS]), "sdz read").key, "~highest read");
  assert.equal(chosen(measuresOf([DISKS]), "sdb write").key, "sdb write");
  assert.equal(chosen([], "x"), null);
});

test("a column of what is compared", () => {
  const cpu = columns([10, NaN, 30], [5, NaN, 5], [1, NaN, 1], [84, NaN, 64]);
  assert.deepEqual([...columnOf(CPU, cpu, "~used")], [10, NaN, 30]);
  const memory = columns([1, 2], [3, 4], [5, 6]);
  assert.deepEqual([...columnOf(MEMORY, memory, "~used")], [4, 6]);
  const disks = columns([1, 8, NaN], [9, 9, 9], [4, NaN, NaN], [9, 9, 9]);
  assert.deepEqual([...columnOf(DISKS, disks, "~highest read")], [4, 8, NaN]);
  assert.deepEqual([...columnOf(DISKS, disks, "sdb write")], [9, 9, 9]);
  assert.equal(columnOf(DISKS, disks, "sdz write"), null);
});

test("hosts line up by whole seconds; each has its own line", () => {
  const found = joinedView([member("a", ONE, view([1, 2, 3], [[1, 2, 3]])), member("b", ONE, view([2, 3, 5], [[20, 30, 50]]))], how());
  assert.deepEqual([...found.times], [1, 2, 3, 5]);
  assert.deepEqual(found.columns.map((one) => [...one]), [[1, 2, 3, NaN], [NaN, 20, 30, 50]]);
  assert.deepEqual(found.series.map(({ name, labels }) => [name, labels.host]), [["a", "a"], ["b", "b"]]);
  assert.equal(found.since, 1);
});

test("a second that one host skipped breaks no line of its", () => {
  const members = [member("a", ONE, view([1, 2, 4], [[1, 2, 4]])), member("b", ONE, view([1, 2, 3, 4], [[1, 1, 1, 1]]))];
  const joined = joinedView(members, how());
  const plan = joinedPens(joined, [], DARK);
  const paper = { width: 600, height: 200, palette: DARK, utc: true };
  const traces = lineTraces({ view: joined, paper, pens: plan.pens, rest: [], limits: [], range: { low: 0, high: 5 } });
  assert.deepEqual(traces.map(({ name, y }) => [name, y]), [["a", [1, 2, 4]], ["b", [1, 1, 1, 1]]]);
});

test("a band stands where none of the hosts shown has samples", () => {
  const lost = member("lost", ONE, view([1, 2, 3, 4, 5, 6, 7, 8], [[1, 1, NaN, NaN, NaN, NaN, NaN, NaN]]));
  const well = member("well", ONE, view([1, 2, 3, 4, 5, 6, 7, 8], [[1, 1, 1, 1, 1, NaN, NaN, 1]]));
  const to = 8;
  assert.deepEqual(gapBands(joinedView([lost, well], how({ to }))), [[5.5, 7.5]]);
  assert.deepEqual(gapBands(joinedView([lost, well], how({ to, hidden: ["well"] }))), [[2.5, 8]]);
});

test("the half second between two lives of a sampler is no row of all, but breaks that host's line", () => {
  const crossed = member("a", ONE, view([1, 1.5, 2], [[1, NaN, 2]]));
  const joined = joinedView([crossed, member("b", ONE, view([1, 2], [[1, 1]]))], how());
  assert.deepEqual([...joined.times], [1, 2]);
  assert.deepEqual([...joined.own[0].values], [1, NaN, 2]);
});

test("limits that agree are one line, others one per host, those of hidden hosts none", () => {
  const host = (name, cpus) => member(name, LOAD, view([1, 2], [[1, 1], [1, 1], [cpus, cpus]]));
  const limits = (members, hidden = []) => joinedPens(joinedView(members, how({ hidden })), hidden, DARK).limits;
  assert.deepEqual(limits([host("a", 4), host("b", 4)]), [{ name: "CPUs", value: 4 }]);
  assert.deepEqual(limits([host("a", 4), host("b", 8)]), [
    { name: "CPUs of a", value: 4, color: DARK.series[0] },
    { name: "CPUs of b", value: 8, color: DARK.series[1] },
  ]);
  assert.deepEqual(limits([host("a", 4), host("b", 8)], ["b"]), [{ name: "CPUs", value: 4 }]);
});

test("hosts that give nothing keep their places, colours and a word", () => {
  const members = [
    member("new", null, null),
    member("bare", widget([], { reason: "no disks" }), view([1], [])),
    member("down", ONE, view([1], [[7]]), { note: "down" }),
    member("bytes", { ...ONE, unit: "B" }, view([1, 2], [[1, 1]])),
    member("well", ONE, view([1, 2], [[1, 2]])),
  ];
  const joined = joinedView(members, how());
  const plan = joinedPens(joined, ["down"], DARK);
  assert.deepEqual(plan.entries.map(({ name, note }) => [name, note]), [["new", "connecting"], ["bare", "nothing to draw"], ["down", "down"], ["bytes", "another unit"], ["well", undefined]]);
  assert.deepEqual(plan.pens.map(({ color }) => color), [0, 1, 3, 4].map((n) => DARK.series[n]));
  assert.deepEqual([...joined.columns[3]], [NaN, NaN]);
  assert.deepEqual([...joined.columns[2]], [7, NaN]);
});

test("without a layout there is no widget; with nothing to draw anywhere, the reason is told", () => {
  assert.equal(joinedView([member("a", null, null)], how()), null);
  const found = joinedWidget([member("a", widget([], { reason: "no disks" }), null)], undefined);
  assert.deepEqual([found.series, found.reason], [[], "None of these hosts has it. no disks"]);
  const two = ["x", "y"].map((name) => member(name, widget([], { reason: `no ${name}` }), null));
  assert.equal(joinedWidget(two, undefined).reason, "x: no x y: no y");
});

test("a live chart waits for hosts that are here, not for lost ones; older news change its text", () => {
  const at = (lasts) => joinedView(lasts.map((t, n) => member(`h${n}`, ONE, view([t - 1, t], [[1, 1]], { revision: 7 }))), how());
  assert.equal(at([100, 99, 101]).settled, 99);
  assert.equal(at([100, 60, 101]).settled, 100);
  assert.equal(at([100, 99]).revision, at([101, 100]).revision);
  assert.notEqual(at([100, 60]).revision, at([100, 61]).revision);
  const joined = at([100, 99]);
  const plan = joinedPens(joined, [], DARK);
  const drawing = { view: joined, paper: { width: 600, height: 200, palette: DARK, utc: true }, ...plan, range: { low: 0, high: 5 } };
  assert.equal(pictureOf(ONE, drawing).ink.stretch.last, 99);
});

test("sixteen hosts have sixteen pens, and one of the same hue is dashed", () => {
  for (const palette of [CONTRAST, CONTRAST_LIGHT]) {
    assert.equal(new Set(Array.from({ length: 16 }, (_, n) => JSON.stringify(hostPen(palette, n)))).size, 16);
  }
  for (const palette of [DARK, LIGHT]) {
    const pens = Array.from({ length: 16 }, (_, n) => hostPen(palette, n));
    assert.equal(new Set(pens.map(({ color }) => color)).size, 16);
    assert.deepEqual(pens.map(({ dash }) => dash), [...Array(8).fill("solid"), ...Array(8).fill("dash")]);
  }
});

test("no one number stands in the head, the tooltip goes by value", () => {
  const joined = joinedView(["a", "b", "c"].map((name, n) => member(name, ONE, view([1, 2], [[1, [5, 9, 7][n]]]))), how());
  const plan = joinedPens(joined, [], DARK);
  assert.equal(headline("line", joined, plan, (index) => joined.columns[index][1]), "");
  assert.deepEqual(tipRows("line", joined, plan, 1, 0, null, DARK).map(({ name }) => name), ["b", "c", "a"]);
});

test("what is compared stands in the URL by the widget's name", () => {
  const names = places(["cpu", "chart;expr=a", "chart;expr=b"]);
  const choices = { cpu: "user", "chart;expr=b": "~sum" };
  assert.deepEqual(printCompared(choices, names), ["cpu:user", "chart/2:~sum"]);
  assert.deepEqual(readCompared(["cpu:user", "chart/2:~sum", "gone:x", "cpu", ":x"], names), choices);
});

/** A feed with random rows, gaps, skipped seconds, lives of the sampler and its interval. */
function randomFeed(host, roll) {
  const feed = new Feed(host);
  const interval = [1, 2, 5][roll(3)];
  feed.expect("c", interval, ["w"]);
  let t = (1 + roll(4)) * 10;
  let v = 0;
  let life = 0;
  while (t < 200) {
    if (v === 0 || roll(25) === 0) {
      v += 1;
      if (roll(2)) life += 1;
      feed.take_layout({ channel: "c", v, epoch: `e${life}`, widgets: [ONE] });
    }
    const value = roll(4) ? roll(100) : null;
    if (t % interval === 0 && roll(6)) feed.take_tick({ channel: "c", v, epoch: `e${life}`, seq: t, prev: feed.last, n: [value] });
    t += 1;
    if (roll(40) === 0) t += roll(30);
  }
  return feed;
}

test("whatever hosts do, each line of theirs is the one that it has alone", () => {
  const paper = { width: 600, height: 200, palette: DARK, utc: true };
  const range = { low: 0, high: 100 };
  for (let seed = 1; seed <= 60; seed += 1) {
    const roll = dice(seed);
    const feeds = Array.from({ length: 1 + roll(16) }, (_, n) => randomFeed(`h${n}`, roll));
    const [from, to] = [roll(50), 150 + roll(50)];
    const members = feeds.map((feed) => {
      const place = feed.place("w");
      return { host: feed.host, name: feed.host, note: "", widget: place?.widget ?? null, view: feed.view("w", from, to) };
    });
    const joined = joinedView(members, how({ from, to }));
    if (!joined) continue;
    const plan = joinedPens(joined, [], DARK);
    const traces = lineTraces({ view: joined, paper, pens: plan.pens, rest: [], limits: [], range }).filter(({ name }) => name !== "area");
    members.forEach(({ view: alone }, n) => {
      if (!alone) return;
      const pens = [{ index: 0, name: "x", color: "#000000", dash: "solid" }];
      const own = lineTraces({ view: alone, paper, pens, rest: [], limits: [], range }).filter(({ name }) => name !== "area");
      assert.deepEqual([traces[n].x, traces[n].y], [own[0].x, own[0].y], `seed ${seed}, host ${n}`);
    });
    // Every finite number at a whole second stands in its row, and nothing else does.
    const told = members.reduce((sum, one) => sum + (one.view ? [...one.view.columns[0]].filter(Number.isFinite).length : 0), 0);
    assert.equal(joined.columns.flatMap((one) => [...one]).filter(Number.isFinite).length, told);
    assert.deepEqual([...joined.times], [...new Set(members.flatMap((one) => [...(one.view?.times ?? [])]))].filter(Number.isInteger).sort((a, b) => a - b));
  }
});

test("merging of rows is that of sets", () => {
  assert.deepEqual([...merged([])], []);
  assert.deepEqual([...merged([Float64Array.of(1, 3), Float64Array.of(2, 2.5, 3)])], [1, 2, 3]);
});
