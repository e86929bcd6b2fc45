/** Texts that name things: URLs, hosts, wishes, links of Vector. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { host_named, host_removed, hosts_added, initialState } from "../../static/js/actions.js";
import { group_added, host_isolated, host_toggled } from "../../static/js/overlaying.js";
import { hostTitle, nextTry, parseHost, parseHosts, stateName } from "../../static/js/model/hosts.js";
import { hiddenNames, toggled } from "../../static/js/model/shown.js";
import { groupTitle, hiddenHosts, hostNames, isOverlaid, typedGroup } from "../../static/js/model/together.js";
import { decode, emptyDashboard, encode } from "../../static/js/model/url.js";
import { readVector } from "../../static/js/model/vector.js";
import { canonicalWish, parseWish, printWish } from "../../static/js/model/wish.js";
import { dice } from "./helpers.mjs";

test("a dashboard reads as people write it", () => {
  const dashboard = { ...emptyDashboard(), hosts: ["local", "pcp://db-2:44330"], preset: "triage" };
  assert.equal(encode(dashboard), "?host=local&host=pcp://db-2:44330&preset=triage&window=5m&interval=1s&v=1");
});

test("widgets with options and a frozen stretch", () => {
  const dashboard = {
    ...emptyDashboard(),
    hosts: ["web-01"],
    wishes: ["cpu", "disk-latency;instances=sd%26a"],
    window: 60,
    interval: 2,
    frozen: { from: 1790000000, to: 1790000060 },
  };
  assert.equal(
    encode(dashboard),
    "?host=web-01&w=cpu&w=disk-latency;instances=sd%26a&window=1m&interval=2s&from=2026-09-21T14:13:20Z&to=2026-09-21T14:14:20Z&v=1",
  );
  assert.deepEqual(decode(encode(dashboard)).dashboard, dashboard);
});

test("an expression stays readable in the address, and is encoded once", () => {
  const wish = printWish("chart", { expr: "kernel.all.pswitch / hinv.ncpu + 1" });
  const query = encode({ ...emptyDashboard(), hosts: ["local"], wishes: [wish] });
  assert.equal(query, "?host=local&w=chart;expr=kernel.all.pswitch+/+hinv.ncpu+%2B+1&window=5m&interval=1s&v=1");
  assert.deepEqual(decode(query).dashboard.wishes, [wish]);
  for (const old of ["w=chart;expr=a.b%20%2F%20c.d", "w=chart;expr=a.b%2520%252F%2520c.d"]) {
    assert.deepEqual(decode(old).dashboard.wishes, ["chart;expr=a.b%20%2F%20c.d"], old);
  }
});

test("what the legend chose is in the address", () => {
  const choices = {
    cpu: { only: false, names: ["idle", "iowait"] },
    "disk-latency;instances=sd*": { only: true, names: ["sda read"] },
    "chart;expr=c.d": { only: true, names: ["c.d a,b\\c"] },
    gone: { only: false, names: ["x"] },
  };
  const wishes = ["cpu", "disk-latency;instances=sd*", "chart;expr=a.b", "chart;expr=c.d"];
  const dashboard = { ...emptyDashboard(), hosts: ["a"], wishes, series: choices };
  const query = encode(dashboard);
  assert.match(query, /&hide=cpu:idle,iowait&only=disk-latency:sda\+read&only=chart\/2:c\.d\+a%5C,b%5C%5Cc&v=1$/);
  delete choices.gone;
  assert.deepEqual(decode(query).dashboard, dashboard);
});

test("the legend's choice of a preset's widgets", () => {
  const series = { load: { only: false, names: ["CPUs"] } };
  const query = encode({ ...emptyDashboard(), preset: "cpu", series }, ["cpu", "load"]);
  assert.match(query, /hide=load:CPUs/);
  assert.deepEqual(decode(query, () => ["cpu", "load"]).dashboard.series, series);
  assert.deepEqual(decode("?hide=load&hide=:x&hide=load:&only=gone:x", () => ["load"]).dashboard.series, {});
});

test("series that come later: hidden where others stand alone, else shown", () => {
  assert.deepEqual(hiddenNames({ only: true, names: ["a"] }, ["a", "b", "new"]), ["b", "new"]);
  assert.deepEqual(hiddenNames({ only: false, names: ["a"] }, ["a", "b", "new"]), ["a"]);
  assert.deepEqual(hiddenNames(undefined, ["a"]), []);
  assert.deepEqual(toggled({ only: true, names: ["a"] }, "a", ["a", "b"]), { only: true, names: [] });
  assert.equal(toggled({ only: true, names: ["a"] }, "b", ["a", "b"]), null);
});

test("random dashboards come back the same", () => {
  const roll = dice(11);
  const pick = (list) => list[roll(list.length)];
  const odd = ["eth*", "sda,sdb", "re:^a|b$", "100%", "a&b=c", "ä ß", "<img src=x>", "%{x}", "#1;2"];
  for (let round = 0; round < 500; round += 1) {
    const wishes = [...new Set(Array.from({ length: roll(5) }, () => printWish(pick(["cpu", "disk-latency", "chart"]), { instances: pick(odd) })))];
    const from = 1790000000 + roll(1e6);
    const hosts = [...new Set(Array.from({ length: roll(4) }, () => pick(["local", "a.example", "https://b", "[::1]:44330", "archive:mon.0"])))];
    const dashboard = {
      hosts,
      preset: wishes.length ? null : pick([null, "triage", "tcp"]),
      wishes,
      window: pick([60, 120, 300, 600, 1800]),
      interval: pick([1, 2, 5]),
      frozen: pick([null, { from, to: from + 60 + roll(600) }]),
      container: pick(["", "web-1", "/system.slice/docker-0f3c.scope", "shop/cart 0/a&b=c", "ä%"]),
      series: Object.fromEntries(wishes.filter(() => roll(2)).map((wish) => [wish, { only: roll(2) === 1, names: [pick(odd), "x, y\\"] }])),
      looks: Object.fromEntries(wishes.filter(() => roll(2)).map((wish) => [wish, pick(["lines", "stacked", "log"])])),
      compare: roll(2) === 1,
      layout: null,
      full: pick([null, ...wishes]),
      overlaid: roll(2) === 1,
      shownHosts: hosts.length && roll(2) ? { only: roll(2) === 1, names: hosts.slice(roll(hosts.length)) } : null,
      compared: Object.fromEntries(wishes.filter(() => roll(3) === 0).map((wish) => [wish, pick(odd)])),
      groups: [...new Set(Array.from({ length: roll(3) }, () => pick(["web", "db.main", "web.example.com/*", "pcp://web:44330/*"])))],
    };
    const { dashboard: read, problems } = decode(encode(dashboard));
    assert.deepEqual(read, dashboard);
    assert.deepEqual(problems, []);
  }
});

test("a host is titled as it was typed, this server's own as it calls itself", () => {
  assert.equal(hostTitle("web-01", { name: "ip-10-0-0-1" }), "web-01");
  assert.equal(hostTitle("local", { name: "vm" }), "vm");
  assert.equal(hostTitle("local", { name: null }), "local");
  assert.equal(hostTitle("web-01", undefined), "web-01");
});

test("states are named for people", () => {
  assert.deepEqual(["live", "not-pcp", "refused-by-policy"].map(stateName), ["live", "not PCP", "refused"]);
});

test("when a lost host is tried again", () => {
  const said = (more) => ({ host: "a", state: "down", next_try: null, ...more });
  assert.equal(nextTry(said({ next_try: 107.4 }), 100), "Next try in 8 s.");
  assert.equal(nextTry(said({ next_try: 99 }), 100), "Trying now.");
  assert.equal(nextTry(said({ often: true }), 100), "Tried every second.");
  assert.equal(nextTry(said({}), 100), "");
  assert.equal(nextTry(said({ state: "live", next_try: 107 }), 100), "");
  assert.equal(nextTry(undefined, 100), "");
});

test("unknown keys are ignored, unreadable values are named", () => {
  const { dashboard, problems } = decode("?host=a%20b&host=ok&w=;;&window=7m&interval=x&from=1&to=0&zzz=1&theme=dark&v=1");
  assert.deepEqual(dashboard.hosts, ["ok"]);
  assert.equal(dashboard.window, 300);
  assert.equal(problems.length, 5);
});

test("limits: sixteen hosts, forty widgets", () => {
  const query = Array.from({ length: 20 }, (_, n) => `host=h${n}`).join("&");
  const { dashboard, problems } = decode(query);
  assert.equal(dashboard.hosts.length, 16);
  assert.match(problems[0], /h16, h17, h18, h19/);
});

test("hosts' canonical texts", () => {
  const cases = {
    "Web-01": "web-01",
    "web-01:44322": "web-01",
    "http://web-01:44322": "web-01",
    "https://web-01:44322": "https://web-01",
    "pcp://db-2:44321": "pcp://db-2",
    "pcp://db-2:44330": "pcp://db-2:44330",
    "web-01:44323": "web-01:44323",
    "10.1.2.3": "10.1.2.3",
    "[::1]:44330": "[::1]:44330",
    "bücher.example": "xn--bcher-kva.example",
    "host.": "host",
    "archive:MON.0": "archive:MON.0",
  };
  for (const [typed, host] of Object.entries(cases)) assert.deepEqual(parseHost(typed), { host }, typed);
});

test("what is no host says so", () => {
  for (const typed of ["a/b", "ftp://x", "u@x", "x:0", "x:99999", "x?y", "http://", "a#b", "<img", "src=x>", "a%b", "é|x"]) {
    assert.match(parseHost(typed).error, /is no host|ports run/, typed);
  }
});

test("a typed line: spaces and commas, each host once", () => {
  assert.deepEqual(parseHosts(" a, b  a,pcp://c ,"), { hosts: ["a", "b", "pcp://c"], groups: [], errors: [] });
  assert.equal(parseHosts("a b/c").errors.length, 1);
});

test("groups among hosts: @name of a file, name/* for the addresses of a name", () => {
  assert.deepEqual(parseHosts("a @Web pcp://db.example/* b", typedGroup), { hosts: ["a", "b"], groups: ["web", "pcp://db.example/*"], errors: [] });
  assert.deepEqual(parseHosts("@no/such a/b/c", typedGroup).groups, ["no/such"]);
  assert.equal(parseHosts("a/b/c", typedGroup).errors.length, 1);
  assert.equal(typedGroup("/*"), null);
  assert.deepEqual([groupTitle("web"), groupTitle("web/*")], ["@web", "web/*"]);
});

test("a link with groups: odd ones are named, hidden hosts must be there", () => {
  const { dashboard, problems } = decode("?host=a&host=b&group=web&group=Web+1&group=web/*&hosts=overlaid&hide-host=b&hide-host=c&measure=cpu:user&w=cpu");
  assert.deepEqual([dashboard.groups, dashboard.overlaid, dashboard.shownHosts, dashboard.compared], [["web", "web/*"], true, { only: false, names: ["b"] }, { cpu: "user" }]);
  assert.deepEqual(problems, ["The URL's group=Web 1 is no group of hosts."]);
  assert.equal(decode("?host=a&hosts=stacked").dashboard.overlaid, false);
});

test("a group's members come within the limit; those of now may take the place of others", () => {
  const state = initialState();
  const many = Array.from({ length: 20 }, (_, n) => `h${n}`);
  const full = group_added(state, { group: "many", hosts: many });
  assert.deepEqual([full.dashboard.hosts, full.dashboard.groups, full.recent], [many.slice(0, 16), ["many"], []]);
  const moved = group_added(full, { group: "many", hosts: ["h1", "new"], instead: many.slice(0, 16).filter((host) => host !== "h1") });
  assert.deepEqual(moved.dashboard.hosts, ["h1", "new"]);
  assert.deepEqual(host_removed(host_removed(moved, "h1"), "new").dashboard.groups, []);
});

test("hosts in the charts of all: hidden, alone, gone, renamed", () => {
  const on = hosts_added(initialState(), ["a", "b", "c"]);
  const hidden = host_toggled(on, "b");
  assert.deepEqual(hiddenHosts(hidden.dashboard), ["b"]);
  assert.deepEqual(hiddenHosts(host_isolated(hidden, "a").dashboard), ["b", "c"]);
  assert.deepEqual(hiddenHosts(host_isolated(host_isolated(hidden, "a"), "a").dashboard), []);
  assert.equal(host_removed(hidden, "b").dashboard.shownHosts, null);
  assert.deepEqual(host_named(hidden, { asked: "b", host: "b.example" }).dashboard.shownHosts, { only: false, names: ["b.example"] });
  assert.deepEqual([isOverlaid({ hosts: ["a"], overlaid: true }), isOverlaid({ hosts: ["a", "b"], overlaid: true })], [false, true]);
});

test("addresses of a group by name go by what their pmcd says, where no two say the same", () => {
  const hosts = ["10.0.0.1", "10.0.0.2:44323", "pcp://10.0.0.3", "web-04"];
  const said = { "10.0.0.1": { name: "one" }, "10.0.0.2:44323": { name: "same" }, "pcp://10.0.0.3": { name: "same" }, "web-04": { name: "four" } };
  const names = (groups) => [...hostNames({ hosts, groups }, said).values()];
  assert.deepEqual(names(["web/*"]), ["one", "10.0.0.2:44323", "pcp://10.0.0.3", "web-04"]);
  assert.deepEqual(names(["web"]), hosts);
});

test("wishes: options sorted, values encoded, once", () => {
  const { cases } = JSON.parse(readFileSync(new URL("wishes.json", import.meta.url), "utf8"));
  for (const [text, canonical] of cases) assert.equal(canonicalWish(text), canonical, text);
  assert.deepEqual(parseWish("kernel.all.load"), { id: "kernel.all.load", options: {} });
});

const KNOWN = {
  "kernel.all.load": "load",
  "cpu-runnable": "runqueue",
  "cpu-utilization-sys": "cpu;series=sys",
  "network.interface.in.drops": "network-errors;series=in%20drops",
  "container-percont-cpu": "container-cpu",
  "cgroup.cpusched.throttled_time": "container-throttled;measure=time",
  "container-total-cont-mem": "container-memory-total",
  "custom-chart": "chart",
};
const resolve = {
  wish: (name) => KNOWN[name] ?? null,
  contained: (id) => ["container-cpu", "container-throttled"].includes(id),
  narrows: (id) => ["container-cpu", "container-throttled", "cpu"].includes(id),
};

test("links of Vector 1", () => {
  const found = readVector("", "#/?host=web-01:44323&hostspec=db-9&widgets=kernel.all.load,gone,network.interface.in.drops", resolve);
  assert.deepEqual(found.dashboard.hosts, ["web-01:44323"]);
  assert.deepEqual(found.dashboard.wishes, ["load", "network-errors;series=in%20drops"]);
  assert.deepEqual(found.offers, ["db-9"]);
  assert.deepEqual(found.unknown, ["gone"]);
});

test("links of Vector 2, a hostspec that is the host itself is no offer", () => {
  const q = JSON.stringify([{ p: "http", h: "web-01:7402", hs: "localhost", cl: ["cpu-runnable", "cpu-utilization-sys"] }, { p: "https", h: "b", hs: "b" }]);
  const found = readVector(`?q=${encodeURIComponent(q)}`, "", resolve);
  assert.deepEqual(found.dashboard.hosts, ["web-01:7402", "https://b"]);
  assert.deepEqual(found.dashboard.wishes, ["runqueue", "cpu;series=sys"]);
  assert.deepEqual(found.offers, []);
});

test("a container of Vector's link narrows the dashboard, its filter the widgets of containers", () => {
  const names = "container-percont-cpu,cgroup.cpusched.throttled_time,container-total-cont-mem,kernel.all.load";
  const wishes = ["container-cpu;instances=*web*", "container-throttled;instances=*web*;measure=time", "container-memory-total", "load"];
  const filtered = readVector("", `#/?host=a&containerFilter=web&widgets=${names}`, resolve).dashboard;
  assert.deepEqual([filtered.wishes, filtered.container], [wishes, ""]);
  const odd = readVector("", "#/?host=a&containerFilter=0f3c*&widgets=container-percont-cpu", resolve).dashboard;
  assert.deepEqual(odd.wishes, ["container-cpu;instances=*0f3c%3F*"]);
  const one = readVector("", `#/?host=a&container=web&containerFilter=w&widgets=${names}`, resolve).dashboard;
  assert.equal(one.container, "web");
  assert.deepEqual(one.wishes, ["container-cpu", "container-throttled;measure=time", "container-memory-total", "load"]);
  const q = JSON.stringify([{ h: "a", ci: "web", cl: ["container-percont-cpu"] }]);
  assert.equal(readVector(`?q=${encodeURIComponent(q)}`, "", resolve).dashboard.container, "web");
});

test("targets of Vector 2 with containers of their own keep them in their widgets", () => {
  const q = JSON.stringify([
    { h: "a", ci: "web", cl: ["cpu-utilization-sys", "container-percont-cpu", "kernel.all.load"] },
    { h: "b", ci: "_all", cl: ["container-percont-cpu"] },
  ]);
  const { dashboard } = readVector(`?q=${encodeURIComponent(q)}`, "", resolve);
  assert.equal(dashboard.container, "");
  assert.deepEqual(dashboard.wishes, ["cpu;container=web;series=sys", "container-cpu;container=web", "load", "container-cpu"]);
});

test("a container is one key of the address, and kept where the preset changes", () => {
  const dashboard = { ...emptyDashboard(), hosts: ["local"], container: "web-1", preset: "triage" };
  assert.equal(encode(dashboard), "?host=local&container=web-1&preset=triage&window=5m&interval=1s&v=1");
  const path = "/system.slice/docker-0f3c.scope";
  assert.match(encode({ ...dashboard, container: path }), /&container=\/system\.slice\/docker-0f3c\.scope&/);
  assert.equal(decode("?host=a&container=+web-1+").dashboard.container, "web-1");
  const read = decode("?host=a&container=a%00b");
  assert.equal(read.dashboard.container, "");
  assert.match(read.problems[0], /container is no name/);
});

test("all containers narrow nothing", () => {
  const q = JSON.stringify([{ h: "a", ci: "_all", cl: ["container-percont-cpu"] }]);
  assert.deepEqual(readVector(`?q=${encodeURIComponent(q)}`, "", resolve).dashboard.wishes, ["container-cpu"]);
  const found = readVector("", "#/?host=a&container=All&containerFilter=web&widgets=container-percont-cpu", resolve);
  assert.deepEqual(found.dashboard.wishes, ["container-cpu;instances=*web*"]);
});

test("Vector's page of containers without widgets is our preset of them", () => {
  const found = readVector("", "#/container?host=a", resolve);
  assert.deepEqual([found.dashboard.preset, found.dashboard.wishes], ["containers", []]);
  assert.equal(readVector("", "#/?host=a", resolve).dashboard.preset, null);
});

test("a chart of one metric is named, as Vector's links don't say which", () => {
  const found = readVector("", "#/?host=a&widgets=custom-chart,graph.flame.cpu.task", resolve);
  assert.deepEqual(found.unknown, ["custom-chart", "graph.flame.cpu.task"]);
});

test("other links are none of Vector's", () => {
  assert.equal(readVector("?host=a&v=1", "", resolve), null);
  assert.equal(readVector("?q=%7Bbroken", "", resolve), null);
  assert.equal(readVector("", "#board", resolve), null);
});
