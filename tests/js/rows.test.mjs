/** Live tables: rows from messages, order, filter, sparklines; and histograms as heatmaps. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { option_set, part_chosen } from "../../static/js/actions.js";
import { bucketFigure, bucketRows, bucketScale, bucketTip, bucketTotal, rangeText } from "../../static/js/model/buckets.js";
import { DARK } from "../../static/js/model/colours.js";
import { Feed } from "../../static/js/model/feed.js";
import { markShapes } from "../../static/js/model/figure.js";
import { planPens } from "../../static/js/model/pens.js";
import { Choice } from "../../static/js/model/rank.js";
import { Rows, cellText, sparkPath } from "../../static/js/model/rows.js";
import { history, layout, view } from "./helpers.mjs";

const column = (id, unit = "", more = {}) => ({ id, title: id.toUpperCase(), unit, text: unit === "", help: "", ...more });
const COLUMNS = [column(""), column("state"), column("out", "B/s", { sort: true }), column("rtt", "s", { spark: true })];

function rows(cells, more = {}) {
  return { channel: "c1", v: 1, seq: 100, key: "connections", whole: false, total: Object.keys(cells).length, note: "", cells, ...more };
}

function filled() {
  const table = new Rows(COLUMNS);
  table.take(rows({ a: { state: "ESTAB", out: 5, rtt: 0.002 }, b10: { state: "SYN", out: null, rtt: 0.1 }, b9: { state: "estab", out: 70, rtt: null } }));
  return table;
}

test("cells that changed are put over those that are here; null takes a row away", () => {
  const table = filled();
  table.take(rows({ a: { out: 6 }, b9: null }, { seq: 101, total: 9 }));
  assert.equal(table.cell("a", "out"), 6);
  assert.equal(table.cell("a", "state"), "ESTAB");
  assert.equal(table.cell("a", ""), "a");
  assert.deepEqual(table.names({ column: "", down: false }), ["a", "b10"]);
  assert.equal(table.total, 9);
  table.take(rows({ c: { out: 1 } }, { whole: true, t: [101], past: {} }));
  assert.deepEqual(table.names(table.order), ["c"]);
});

test("rows stand in any column's order, those without a value last", () => {
  const table = filled();
  assert.deepEqual(table.order, { column: "out", down: true });
  assert.deepEqual(table.names({ column: "out", down: true }), ["b9", "a", "b10"]);
  assert.deepEqual(table.names({ column: "out", down: false }), ["a", "b9", "b10"]);
  assert.deepEqual(table.names({ column: "", down: false }), ["a", "b9", "b10"], "numbers in names count");
  assert.deepEqual(table.names({ column: "", down: true }), ["b10", "b9", "a"]);
});

test("the filter looks at names and texts, each word", () => {
  const table = filled();
  assert.deepEqual(table.names(table.order, "ESTAB"), ["b9", "a"]);
  assert.deepEqual(table.names(table.order, "b syn"), ["b10"]);
  assert.deepEqual(table.names(table.order, "none"), []);
});

test("the sparkline's past comes with all rows, and goes on with each message", () => {
  const table = new Rows(COLUMNS);
  table.take(rows({ a: { rtt: 3 } }, { whole: true, t: [98, 99, 100], past: { a: [1, null, 3] } }));
  assert.deepEqual(table.past("a"), [[98, 1], [99, NaN], [100, 3]]);
  table.take(rows({}, { seq: 101 }));
  table.take(rows({ a: { rtt: 5 } }, { seq: 102 }));
  assert.deepEqual(table.past("a").slice(3), [[101, 3], [102, 5]]);
  table.take(rows({ a: { rtt: 6 } }, { seq: 161 }));
  assert.deepEqual(table.past("a"), [[102, 5], [161, 6]], "a minute");
});

test("a sparkline breaks at gaps, and hardly moves where the numbers hardly do", () => {
  assert.equal(sparkPath([[1, 2]], 10, 60, 10), "");
  const path = sparkPath([[51, 1], [52, 2], [53, NaN], [58, 1], [59, 1], [60, 3]], 60, 60, 12);
  assert.equal(path.match(/M/g)?.length, 2);
  assert.match(path, /^M51\.0 11\.0L52\.0 6\.0M58\.0/);
  assert.ok(path.endsWith("L60.0 1.0"));
  assert.equal(sparkPath([[59, 100], [60, 100]], 60, 60, 12), "M59.0 6.0L60.0 6.0");
});

test("cells read as people write them", () => {
  assert.equal(cellText(null, column("x", "s"), true), "–");
  assert.equal(cellText(0.0025, column("x", "s"), true), "2.50 ms");
  assert.equal(cellText(8080, column("x", "id"), true), "8080");
  assert.equal(cellText("<b>", column("x"), true), "<b>");
  assert.equal(cellText(3661, column("x", "time"), true), "01:01:01");
});

test("a feed takes the rows of its layout, and keeps tables whose columns are the same", () => {
  const feed = new Feed("web-01");
  const tabled = layout({ connections: [], load: ["load"] });
  tabled.widgets[0].columns = COLUMNS;
  feed.take_layout(tabled);
  feed.take_history(history([100], [[1]]));
  assert.deepEqual(feed.take_rows(rows({ a: { out: 1 } }, { v: 7 })), [], "of another layout");
  assert.deepEqual(feed.take_rows(rows({ a: { out: 1 } }, { key: "other" })), []);
  assert.deepEqual(feed.take_rows(rows({ a: { out: 1 } })), ["connections"]);
  assert.equal(feed.table("load"), null);
  feed.take_layout({ ...tabled, v: 2 });
  assert.equal(feed.table("connections").size, 1);
  const other = structuredClone({ ...tabled, v: 3 });
  other.widgets[0].columns.pop();
  feed.take_layout(other);
  assert.equal(feed.table("connections").size, 0);
});

const BUCKETS = { unit: "s", rate: true };

function histogram(columns, more = {}) {
  const times = columns[0].map((_, n) => 100 + n);
  const lows = columns.map((_, n) => (n ? 2 ** n : 0));
  const series = lows.map((low, n) => ({ name: `${low}`, labels: { low: String(low * 1e-6), high: String((2 ** (n + 1) - 1) * 1e-6) } }));
  return view(times, columns, { series, unit: "count", ...more });
}

test("ranges stand highest first, and only from the lowest to the highest with events", () => {
  const empty = new Array(9).fill([0, 0]);
  const some = histogram([...empty.slice(0, 4), [1, 0], [0, 0], [0, 3], ...empty.slice(0, 5)]);
  assert.deepEqual(bucketRows(some).map(({ index }) => index), [7, 6, 5, 4, 3, 2]);
  assert.equal(bucketRows(histogram(empty)).length, 6);
  assert.equal(bucketRows(histogram([[5, 1]])).length, 1);
});

test("a heatmap of a histogram leaves what is zero bare, and rare events visible", () => {
  const shown = histogram([[0, 10000], [NaN, 1], [0, 0]]);
  const paper = { width: 400, height: 200, palette: DARK, utc: true };
  const { data, layout: drawn } = bucketFigure({ view: shown, paper, range: { low: 0, high: 10000 } }, BUCKETS);
  const [top, middle, bottom] = data[0].z;
  assert.deepEqual(top, [null, null]);
  assert.deepEqual([middle[0], bottom[0], bottom[1]], [null, null, 1]);
  assert.ok(middle[1] > 0.07 && middle[1] < 0.08);
  assert.deepEqual(drawn.yaxis.ticktext, ["4 µs", "2 µs", "0"]);
  assert.deepEqual(drawn.yaxis.tickvals, [0.5, 1.5, 2.5]);
});

test("ranges and counts are told in words", () => {
  assert.equal(rangeText({ index: 0, low: 64e-6, high: 127e-6 }, BUCKETS), "64 – 127 µs");
  assert.equal(rangeText({ index: 0, low: 512e-6, high: 1023e-6 }, BUCKETS), "512 µs – 1 ms");
  assert.equal(rangeText({ index: 0, low: 4096, high: 8191 }, { unit: "B", rate: true }), "4 – 8 KiB");
  const shown = histogram([[10, 30], [0, 10]], { interval: 5 });
  const at = (index) => shown.columns[index][1];
  assert.equal(bucketTotal(shown, at, BUCKETS), "8.00 /s", "forty in five seconds");
  assert.equal(bucketTotal(shown, at, { unit: "s", rate: false }), "40");
  assert.deepEqual(bucketScale(shown, { low: 0, high: 50 }, BUCKETS), ["none", "10.0 /s", "log scale"]);
  const tip = bucketTip(shown, 1, 0.1, { low: 0, high: 50 }, DARK, BUCKETS);
  assert.deepEqual(tip.map(({ name, text, strong }) => [name, text, strong]), [
    ["2 – 3 µs", "2.00 /s, 25.0 %", true],
    ["0 – 1 µs", "6.00 /s, 75.0 %", false],
  ]);
});

test("marks are ticks where a series is above zero, and numbers in the legend", () => {
  const shown = view([1, 2, 3, 4], [[1, 1, 1, 1], [0, 2, NaN, 1]], { from: 1, to: 4 });
  shown.series[1].labels = { role: "mark", series: "collections", unit: "/s" };
  const plan = planPens(shown, { kind: "line", hidden: [], palette: DARK, choice: new Choice() });
  assert.deepEqual([plan.marks, plan.plain], [[1], [0]]);
  assert.deepEqual(plan.readouts, [{ name: "collections", index: 1, unit: "/s" }]);
  const shapes = markShapes(shown, 1, { width: 400, height: 200, palette: DARK, utc: true });
  assert.deepEqual(shapes.map(({ x0 }) => x0), [2, 4]);
});

test("one part is shown alone by all widgets that have it, and all again", () => {
  const widget = (id, part = null) => ({ id, aliases: [], title: id, group: "", kind: "line", unit: "1", metrics: [], part });
  const state = {
    catalog: { ready: true, widgets: [widget("jvms", "jvm"), widget("jvm-heap", "jvm"), widget("cpu")], presets: [], preset: "triage" },
    dashboard: { wishes: ["jvms", "jvm-heap;top=3", "cpu"], preset: null, series: { "jvm-heap;top=3": { only: true, names: ["old"] } }, looks: { cpu: "log" }, compared: {} },
  };
  const alone = part_chosen(state, { part: "jvm", value: "12:Main" });
  assert.deepEqual(alone.dashboard.wishes, ["jvms;jvm=12%3AMain", "jvm-heap;jvm=12%3AMain;top=3", "cpu"]);
  assert.deepEqual(alone.dashboard.series, { "jvm-heap;jvm=12%3AMain;top=3": { only: true, names: ["old"] } });
  assert.deepEqual(part_chosen(alone, { part: "jvm", value: null }).dashboard.wishes, state.dashboard.wishes);
  const sorted = option_set(state, { wish: "jvms", name: "sort", value: "heap" });
  assert.deepEqual(sorted.dashboard.wishes[0], "jvms;sort=heap");
});
