/** A burst on the page: points in tenths, whatever order they come in, and what is said of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { BurstFeed, alive, burstText, countOf, secondsLeft, wholeOf } from "../../static/js/model/burst.js";
import { csvText, jsonText } from "../../static/js/model/export.js";
import { gapBands } from "../../static/js/model/gaps.js";
import { grid } from "../../static/js/model/heat.js";
import { snapped } from "../../static/js/model/rowat.js";
import { clockText, timeTicks } from "../../static/js/model/ticks.js";
import { Bursts } from "../../static/js/bursts.js";
import { initialState, link_changed } from "../../static/js/actions.js";
import { Store } from "../../static/js/store.js";
import { layout } from "./helpers.mjs";

const START = 1_795_000_000_000;

function told(more = {}) {
  return {
    host: "web-01", burst: "b1", state: "running", from: START, until: START + 59_900, held: 0, period: 0.1, seconds: 60,
    metrics: 3, samples: 0, reason: "", hint: "", wishes: ["load"], left: [], needs: [], most: 0, ...more,
  };
}

const laid = (v = 1, widgets = { load: ["a", "b"] }) => ({ burst: "b1", v, period: 0.1, widgets: layout(widgets).widgets });

function points(from, rows, more = {}) {
  return { burst: "b1", v: 1, whole: false, t: rows.map((_, n) => START + from + n * 100), columns: [rows, rows.map((x) => x && 2 * x)], ...more };
}

const seen = (feed) => {
  const view = feed.view("load", START / 1000, START / 1000 + 60);
  return [...view.times].map((t, n) => [Math.round(t * 1000) - START, view.columns[0][n]]);
};

test("points of a burst stand in order, each once, whatever comes first or twice", () => {
  const feed = new BurstFeed(told());
  feed.take_points(points(300, [4, 5]));
  feed.take_layout(laid());
  assert.deepEqual(seen(feed), [[300, 4], [400, 5]]);
  feed.take_points(points(0, [1, 2, 3, 4], { whole: true }));
  feed.take_points(points(300, [4, 5]));
  feed.take_points(points(500, [6, null]));
  assert.deepEqual(seen(feed), [[0, 1], [100, 2], [200, 3], [300, 4], [400, 5], [500, 6], [600, NaN]]);
  assert.equal(feed.view("load", 0, 1).interval, 0.1);
  feed.take_points(points(700, [8], { v: 9 }));
  assert.equal(seen(feed).length, 7, "those of another layout wait for it");
  feed.take_layout(laid(9));
  assert.equal(seen(feed).at(-1)[1], 8);
});

test("a whole burst is held, and what is to come is no gap", () => {
  const feed = new BurstFeed(told());
  feed.take_layout(laid());
  feed.take_points(points(0, Array.from({ length: 600 }, (_, n) => n + 1), { whole: true }));
  assert.equal(seen(feed).length, 600);
  const short = new BurstFeed(told());
  short.take_layout(laid());
  short.take_points(points(0, [1, 2, 3]));
  const view = short.view("load", START / 1000, START / 1000 + 60);
  assert.deepEqual(gapBands(view), []);
  short.take_points(points(1000, [4]));
  const [band] = gapBands(short.view("load", START / 1000, START / 1000 + 60));
  assert.deepEqual(band.map((t) => Math.round(t * 100) - START / 10), [25, 95]);
});

test("what is shown of it: all of it, as long as it was", () => {
  assert.deepEqual(wholeOf(told(), 0), { from: START / 1000, to: START / 1000 + 60 });
  assert.deepEqual(wholeOf(told({ state: "ended", until: START + 12_300 }), 0), { from: START / 1000, to: START / 1000 + 12.3 });
  assert.deepEqual(wholeOf(told({ state: "starting", from: 0, until: 0 }), 100), { from: 100, to: 160 });
});

test("a burst in words", () => {
  const now = START / 1000 + 20.4;
  assert.equal(secondsLeft(told(), now), 40);
  assert.equal(burstText(told(), now, true), "10 a second, 40 s left");
  assert.equal(burstText(told({ period: 0.5 }), now, true), "2 a second, 40 s left");
  const ended = told({ state: "ended", samples: 600, held: START + 660_000 });
  assert.equal(burstText(ended, now, true), "11:06:40 to 11:07:39, 600 samples; kept until 11:17");
  assert.ok(alive(told(), now) && alive(ended, now));
  assert.ok(!alive(told(), START / 1000 + 90), "an end that was never told");
  assert.ok(!alive(ended, START / 1000 + 700));
});

test("metrics that widgets share count once", () => {
  const needs = [{ wish: "a", metrics: ["m", "n"] }, { wish: "b", metrics: ["n", "o"] }];
  assert.equal(countOf(needs, new Set(["a", "b"])), 3);
  assert.equal(countOf(needs, new Set(["b"])), 2);
});

test("times to the tenth: ticks, clock, choices, cells of heatmaps, exports", () => {
  const t = START / 1000;
  assert.deepEqual(timeTicks(t, t + 2, 400, true, true).texts, ["11:06:40.5", "11:06:41.0", "11:06:41.5"]);
  assert.deepEqual(timeTicks(t, t + 60, 400, true, true).texts, timeTicks(t, t + 60, 400, true).texts);
  assert.equal(clockText(t + 0.3, true, true, true), "11:06:40.3");
  assert.equal(clockText(t + 0.999, true, true, true), "11:06:41.0");
  assert.equal(snapped({ interval: 0.1 }, t + 0.26), t + 0.3);
  assert.equal(snapped({ interval: 1 }, t + 0.26), t);
  const times = Float64Array.from({ length: 50 }, (_, n) => (START + n * 100) / 1000);
  const heat = grid({ times, columns: [times], interval: 0.1, from: t, to: t + 4.9 }, 100);
  assert.ok(heat.z[0].every((cell) => cell !== null), "no cell is skipped");
  const sheet = { host: "h", title: "T", wish: "w", unit: "1", interval: 0.1, from: t, to: t + 0.3, times: times.subarray(0, 4), lines: [{ name: "a", unit: "1", labels: {}, values: [1, 2, 3, 4] }], table: null };
  assert.deepEqual(JSON.parse(jsonText(sheet)).series[0].points.map(([ms]) => ms - START), [0, 100, 200, 300]);
  assert.match(csvText(sheet), /2026-11-18T11:06:40\.300Z,4/);
});

/** Bursts of a page with the host web-01, and what they sent. */
function page() {
  const store = new Store(initialState());
  store.do(link_changed, { up: true, text: "" });
  const sent = [];
  const bursts = new Bursts(store, { send: (name, message) => sent.push([name, message]) }, () => START / 1000 + 5);
  const heard = { started: [], refused: [] };
  bursts.on_started = (one) => heard.started.push(one.burst);
  bursts.on_refused = (one) => heard.refused.push(one.reason);
  return { store, bursts, sent, heard };
}

test("a page asks, joins anew after a lost connection, and keeps what a lost burst had", () => {
  const { store, bursts, sent, heard } = page();
  bursts.start("web-01", ["load"]);
  assert.deepEqual(sent.pop(), ["burst", { host: "web-01", wishes: ["load"], seconds: 60 }]);
  bursts.take("burst", told({ state: "starting", from: 0, until: 0 }));
  assert.deepEqual(heard.started, ["b1"]);
  bursts.take("burst", told());
  bursts.take("burst_layout", laid());
  bursts.take("burst_points", points(0, [1, 2]));
  assert.equal(bursts.running("web-01").burst, "b1");
  bursts.connected();
  assert.deepEqual(sent.pop(), ["burst_join", { burst: "b1" }]);
  bursts.take("burst", told({ host: "", state: "refused", from: 0, until: 0, reason: "This burst is not kept any more." }));
  const lost = store.state.bursts.b1;
  assert.deepEqual([lost.state, lost.host, lost.from, lost.until], ["ended", "web-01", START, START + 100]);
  assert.equal(bursts.get("b1").last, START / 1000 + 0.1, "its points are still here");
  assert.deepEqual(heard.refused, []);
});

test("a refusal is told, and others' bursts are only noted", () => {
  const { store, bursts, sent, heard } = page();
  bursts.take("burst", told({ burst: "b7" }));
  assert.deepEqual(heard.started, []);
  assert.deepEqual(sent, []);
  bursts.join("b7");
  assert.deepEqual(sent.pop(), ["burst_join", { burst: "b7" }]);
  bursts.start("web-01", ["load"]);
  bursts.take("burst", told({ burst: "", state: "refused", reason: "The host is short of CPU." }));
  assert.deepEqual(heard.refused, ["The host is short of CPU."]);
  assert.deepEqual(Object.keys(store.state.bursts), ["b7"]);
  bursts.take("burst", told({ burst: "b7", state: "ended", held: START + 1000 }));
  bursts.sweep("");
  assert.deepEqual(Object.keys(store.state.bursts), [], "what is not kept any more is put away");
});
