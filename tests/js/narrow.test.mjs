/** A dashboard narrowed to one container: what is sent, what is marked, which names fit. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { container_chosen, container_told, host_removed, initialState, preset_chosen, sentWish } from "../../static/js/actions.js";
import { Feed } from "../../static/js/model/feed.js";
import { fitting, markOf, merged, narrowedWish } from "../../static/js/model/narrow.js";
import { history, layout } from "./helpers.mjs";

const widget = (id, more = {}) => ({ id, aliases: [], title: id, group: "", kind: "line", unit: "1", metrics: [], ...more });
const CPU = widget("cpu", { narrowed: ["one-cpu"] });
const NET = widget("network", { whole: "PCP has no per-container network here." });

test("a widget that can be narrowed is asked for of the container", () => {
  assert.equal(narrowedWish("cpu;series=sys", "web", CPU), "cpu;container=web;series=sys");
  assert.equal(narrowedWish("cpu", "/a/b", CPU), "cpu;container=%2Fa%2Fb");
  assert.equal(narrowedWish("cpu", "", CPU), "cpu");
  assert.equal(narrowedWish("network", "web", NET), "network");
  assert.equal(narrowedWish("cpu;container=db", "web", CPU), "cpu;container=db", "its own wins");
  assert.equal(narrowedWish("gone", "web", null), "gone");
});

test("what shows the whole host says so, and why", () => {
  assert.deepEqual(markOf(CPU, "web", { container: "web", state: "here" }, true), { text: "", why: "" });
  assert.deepEqual(markOf(NET, "", undefined, true), { text: "", why: "" });
  const mark = markOf(NET, "web", undefined, true);
  assert.equal(mark.text, "whole host");
  assert.match(mark.why, /goes on showing the whole host\. PCP has no per-container network/);
  assert.equal(markOf(widget("load"), "web", undefined, true).text, "whole host");
  assert.equal(markOf(widget("containers", { picks: true }), "web", undefined, true).text, "");
  const gone = markOf(CPU, "web", { container: "web", state: "gone", since: 1790000000 }, true);
  assert.equal(gone.text, "stopped 14:13:20");
});

const group = (name, more = {}) => ({ name, path: `/x/${name}`, container: true, runtime: "docker", cpu: 0, memory: 0, ...more });
const GROUPS = [group("web-1"), group("shop/cart-0/cart", { runtime: "Kubernetes" }), group("/system.slice/web.service", { container: false, runtime: "service" }), group("db")];

test("names are found by words, by letters in their order, and by runtime", () => {
  const found = (text) => fitting(GROUPS, text).map(({ name }) => name);
  assert.deepEqual(found("web"), ["web-1", "/system.slice/web.service"]);
  assert.deepEqual(found("sct0"), ["shop/cart-0/cart"]);
  assert.deepEqual(found("kube"), ["shop/cart-0/cart"]);
  assert.deepEqual(found("  "), ["web-1", "shop/cart-0/cart", "db", "/system.slice/web.service"]);
  assert.deepEqual(found("xyz"), []);
  assert.deepEqual(merged([GROUPS, [group("web-1"), group("new")]]).length, 5);
});

test("a container is chosen, told of by hosts, and stays where the preset changes", () => {
  const start = { ...initialState(), catalog: { ...initialState().catalog, ready: true, widgets: [CPU, NET] } };
  const chosen = container_chosen(start, "web");
  assert.equal(sentWish(chosen, "cpu"), "cpu;container=web");
  assert.equal(preset_chosen(chosen, "disk").dashboard.container, "web");
  const narrow = { container: "web", state: "unknown", known: ["db"], total: 1 };
  const told = container_told(chosen, { host: "a", narrow });
  assert.deepEqual(told.narrow, { a: narrow });
  assert.equal(container_told(told, { host: "a", narrow: { ...narrow } }), told, "no news");
  assert.deepEqual(host_removed(told, "a").narrow, {});
  assert.deepEqual(container_chosen(told, "db").narrow, {});
});

test("what was drawn stays until the container's layout comes, and is not joined with it", () => {
  const feed = new Feed("a");
  feed.send_for([["cpu", "cpu"]]);
  feed.expect("one", 1, ["cpu"]);
  feed.take_layout(layout({ cpu: ["user"] }));
  feed.take_history(history([100, 101], [[1, 2]]));
  feed.send_for([["cpu", "cpu;container=web"]]);
  feed.expect("two", 1, ["cpu;container=web"]);
  assert.equal(feed.refused("cpu"), false);
  assert.equal(feed.place("cpu").widget.wish, "cpu");
  feed.take_layout({ ...layout({ "cpu;container=web": ["user"] }), v: 9 });
  assert.equal(feed.place("cpu").widget.wish, "cpu;container=web");
  assert.equal(feed.place("cpu;container=web"), null);
  const [column] = feed.view("cpu", 90, 110).columns;
  assert.ok([...column].every(Number.isNaN), "the host's numbers are not the container's");
});

test("one wish may stand for two cards", () => {
  const feed = new Feed("a");
  feed.send_for([["cpu", "cpu;container=web"], ["cpu;container=web", "cpu;container=web"]]);
  feed.take_layout(layout({ "cpu;container=web": ["user"] }));
  assert.equal(feed.place("cpu").at, feed.place("cpu;container=web").at);
});
