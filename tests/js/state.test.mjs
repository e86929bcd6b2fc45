/** The state and its changes; and what the page's files may not be or say. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import * as actions from "../../static/js/actions.js";
import { costWords } from "../../static/js/model/hosts.js";
import { Store } from "../../static/js/store.js";

const STATIC = fileURLToPath(new URL("../../static/", import.meta.url));

function opened(part = {}) {
  const widget = (id, aliases = []) => ({ id, aliases, title: id, group: "g", kind: "line", unit: "1", metrics: [] });
  const state = actions.catalog_loaded(actions.initialState(), {
    widgets: [widget("cpu", ["kernel.all.cpu"]), widget("load"), widget("memory")],
    aliases: { "cpu-utilization-sys": "cpu;series=sys" },
    presets: [
      { id: "triage", aliases: ["default"], title: "Triage", widgets: ["cpu", "load"] },
      { id: "memory", aliases: ["mem"], title: "Memory", widgets: ["memory"] },
    ],
  });
  return actions.dashboard_opened(state, { ...state.dashboard, hosts: ["a"], preset: "triage", ...part });
}

test("a preset is its widgets; aliases become our names", () => {
  assert.deepEqual(actions.shownWishes(opened()), ["cpu", "load"]);
  assert.equal(opened({ preset: "mem" }).dashboard.preset, "memory");
  assert.deepEqual(opened({ preset: null, wishes: ["kernel.all.cpu;top=3"] }).dashboard.wishes, ["cpu;top=3"]);
  assert.deepEqual(actions.shownWishes(opened({ preset: "gone" })), ["cpu", "load"]);
  const named = opened({ preset: null, wishes: ["cpu-utilization-sys;kind=line"] });
  assert.deepEqual(named.dashboard.wishes, ["cpu;kind=line;series=sys"]);
  assert.equal(actions.meantWish(named, "kernel.all.cpu"), "cpu");
  assert.equal(actions.meantWish(named, "constructor"), null);
});

test("adding and removing a widget makes the choice one's own", () => {
  const more = actions.widget_added(opened(), "memory");
  assert.deepEqual(more.dashboard.wishes, ["cpu", "load", "memory"]);
  assert.equal(more.dashboard.preset, null);
  assert.deepEqual(actions.widget_removed(more, "cpu").dashboard.wishes, ["load", "memory"]);
  const lone = opened({ preset: null, wishes: ["cpu"] });
  assert.equal(actions.widget_removed(lone, "cpu"), lone);
});

test("unknown widgets are shown but not asked for", () => {
  const state = opened({ preset: null, wishes: ["cpu", "gone", "chart;expr=a.b"] });
  assert.deepEqual(actions.knownWishes(state), ["cpu", "chart;expr=a.b"]);
});

test("hosts: added once, renamed in place, removed with what was said of them", () => {
  let state = actions.hosts_added(opened(), ["b", "a"]);
  assert.deepEqual(state.dashboard.hosts, ["a", "b"]);
  assert.deepEqual(state.recent, ["b", "a"]);
  state = actions.host_named(state, { asked: "b", host: "b.example" });
  assert.deepEqual(state.dashboard.hosts, ["a", "b.example"]);
  state = actions.host_told(state, { host: "a", state: "live" });
  state = actions.host_removed(state, "a");
  assert.deepEqual(state.dashboard.hosts, ["b.example"]);
  assert.deepEqual(state.hosts, {});
});

test("a longer window of a frozen stretch keeps its end", () => {
  const state = actions.view_frozen(opened(), { from: 100, to: 400 });
  assert.deepEqual(actions.window_chosen(state, 60).dashboard.frozen, { from: 340, to: 400 });
});

test("double click isolates, and again shows all", () => {
  const names = ["a", "b", "c"];
  let state = actions.series_isolated(opened(), { wish: "cpu", name: "b" });
  assert.deepEqual(state.dashboard.series.cpu, { only: true, names: ["b"] });
  state = actions.series_isolated(state, { wish: "cpu", name: "b" });
  assert.deepEqual(state.dashboard.series, {});
  state = actions.series_toggled(state, { wish: "cpu", name: "a", names });
  assert.deepEqual(state.dashboard.series.cpu, { only: false, names: ["a"] });
  assert.deepEqual(actions.series_toggled(state, { wish: "cpu", name: "a", names }).dashboard.series, {});
  assert.deepEqual(actions.preset_chosen(state, "memory").dashboard.series, {});
});

test("a choice of series goes by the widget's own name", () => {
  const state = opened({ preset: null, wishes: ["kernel.all.cpu"], series: { "kernel.all.cpu": { only: false, names: ["a"] } } });
  assert.deepEqual(state.dashboard.series, { cpu: { only: false, names: ["a"] } });
});

test("notices: one per key, swept by their start", () => {
  let state = actions.notice_given(opened(), { key: "asked x", kind: "error", text: "1" });
  state = actions.notice_given(state, { key: "asked x", kind: "error", text: "2" });
  assert.deepEqual(state.notices.map(({ text }) => text), ["2"]);
  assert.deepEqual(actions.notices_swept(state, "asked ").notices, []);
  assert.equal(actions.notice_cleared(state, "other"), state);
});

const set = (state, part) => ({ ...state, ...part });

test("a listener hears its own part alone, and returns its undo", () => {
  const store = new Store({ a: 1, b: 1 });
  const heard = [];
  const undo = store.subscribe((state) => state.a, (now, before) => heard.push([now, before]));
  store.do(set, { b: 2 });
  store.do(set, { a: 2 });
  undo();
  store.do(set, { a: 3 });
  assert.deepEqual(heard, [[2, 1]]);
});

test("a batch is one notice; a throw stops no other", (t) => {
  t.mock.method(console, "error", () => {});
  const store = new Store({ a: 1 });
  const heard = [];
  store.subscribe((state) => state.a, () => {
    throw new Error("mine");
  });
  store.subscribe((state) => state.a, (now) => heard.push(now));
  store.batch(() => {
    store.do(set, { a: 2 });
    store.do(set, { a: 3 });
  });
  assert.deepEqual(heard, [3]);
  assert.equal(console.error.mock.callCount(), 1);
});

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (statSync(path).isDirectory()) return name === "vendor" ? [] : files(path);
    return [path];
  });
}

test("the page's own code that is needed to draw stays below 490 kB, all of it below 600 kB", () => {
  const code = files(STATIC).filter((path) => /\.(js|html)$/.test(path));
  const size = (paths) => paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const first = readFileSync(`${STATIC}/index.html`, "utf8");
  const needed = code.filter((path) => first.includes(`/static${path.slice(STATIC.length)}"`));
  assert.ok(needed.length > 50);
  assert.ok(size(needed) <= 490_000, `${size(needed)} bytes`);
  assert.ok(size(code) <= 600_000, `${size(code)} bytes in all`);
});

test("no address of another origin, no inline script, one user of Plotly", () => {
  for (const path of files(STATIC)) {
    const text = readFileSync(path, "utf8");
    const addresses = [...text.matchAll(/https?:\/\/[\w.]+/g)].map(([address]) => address);
    assert.deepEqual(addresses.filter((one) => !/www\.w3\.org|web$/.test(one) && !/http:\/\/(\$|y)/.test(one)), [], path);
    if (path.endsWith("index.html")) assert.doesNotMatch(text, /<script(?![^>]*src=)[^>]*>|style=|onclick=/);
    if (/\.Plotly\b/.test(text)) assert.match(path, /chart\.js$/);
  }
});

test("what watching a host costs is told in a few words", () => {
  const cost = { metrics: 62, values: 180, ms: 4.21, bytes: 9420, cpu: 0.0042, viewers: 1, period: 1 };
  assert.deepEqual(costWords(cost), ["62 metrics in 4.2 ms", "9.20 KiB/s", "pmcd 0.42 % CPU"]);
  assert.deepEqual(costWords({ ...cost, ms: 31.6, bytes: 0, cpu: null, viewers: 3, period: 2 }), ["62 metrics in 32 ms every 2 s", "shared by 3 viewers"]);
});
