/** The graph of the page's modules. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const STATIC = fileURLToPath(new URL("../../static", import.meta.url));

/** All modules that main.js imports, itself included. */
function modules(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const text = readFileSync(join(STATIC, path), "utf8");
  for (const [, name] of text.matchAll(/^import [^;]*?"(\.[^"]+)";/gms)) modules(join(dirname(path), name), found);
  return found;
}

test("the page names each module at once, so that none waits for another", () => {
  const html = readFileSync(join(STATIC, "index.html"), "utf8");
  const named = [...html.matchAll(/modulepreload" href="\/static\/(js\/[^"]+)"/g)].map(([, path]) => path);
  const needed = [...modules("js/main.js")].filter((path) => path !== "js/main.js");
  assert.deepEqual(named, needed.sort());
});

test("no module needs itself, by whatever way round", () => {
  const open = [];
  const done = new Set();
  const walk = (path) => {
    assert.ok(!open.includes(path), [...open, path].join(" -> "));
    if (done.has(path)) return;
    open.push(path);
    const text = readFileSync(join(STATIC, path), "utf8");
    for (const [, name] of text.matchAll(/^import [^;]*?"(\.[^"]+)";/gms)) walk(join(dirname(path), name));
    open.pop();
    done.add(path);
  };
  walk("js/main.js");
  assert.ok(done.size > 30);
});
