/** What the page makes of the server's messages: feeds and their rings. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Feed } from "../../static/js/model/feed.js";
import { Ring } from "../../static/js/model/ring.js";
import { dice, history, layout, tick } from "./helpers.mjs";

function fed() {
  const feed = new Feed("web-01");
  feed.expect("c1", 1, ["load"]);
  feed.take_layout(layout({ load: ["a"] }));
  feed.take_history(history([10, 11, 12], [[1, 2, 3]]));
  return feed;
}

function points(feed, wish = "load") {
  const view = feed.view(wish, 0, 1e9);
  return [...view.times].map((t, row) => [t, ...view.columns.map((column) => (Number.isNaN(column[row]) ? null : column[row]))]);
}

test("history is drawn, then ticks", () => {
  const feed = fed();
  feed.take_tick(tick(13, [4]));
  assert.deepEqual(points(feed), [[10, 1], [11, 2], [12, 3], [13, 4]]);
  assert.equal(feed.seen, 4);
});

test("ticks at or before upto are dropped", () => {
  const feed = fed();
  assert.deepEqual(feed.take_tick(tick(12, [99])), { taken: false, ask: null });
  assert.deepEqual(points(feed).at(-1), [12, 3]);
});

test("a skipped second is no loss", () => {
  const feed = fed();
  assert.deepEqual(feed.take_tick(tick(15, [6], { prev: 12 })), { taken: true, ask: null });
});

test("a newer prev asks for what is between, and draws all the same", () => {
  const feed = fed();
  assert.deepEqual(feed.take_tick(tick(15, [6], { prev: 14 })), { taken: true, ask: { from: 12, to: 14 } });
  feed.take_history(history([13, 14], [[4, 5]]));
  assert.deepEqual(points(feed), [[10, 1], [11, 2], [12, 3], [13, 4], [14, 5], [15, 6]]);
});

test("a tick of an unknown v waits for its layout", () => {
  const feed = fed();
  assert.equal(feed.take_tick(tick(13, [7, 8], { v: 2 })).taken, false);
  feed.take_layout(layout({ load: ["a", "b"] }, { v: 2 }));
  feed.take_history(history([12], [[3], [9]], { v: 2 }));
  assert.deepEqual(points(feed).slice(-2), [[12, 3, 9], [13, 7, 8]]);
});

test("the drawn past survives a new layout by names", () => {
  const feed = fed();
  feed.take_layout(layout({ cpu: ["user"], load: ["b", "a"] }, { v: 2 }));
  assert.deepEqual(points(feed), [[10, null, 1], [11, null, 2], [12, null, 3]]);
  assert.deepEqual(points(feed, "cpu"), [[10, null], [11, null], [12, null]]);
});

test("a layout that is known changes nothing", () => {
  const feed = fed();
  feed.take_layout(layout({ load: ["x"] }));
  assert.equal(feed.place("load").widget.series[0].name, "a");
});

test("after a change of epoch there is a gap, then it goes on", () => {
  const feed = fed();
  feed.take_layout(layout({ load: ["a"] }, { v: 2, epoch: "e2" }));
  feed.take_history(history([], [[]], { v: 2, epoch: "e2", upto: 13 }));
  feed.take_tick(tick(14, [5], { v: 2, epoch: "e2" }));
  assert.deepEqual(points(feed), [[10, 1], [11, 2], [12, 3], [12.5, null], [14, 5]]);
});

test("an empty history keeps what is drawn", () => {
  const feed = fed();
  feed.take_history(history([], [[]], { upto: 12 }));
  assert.equal(points(feed).length, 3);
});

test("presence tells samples without any number", () => {
  const feed = fed();
  feed.take_tick(tick(13, [null]));
  assert.deepEqual([...feed.view("load", 12, 13).presence], [1, NaN]);
});

test("another interval draws nothing of the former", () => {
  const feed = fed();
  feed.expect("c2", 5, ["load"]);
  assert.deepEqual(points(feed), []);
});

test("wishes are found in whatever spelling the server has", () => {
  const feed = new Feed("web-01");
  feed.take_layout(layout({ "net;instances=eth%2a;b=1": ["a"] }));
  assert.ok(feed.place("net;b=1;instances=eth*"));
});

test("what the server left out is known as refused", () => {
  const feed = fed();
  assert.equal(feed.refused("load"), false);
  assert.equal(feed.refused("cpu"), true);
});

test("a join at a random moment loses and doubles nothing", () => {
  const roll = dice(7);
  for (let round = 0; round < 300; round += 1) {
    const start = 100 + roll(50);
    const upto = start + roll(20);
    const feed = new Feed("h");
    feed.expect("c1", 1, ["w"]);
    feed.take_layout(layout({ w: ["a"] }));
    const seconds = Array.from({ length: upto - start + 1 }, (_, n) => start + n);
    feed.take_history(history(seconds, [seconds.map((t) => t * 2)]));
    for (let t = upto - roll(5); t < upto + 10; t += 1) {
      const { ask } = feed.take_tick(tick(t, [t * 2]));
      assert.equal(ask, null);
    }
    const last = upto + 9;
    const all = Array.from({ length: last - start + 1 }, (_, n) => [start + n, (start + n) * 2]);
    assert.deepEqual(points(feed, "w"), all);
  }
});

test("a held stretch is not pushed out; what was left is asked for later", () => {
  const feed = fed();
  feed.reserve(100);
  for (let t = 13; t <= 10 + feed.ring.limit - 1; t += 1) feed.take_tick(tick(t, [t]));
  assert.equal(feed.full({ from: 10, to: 12 }), true);
  assert.equal(feed.full({ from: 1, to: 9 }), false);
  assert.equal(feed.ring.first, 10);
});

test("a longer stretch gets room, and what is drawn stays", () => {
  const feed = fed();
  feed.reserve(3000);
  assert.equal(feed.ring.limit, 3060);
  assert.deepEqual(points(feed), [[10, 1], [11, 2], [12, 3]]);
});

test("a ring keeps its limit, its order and its newest rows", () => {
  const ring = new Ring(1, 5);
  for (let t = 1; t <= 23; t += 1) ring.append(t, [t]);
  const rows = ring.rows(0, 100);
  assert.deepEqual([...rows.times], [19, 20, 21, 22, 23]);
  assert.deepEqual([...ring.column(0, rows)], [19, 20, 21, 22, 23]);
});

test("rows are those within both ends", () => {
  const ring = new Ring(1, 9);
  for (const t of [1, 2, 4, 5]) ring.append(t, [t]);
  assert.deepEqual([...ring.rows(2, 4).times], [2, 4]);
  assert.deepEqual([...ring.rows(6, 9).times], []);
  assert.deepEqual([...ring.rows(5, 2).times], []);
});

test("splicing equals rebuilding from a table", () => {
  const roll = dice(3);
  for (let round = 0; round < 200; round += 1) {
    const ring = new Ring(1, 40);
    const table = new Map();
    for (let step = 0; step < 6; step += 1) {
      const from = roll(50);
      const times = [...new Set(Array.from({ length: roll(8) }, () => from + roll(10)))].sort((a, b) => a - b);
      const upto = Math.max(from, ...times);
      for (const t of [...table.keys()]) if (t >= from && t <= upto) table.delete(t);
      for (const t of times) table.set(t, step);
      ring.splice(from, upto, times, [times.map(() => step)]);
      const rows = ring.rows(-1, 999);
      const expected = [...table].sort(([a], [b]) => a - b).slice(-40);
      assert.deepEqual([...rows.times].map((t, n) => [t, ring.column(0, rows)[n]]), expected);
    }
  }
});
