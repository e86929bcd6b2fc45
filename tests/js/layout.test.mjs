/** Where cards stand: the geometry, and its text in links. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as actions from "../../static/js/actions.js";
import { pack, unpack } from "../../static/js/fragment.js";
import * as layouts from "../../static/js/layouts.js";
import { printLayout, readLayout } from "../../static/js/model/fragment.js";
import { columnsFor, flowed, grouped, moved, noLayout, overlap, placesOf, reading, reordered, resized, same, settled, stacked } from "../../static/js/model/layout.js";
import { dice } from "./helpers.mjs";

const STEPS = ["left", "right", "up", "down"];
const SIZES = ["wider", "narrower", "taller", "shorter"];

/** Cards of the flow's own size. */
function items(...wishes) {
  return wishes.map((wish) => ({ wish, wide: wish === "verdict", h: wish === "verdict" ? 5 : 12 }));
}

function at(list, wish) {
  const { x, y, w, h } = list.find((one) => one.wish === wish);
  return [x, y, w, h];
}

function order(list) {
  return reading(list).map(({ wish }) => wish);
}

/** No two overlap, none could fall further up, all are within. */
function assertSound(list, columns, words) {
  for (const [n, one] of list.entries()) {
    assert.ok(one.x >= 0 && one.x + one.w <= columns && one.y >= 0, `${words}: within`);
    for (const other of list.slice(n + 1)) assert.ok(!overlap(one, other), `${words}: ${one.wish} over ${other.wish}`);
    const above = { ...one, y: one.y - 1 };
    assert.ok(one.y === 0 || list.some((other) => other !== one && overlap(above, other)), `${words}: ${one.wish} rests`);
  }
}

test("the flow: rows from left to right, a wide card in a row of its own", () => {
  const list = flowed(items("verdict", "a", "b", "c", "d", "e"), 4);
  assert.deepEqual([at(list, "verdict"), at(list, "a"), at(list, "d"), at(list, "e")], [[0, 0, 12, 5], [0, 5, 3, 12], [9, 5, 3, 12], [0, 17, 3, 12]]);
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 8].map(columnsFor), [12, 12, 12, 12, 20, 12, 28, 32]);
  assert.deepEqual(at(flowed(items("a", "b", "c", "d", "e"), 5), "e"), [16, 0, 4, 12]);
});

test("cards fall up, and of two that overlap the later one gives way", () => {
  const list = settled([
    { wish: "b", x: 0, y: 3, w: 6, h: 6 },
    { wish: "a", x: 0, y: 0, w: 3, h: 6 },
    { wish: "c", x: 6, y: 40, w: 6, h: 6 },
  ]);
  assert.deepEqual(list.map(({ wish, y }) => [wish, y]), [["a", 0], ["c", 0], ["b", 6]]);
});

test("beside a card of its size, a card changes places with it", () => {
  const list = flowed(items("verdict", "a", "b", "c", "d"), 2);
  assert.deepEqual(order(moved(list, "b", "left", 12)), ["verdict", "b", "a", "c", "d"]);
  assert.deepEqual(order(moved(list, "b", "down", 12)), ["verdict", "a", "d", "c", "b"]);
  assert.ok(same(reading(moved(list, "b", "down", 12)), flowed(items("verdict", "a", "d", "c", "b"), 2)));
  assert.deepEqual(moved(list, "a", "left", 12), list);
  assert.deepEqual(moved(list, "d", "down", 12), list);
  assert.deepEqual(at(moved(list, "verdict", "down", 12), "a"), [0, 0, 6, 12]);
  assert.deepEqual(order(moved(list, "a", "up", 12))[0], "a");
});

test("a larger card pushes down what is in its way", () => {
  const list = flowed(items("a", "b", "c", "d", "e"), 4);
  const wider = resized(list, "a", "wider", 12);
  assert.deepEqual([at(wider, "a"), at(wider, "b")], [[0, 0, 4, 12], [3, 12, 3, 12]]);
  assert.deepEqual(at(resized(list, "d", "wider", 12), "d"), [8, 0, 4, 12], "at the edge it grows to the left");
  assert.deepEqual(at(resized(list, "a", "taller", 12), "e"), [0, 14, 3, 12]);
  const small = { wish: "a", x: 0, y: 0, w: 2, h: 4 };
  assert.deepEqual([resized([small], "a", "narrower", 12), resized([small], "a", "shorter", 12)], [[small], [small]]);
});

test("whatever is done to cards, none overlap, none are lost", () => {
  const roll = dice(5);
  for (let round = 0; round < 60; round += 1) {
    const names = Array.from({ length: 2 + roll(9) }, (_, n) => (n === 0 && roll(2) ? "verdict" : `w${n}`));
    const flow = 1 + roll(6);
    const columns = columnsFor(flow);
    let list = settled(flowed(items(...names), flow));
    for (let step = 0; step < 12; step += 1) {
      const wish = names[roll(names.length)];
      const how = roll(2) ? STEPS[roll(4)] : SIZES[roll(4)];
      list = STEPS.includes(how) ? moved(list, wish, how, columns) : resized(list, wish, how, columns);
      assertSound(list, columns, `round ${round}, ${wish} ${how}`);
      assert.deepEqual(order(list).sort(), [...names].sort());
    }
  }
});

test("cards without a place stand below the others, whatever a link says of those", () => {
  const layout = { ...noLayout(), places: { a: { x: 11, y: 900, w: 3, h: 2 }, b: { x: 0, y: 0, w: 12, h: 60 } } };
  const list = placesOf(layout, ["c", "a", "b"]);
  assertSound(list, 12, "mended");
  assert.deepEqual([at(list, "b"), at(list, "a"), at(list, "c")], [[0, 0, 12, 60], [9, 60, 3, 4], [0, 60, 3, 12]]);
});

test("cards of several hosts have an order, and keep their sizes", () => {
  const list = resized(flowed(items("a", "b", "c"), 2), "a", "taller", 12);
  const after = reordered(list, ["b", "a", "c"], 12);
  assert.deepEqual(order(after), ["b", "a", "c"]);
  assert.deepEqual(at(after, "a"), [6, 0, 6, 14]);
  assert.equal(reordered(list, ["a", "b", "c"], 12), list, "as it was");
});

test("groups in their order, one below the other", () => {
  const groupOf = (wish) => (wish.startsWith("disk") ? "Disk" : "CPU");
  const groups = grouped(["cpu", "disk-a", "load", "disk-b"], groupOf);
  assert.deepEqual(groups, [{ name: "CPU", wishes: ["cpu", "load"] }, { name: "Disk", wishes: ["disk-a", "disk-b"] }]);
  const list = stacked(groups.map(({ wishes }) => flowed(items(...wishes), 2)));
  assert.deepEqual(at(list, "disk-b"), [6, 12, 6, 12]);
});

const SOME = { columns: 20, places: { cpu: { x: 0, y: 0, w: 8, h: 12 }, "chart;expr=a": { x: 8, y: 0, w: 4, h: 9 }, "chart;expr=b": { x: 0, y: 12, w: 4, h: 12 } }, grouped: true, folded: ["Disk"] };
const WISHES = ["cpu", "chart;expr=a", "chart;expr=b"];

test("a layout reads as people write it, widgets by the names that hide= has", () => {
  assert.equal(printLayout(SOME, WISHES), '{"v":1,"c":20,"g":1,"f":["Disk"],"p":{"cpu":[0,0,8,12],"chart":[8,0,4,9],"chart/2":[0,12,4,12]}}');
  assert.deepEqual(readLayout(printLayout(SOME, WISHES), WISHES), { layout: SOME, problem: "" });
  assert.equal(printLayout(null, WISHES), "");
  assert.equal(printLayout(noLayout(), WISHES), "");
  assert.equal(printLayout({ ...noLayout(), places: { gone: { x: 0, y: 0, w: 3, h: 12 } } }, WISHES), "", "of widgets that are not there nothing is said");
});

test("random layouts come back the same, packed too, and print alike", async () => {
  const roll = dice(3);
  for (let round = 0; round < 40; round += 1) {
    const wishes = ["cpu", "load", "disk;instances=sd*", "disk"].slice(0, 1 + roll(4));
    const places = Object.fromEntries(wishes.filter(() => roll(3)).map((wish) => [wish, { x: roll(9), y: roll(99), w: 1 + roll(4), h: 4 + roll(20) }]));
    const by = roll(2) === 1;
    const layout = { columns: Object.keys(places).length ? columnsFor(1 + roll(6)) : 12, places, grouped: by, folded: by && roll(2) ? ["CPU", "Own charts"] : [] };
    const text = printLayout(layout, wishes);
    if (!text) continue;
    const again = await unpack(await pack(text));
    const read = readLayout(again, wishes).layout;
    assert.deepEqual(read, layout);
    assert.equal(printLayout(read, wishes), text);
  }
});

test("what can't be read is told in words, and harms nothing", async () => {
  for (const text of ["?", "[]", "null", "7", '"x"', "{}", '{"v":"1"}']) {
    const { layout, problem } = readLayout(text, WISHES);
    assert.equal(layout, null, text);
    assert.match(problem, /the usual one is shown/, text);
  }
  const odd = { v: 1, c: 1e9, g: "yes", f: [1, "x".repeat(900), {}], p: { cpu: [0, 0, "9", 3], chart: [-1, 0, 3, 12], "chart/2": [0, 1e9, 3, 12], __proto__: [0, 0, 3, 12] }, more: { deep: [] } };
  assert.deepEqual(readLayout(JSON.stringify(odd), WISHES), { layout: null, problem: "" });
  assert.deepEqual(readLayout('{"v":1,"p":[1,2]}', WISHES), { layout: null, problem: "" });
  for (const packed of ["", "!", "A", "zzzz", "____", "a".repeat(8001)]) assert.equal(await unpack(packed), null, packed.slice(0, 9));
});

test("a small link that unpacks to much is left", async () => {
  const { deflateRawSync } = await import("node:zlib");
  const packed = deflateRawSync(Buffer.from("a".repeat(2_000_000))).toString("base64url");
  assert.ok(packed.length < 8000);
  assert.equal(await unpack(packed), null);
});

/** A state of three widgets, in a preset. */
function opened(part = {}) {
  const widget = (id, group) => ({ id, aliases: [`old.${id}`], title: id, group, kind: "line", unit: "1", metrics: [] });
  const state = actions.catalog_loaded(actions.initialState(), {
    widgets: [widget("cpu", "CPU"), widget("load", "CPU"), widget("disk", "Disk")],
    presets: [{ id: "triage", aliases: [], title: "Triage", widgets: ["cpu", "load", "disk"] }],
  });
  return actions.dashboard_opened(state, { ...state.dashboard, hosts: ["a"], preset: "triage", ...part });
}

test("an order that the flow can tell is told by the wishes alone", () => {
  const list = flowed(items("load", "cpu", "disk"), 4);
  const { dashboard } = layouts.cards_placed(opened(), { list, columns: 12, flowing: true });
  assert.deepEqual([dashboard.wishes, dashboard.preset, dashboard.layout], [["load", "cpu", "disk"], null, null]);
  const same_ = layouts.cards_placed(opened(), { list: flowed(items("cpu", "load", "disk"), 4), columns: 12, flowing: true });
  assert.equal(same_.dashboard.preset, "triage");
});

test("a preset whose cards were resized stays that preset", () => {
  const list = resized(flowed(items("cpu", "load", "disk"), 4), "cpu", "wider", 12);
  const state = layouts.cards_placed(opened(), { list, columns: 12, flowing: false });
  assert.equal(state.dashboard.preset, "triage");
  assert.deepEqual(state.dashboard.layout.places.cpu, { x: 0, y: 0, w: 4, h: 12 });
  assert.equal(layouts.layout_reset(state).dashboard.layout, null);
  assert.equal(actions.preset_chosen(state, "triage").dashboard.layout, null);
  const own = layouts.cards_placed(opened({ preset: null, wishes: ["cpu", "load", "disk"] }), { list: reading(moved(list, "disk", "left", 12)), columns: 12, flowing: false });
  assert.deepEqual(own.dashboard.wishes, ["cpu", "load", "disk"], "the order is that of the places");
});

test("folded groups are not asked for; the last words of a layout go with it", () => {
  const by = layouts.groups_chosen(opened(), true);
  assert.deepEqual(["cpu", "disk", "chart;expr=a.b", "verdict"].map((wish) => layouts.groupOf(by, wish)), ["CPU", "Disk", "Own charts", "Verdict"]);
  const folded = layouts.group_folded(by, "CPU");
  assert.deepEqual(["cpu", "load", "disk"].map((wish) => layouts.isFolded(folded, wish)), [true, true, false]);
  assert.equal(layouts.isFolded(layouts.full_chosen(folded, "cpu"), "cpu"), false);
  assert.equal(layouts.groups_chosen(folded, false).dashboard.layout, null);
  assert.deepEqual(layouts.group_folded(folded, "CPU").dashboard.layout.folded, []);
});

test("a widget comes into sight, wherever it was", () => {
  const folded = layouts.group_folded(layouts.groups_chosen(opened(), true), "CPU");
  assert.deepEqual(layouts.widget_revealed(folded, "load").dashboard.layout.folded, []);
  assert.equal(layouts.widget_revealed(folded, "disk"), folded);
  assert.equal(layouts.widget_revealed(layouts.full_chosen(opened(), "cpu"), "load").dashboard.full, null);
  assert.deepEqual(layouts.widget_revealed(opened({ preset: null, wishes: ["cpu"] }), "disk").dashboard.wishes, ["cpu", "disk"]);
});

test("a copy stands behind its original, as large", () => {
  const list = resized(flowed(items("cpu", "load", "disk"), 4), "cpu", "wider", 12);
  const state = layouts.cards_placed(opened(), { list, columns: 12, flowing: false });
  const { dashboard } = layouts.widget_copied(state, { after: "cpu", wish: "cpu;instances=cpu0" });
  assert.deepEqual(dashboard.wishes, ["cpu", "cpu;instances=cpu0", "load", "disk"]);
  assert.equal(dashboard.layout.places["cpu;instances=cpu0"].w, 4);
  assert.equal(layouts.widget_copied(state, { after: "cpu", wish: "load" }), state);
});

test("full screen and places go along with a widget's other name, and end with it", () => {
  const places = { "old.cpu": { x: 0, y: 0, w: 3, h: 12 } };
  const state = opened({ preset: null, wishes: ["old.cpu", "load"], layout: { ...noLayout(), places }, full: "old.cpu" });
  assert.deepEqual([state.dashboard.full, Object.keys(state.dashboard.layout.places)], ["cpu", ["cpu"]]);
  const after = actions.option_set(state, { wish: "cpu", name: "top", value: "3" }).dashboard;
  assert.deepEqual([after.full, Object.keys(after.layout.places)], ["cpu;top=3", ["cpu;top=3"]]);
  assert.equal(actions.widget_removed(state, "cpu").dashboard.full, null);
});
