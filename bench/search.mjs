/**
 * Times the page's search for metrics beside a plain scan of their names: what somebody types,
 * letter by letter, over names that the host's own are repeated to. Prints microseconds a letter.
 * `node bench/search.mjs NAMES.json COUNT`
 */

import { readFileSync } from "node:fs";

import { MetricIndex } from "../static/js/model/search.js";

const TYPED = ["network.interface.in", "disk read", "memory free", "latency", "cpu user", "received packets", "hinv", "tcp retrans", "zzz"];
const ROUNDS = 60;

const [, , path, count] = process.argv;
const found = JSON.parse(readFileSync(path, "utf8")).metrics;
const rows = Array.from({ length: Number(count) }, (_, n) => {
  const [name, ...rest] = found[n % found.length];
  const copy = Math.floor(n / found.length);
  return [copy ? `${name}.copy${copy}` : name, ...rest];
});
const names = rows.map(([name]) => name.toLowerCase());
const letters = TYPED.flatMap((text) => Array.from(text, (_, n) => text.slice(0, n + 1)));

/** The fastest of many rounds: what is slower was somebody else's. */
function best(round) {
  let least = Infinity;
  for (let n = 0; n < ROUNDS; n += 1) {
    const start = performance.now();
    round();
    least = Math.min(least, performance.now() - start);
  }
  return (least * 1000) / letters.length;
}

const index = new MetricIndex(rows);
const ours = best(() => letters.forEach((text) => index.search(text, 100)));
const scan = (text) => {
  const words = text.split(" ").filter(Boolean);
  return names.filter((name) => words.every((word) => name.includes(word)));
};
const plain = best(() => letters.forEach(scan));
console.log(JSON.stringify({ ours, plain, letters: letters.length }));
