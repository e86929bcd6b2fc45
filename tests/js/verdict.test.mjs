// The verdict's cells on the page: words, how long, silence, keys; pure functions only.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Rows } from "../../static/js/model/rows.js";
import { cellAt, cellsOf, lasted, news, sentence } from "../../static/js/model/verdict.js";

const COLUMNS = ["", "state", "text", "since", "widget"].map((id) => ({ id, title: id, unit: id === "since" ? "time" : "", text: id !== "since", help: "" }));
const message = (cells, more = {}) => ({ channel: "c", v: 1, seq: 1000, key: "verdict", whole: true, total: 12, note: "", cells, t: [], past: {}, ...more });

function rowsOf(cells) {
  const rows = new Rows(COLUMNS);
  rows.take(message(cells));
  return rows;
}

const SDB = { state: "guilty", text: "sdb 97 % busy", since: 986, widget: "disk-utilization" };
const FINE = { state: "fine", text: "pressure 0 %", since: 940, widget: "psi-cpu" };
const of = (cells, name) => cells.find(({ resource, aspect }) => `${resource} ${aspect}` === name);

test("twelve cells by resource, then aspect, with how long each has been so", () => {
  const cells = cellsOf(rowsOf({ "disk utilization": SDB, "cpu saturation": FINE }), 1000, 999, 1);
  assert.equal(cells.length, 12);
  assert.deepEqual(cells.slice(0, 4).map((c) => `${c.resource} ${c.aspect}`), ["cpu utilization", "cpu saturation", "cpu errors", "memory utilization"]);
  assert.deepEqual(of(cells, "disk utilization"), { resource: "disk", aspect: "utilization", state: "guilty", word: "guilty", text: "sdb 97 % busy", held: "for 14 s", widget: "disk-utilization" });
  assert.equal(of(cells, "cpu saturation").held, "for 60 s");
});

test("a cell that was never told is unknown, never fine", () => {
  for (const rows of [null, rowsOf({})]) {
    for (const cell of cellsOf(rows, 1000, 999, 1)) assert.deepEqual([cell.state, cell.text, cell.held], ["unknown", "no samples yet", ""]);
  }
});

test("a state of another life of the server is unknown", () => {
  assert.equal(of(cellsOf(rowsOf({ "cpu saturation": { ...FINE, state: "splendid" } }), 1000, 999, 1), "cpu saturation").state, "unknown");
});

test("without samples nothing stays green, nor red", () => {
  const rows = rowsOf({ "disk utilization": SDB, "cpu saturation": FINE });
  assert.equal(of(cellsOf(rows, 1000, 995, 1), "cpu saturation").state, "fine");
  const late = cellsOf(rows, 1020, 1000, 1);
  for (const name of ["disk utilization", "cpu saturation"]) {
    assert.deepEqual([of(late, name).state, of(late, name).text, of(late, name).held], ["unknown", "no samples for 19 s", ""]);
  }
  // At five seconds between ticks, five without one are no silence.
  assert.equal(of(cellsOf(rows, 1000, 992, 5), "cpu saturation").state, "fine");
});

test("only what changed comes after the first message", () => {
  const rows = rowsOf({ "disk utilization": SDB });
  rows.take(message({ "disk utilization": { text: "sdb 99 % busy" } }, { whole: false, seq: 1005 }));
  const cell = of(cellsOf(rows, 1006, 1005, 1), "disk utilization");
  assert.deepEqual([cell.state, cell.text, cell.held], ["guilty", "sdb 99 % busy", "for 20 s"]);
});

test("what is not measured, or not yet, has been so for no time", () => {
  const cells = cellsOf(rowsOf({ "cpu errors": { ...FINE, state: "unmeasured", text: "No agent." }, "cpu utilization": { ...FINE, state: "unknown", text: "measuring, 12 of 30 s" } }), 1000, 999, 1);
  assert.deepEqual([of(cells, "cpu errors").word, of(cells, "cpu errors").held], ["not measured", ""]);
  assert.deepEqual([of(cells, "cpu utilization").text, of(cells, "cpu utilization").held], ["measuring, 12 of 30 s", ""]);
});

test("a cell as a sentence, for those who hear it", () => {
  const cells = cellsOf(rowsOf({ "disk utilization": SDB, "cpu errors": { ...FINE, state: "unmeasured", text: "No agent." } }), 1000, 999, 1);
  assert.equal(sentence(of(cells, "disk utilization")), "Disk utilization: guilty. sdb 97 % busy for 14 s.");
  assert.equal(sentence(of(cells, "cpu errors")), "CPU errors: not measured. No agent.");
});

test("guilt, suspicion and their end are news; evidence that fills up is not", () => {
  const at = (cells) => cellsOf(rowsOf(cells), 1000, 999, 1);
  const busy = at({ "disk utilization": SDB });
  const calm = at({ "disk utilization": { ...SDB, state: "fine", text: "sdb 3 % busy" } });
  const young = at({ "disk utilization": { ...SDB, state: "unknown", text: "measuring" } });
  assert.equal(news(calm, busy), "Disk utilization guilty: sdb 97 % busy.");
  assert.equal(news(busy, calm), "Disk utilization fine: sdb 3 % busy.");
  assert.equal(news(young, busy), "Disk utilization guilty: sdb 97 % busy.");
  assert.equal(news(young, calm), "");
  assert.equal(news(busy, busy), "");
  assert.equal(news([], busy), "");
});

test("lengths of time", () => {
  assert.deepEqual([0, -2, 59.6, 119, 120, 3599, 7199, 7200, 90000].map(lasted), ["0 s", "0 s", "60 s", "119 s", "2 min", "59 min", "119 min", "2 h", "25 h"]);
});

test("keys lead from cell to cell and stop at the edges", () => {
  assert.deepEqual(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"].map((key) => cellAt(4, key)), [7, 1, 5, 3]);
  assert.deepEqual(["ArrowLeft", "ArrowUp"].map((key) => cellAt(0, key)), [0, 0]);
  assert.deepEqual(["ArrowRight", "ArrowDown", "Home", "End"].map((key) => cellAt(11, key)), [11, 11, 0, 11]);
  assert.equal(cellAt(3, "x"), null);
});
