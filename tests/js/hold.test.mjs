/** A page out of sight: it asks to be sent nothing, and for all of it when it is back. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { initialState } from "../../static/js/actions.js";
import { Feeds } from "../../static/js/feeds.js";
import { Store } from "../../static/js/store.js";

function page() {
  mock.timers.enable({ apis: ["setTimeout"] });
  const state = initialState();
  const store = new Store({ ...state, catalog: { ...state.catalog, ready: true }, dashboard: { ...state.dashboard, hosts: ["a"] } });
  const sent = [];
  const feeds = new Feeds(store, { send: (name) => sent.push(name) });
  const told = async () => {
    await Promise.resolve();
    return sent.splice(0);
  };
  return { feeds, told };
}

test("after a while out of sight nothing is wanted, until the page is seen", async (t) => {
  t.after(() => mock.timers.reset());
  const { feeds, told } = page();
  feeds.connected();
  assert.deepEqual(await told(), ["watch"]);
  feeds.hide(true);
  mock.timers.tick(4999);
  assert.deepEqual(await told(), []);
  mock.timers.tick(1);
  assert.deepEqual(await told(), ["hold"]);
  mock.timers.tick(60_000);
  assert.deepEqual(await told(), []);
  feeds.hide(false);
  assert.deepEqual(await told(), ["watch"]);
});

test("a glance elsewhere changes nothing", async (t) => {
  t.after(() => mock.timers.reset());
  const { feeds, told } = page();
  feeds.connected();
  await told();
  feeds.hide(true);
  mock.timers.tick(3000);
  feeds.hide(false);
  mock.timers.tick(60_000);
  assert.deepEqual(await told(), []);
});

test("a connection made anew out of sight is held as well", async (t) => {
  t.after(() => mock.timers.reset());
  const { feeds, told } = page();
  feeds.connected();
  feeds.hide(true);
  await told();
  mock.timers.tick(5000);
  feeds.disconnected();
  feeds.connected();
  assert.deepEqual(await told(), ["hold", "watch"]);
  mock.timers.tick(5000);
  assert.deepEqual(await told(), ["hold"]);
});

test("without a connection nothing is said, and the next one brings all", async (t) => {
  t.after(() => mock.timers.reset());
  const { feeds, told } = page();
  feeds.connected();
  await told();
  feeds.hide(true);
  feeds.disconnected();
  mock.timers.tick(5000);
  feeds.hide(false);
  assert.deepEqual(await told(), []);
  feeds.connected();
  assert.deepEqual(await told(), ["watch"]);
});
