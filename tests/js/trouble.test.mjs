/** Trouble that the server told goes when points flow again, and not before it could be read. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { initialState } from "../../static/js/actions.js";
import { Feeds } from "../../static/js/feeds.js";
import { Store } from "../../static/js/store.js";

const START = 1_790_000_000;

/** A page of two hosts whose channels have a layout. */
function page() {
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: START * 1000 });
  const state = initialState();
  const hosts = ["a", "b"];
  const store = new Store({ ...state, catalog: { ...state.catalog, ready: true }, dashboard: { ...state.dashboard, hosts } });
  const feeds = new Feeds(store, { send: () => {} });
  feeds.connected();
  return { store, feeds, hosts };
}

async function watched() {
  const { store, feeds, hosts } = page();
  await Promise.resolve();
  feeds.take("watching", { channels: hosts.map((host) => ({ channel: `c-${host}`, host, interval: 1, wishes: ["load"] })) });
  for (const host of hosts) feeds.take("layout", { channel: `c-${host}`, v: 1, epoch: "e", widgets: [] });
  const tick = (/** @type {string} */ host, /** @type {number} */ after) => {
    mock.timers.setTime((START + after) * 1000);
    feeds.take("tick", { channel: `c-${host}`, epoch: "e", v: 1, seq: START + after, prev: START + after - 1, n: [] });
  };
  const texts = () => store.state.notices.map(({ text }) => text);
  return { feeds, tick, texts };
}

test("a tick of the host ends its trouble and the server's, after five seconds", async (t) => {
  t.after(() => mock.timers.reset());
  const { feeds, tick, texts } = await watched();
  feeds.take("problem", { status: 503, detail: "The sampler was restarted meanwhile." });
  feeds.take("problem", { status: 502, host: "a", detail: "a does not answer." });
  tick("a", 2);
  assert.deepEqual(texts(), ["The sampler was restarted meanwhile.", "a does not answer."]);
  tick("b", 6);
  assert.deepEqual(texts(), ["a does not answer."]);
  tick("a", 7);
  assert.deepEqual(texts(), []);
});

test("what was asked wrongly stays", async (t) => {
  t.after(() => mock.timers.reset());
  const { feeds, tick, texts } = await watched();
  feeds.take("problem", { status: 404, detail: "There is no widget of that name." });
  tick("a", 30);
  assert.deepEqual(texts(), ["There is no widget of that name."]);
});
