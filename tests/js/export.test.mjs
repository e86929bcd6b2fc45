/** What a card shows as CSV, JSON and lines for a chat. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chatText, csvText, fileName, jsonText, sparkText } from "../../static/js/model/export.js";

const T = 1790000000; // 2026-09-21T14:13:20Z

/** @param {object} [more] @returns {any} */
function sheet(more = {}) {
  return {
    host: "web-01",
    title: "Disk throughput",
    wish: "disk-throughput",
    unit: "B/s",
    interval: 1,
    from: T,
    to: T + 2,
    times: [T, T + 1, T + 2],
    lines: [
      { name: "sda read", unit: "B/s", labels: { instance: "sda" }, values: [0, NaN, 2048] },
      { name: "sda write", unit: "B/s", labels: { instance: "sda" }, values: [1024, 512.5, 0] },
    ],
    table: null,
    ...more,
  };
}

const TABLE = {
  heads: [
    { id: "", text: true, title: "process", unit: "" },
    { id: "cpu", text: false, title: "CPU", unit: "%" },
    { id: "pid", text: false, title: "pid", unit: "id" },
  ],
  rows: [["java, the big one", 93.25, 4242], ["=cmd()", null, 17]],
};

test("CSV has times in UTC, canonical numbers, and nothing where there is a gap", () => {
  assert.equal(
    csvText(sheet()),
    "time,sda read (bytes/s),sda write (bytes/s)\r\n2026-09-21T14:13:20Z,0,1024\r\n2026-09-21T14:13:21Z,,512.5\r\n2026-09-21T14:13:22Z,2048,0\r\n",
  );
});

test("CSV of a table quotes what needs it and lets no name be a formula", () => {
  assert.equal(csvText(sheet({ table: TABLE })), "process,CPU (%),pid\r\n\"java, the big one\",93.25,4242\r\n'=cmd(),,17\r\n");
});

test("JSON has points as the API has them", () => {
  const read = JSON.parse(jsonText(sheet()));
  assert.equal(read.from, "2026-09-21T14:13:20Z");
  assert.deepEqual(read.series[0], {
    name: "sda read",
    unit: "B/s",
    labels: { instance: "sda" },
    points: [[T * 1000, 0], [(T + 1) * 1000, null], [(T + 2) * 1000, 2048]],
  });
});

test("JSON of a table has rows by column", () => {
  const read = JSON.parse(jsonText(sheet({ table: TABLE })));
  assert.deepEqual(read.rows[0], { name: "java, the big one", cpu: 93.25, pid: 4242 });
  assert.deepEqual(read.rows[1], { name: "=cmd()", cpu: null, pid: 17 });
});

test("a course is drawn from zero, with gaps", () => {
  assert.equal(sparkText([0, NaN, 7, 3.5]), "▁ █▅");
  assert.equal(sparkText([0, 0]), "▁▁");
  assert.equal(sparkText([]), "");
  // Of many values each piece shows its highest: a short peak is not lost.
  const peak = Array.from({ length: 300 }, (_, n) => (n === 155 ? 10 : 0));
  assert.equal(sparkText(peak), `${"▁".repeat(15)}█${"▁".repeat(14)}`);
});

test("the chat's lines say what, where, when, and how high", () => {
  assert.equal(
    chatText(sheet()),
    [
      "Disk throughput on web-01, 2026-09-21 14:13:20 to 14:13:22 UTC",
      "sda read   ▁ █  now 2.00 KiB/s, 0 B/s to 2.00 KiB/s",
      "sda write  █▅▁  now 0 B/s, 0 B/s to 1.00 KiB/s",
    ].join("\n"),
  );
});

test("of many series the chat has the largest, and says how many are left out", () => {
  const lines = Array.from({ length: 20 }, (_, n) => ({ name: `cpu${n}`, unit: "%", labels: {}, values: [n, n, n] }));
  const text = chatText(sheet({ lines })).split("\n");
  assert.equal(text.length, 10);
  assert.match(text[1], /^cpu19 /);
  assert.equal(text[9], "and 12 more");
});

test("a table goes into a chat in columns", () => {
  assert.equal(
    chatText(sheet({ table: TABLE })),
    [
      "Disk throughput on web-01, 2026-09-21 14:13:22 UTC",
      "process               CPU   pid",
      "java, the big one  93.3 %  4242",
      "=cmd()                  –    17",
    ].join("\n"),
  );
});

test("names of files are harmless", () => {
  assert.equal(fileName("disk-latency;instances=../../etc", "pcp://[::1]:44321", T, "csv"), "disk-latency_pcp-1-44321_20260921T141320Z.csv");
});
