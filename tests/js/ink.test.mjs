/** A live chart's ink: what moves, what is drawn anew, and that strips make up the whole. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DARK, LIGHT } from "../../static/js/model/colours.js";
import { fixedParts, slidingParts, timeLabels } from "../../static/js/model/overlay.js";
import { dashes, follow } from "../../static/js/model/path.js";
import { frameOf, pictureOf } from "../../static/js/model/picture.js";
import { Ring } from "../../static/js/model/ring.js";
import { seatOf } from "../../static/js/model/seats.js";
import { scaleOf, slide } from "../../static/js/model/slide.js";
import { dice, view } from "./helpers.mjs";

const PAPER = { width: 343, height: 184, palette: DARK, utc: true };
const WIDTH = 267;
const HEIGHT = 154;

/** A pen that keeps its lines as texts, to a tenth of a pixel. */
function recorder() {
  const lines = [];
  let at = null;
  let start = null;
  const to = (x, y) => {
    lines.push({ from: at, to: { x, y } });
    at = { x, y };
  };
  return {
    lines,
    moveTo: (x, y) => (start = at = { x, y }),
    lineTo: to,
    closePath: () => to(start.x, start.y),
  };
}

function stretch(more = {}) {
  return { key: "k", from: 0, to: 300, last: 300, interval: 1, bucket: 2, ...more };
}

test("a chart that was never drawn is drawn whole", () => {
  const step = slide(null, stretch(), WIDTH, 1);
  assert.deepEqual(step, { place: { key: "k", origin: 300, shifted: 0, to: 300, last: 300 }, by: 0, clip: 0, since: -Infinity });
});

test("a second moves it by whole pixels and draws a strip of a few", () => {
  const first = slide(null, stretch(), WIDTH, 1).place;
  const step = slide(first, stretch({ from: 1, to: 301, last: 301 }), WIDTH, 1);
  assert.equal(step.by, 1);
  assert.deepEqual(step.place, { key: "k", origin: 300, shifted: 1, to: 301, last: 301 });
  // 300 stands at 267 - 1; with its dash of 1.5 s and 3 pixels of room: 266 - 1.3 - 3.
  assert.equal(step.clip, 261);
  assert.ok(step.since < 300 - 3 && step.since > 280, `${step.since}`);
});

test("what is rounded never adds up", () => {
  let place = slide(null, stretch(), WIDTH, 1).place;
  let moved = 0;
  for (let n = 1; n <= 1000; n += 1) {
    const step = slide(place, stretch({ from: n, to: 300 + n, last: 300 + n }), WIDTH, 1);
    moved += step.by;
    place = step.place;
    assert.ok(Math.abs(moved - (n * WIDTH) / 300) <= 0.5);
  }
});

test("all is drawn anew where anything else changed", () => {
  const { place } = slide(null, stretch(), WIDTH, 1);
  const whole = (more) => slide(place, stretch({ from: 1, to: 301, last: 301, ...more }), WIDTH, 1).clip === 0;
  assert.equal(whole({}), false);
  assert.equal(whole({ key: "other" }), true);
  assert.equal(whole({ from: -1, to: 299 }), true, "time went back");
  assert.equal(whole({ last: 10 }), true, "rows went away");
  assert.equal(whole({ from: 290, to: 590, last: 590 }), true, "nothing of it is left");
  assert.equal(slide({ ...place, last: 100 }, stretch({ from: 1, to: 301, last: 301 }), WIDTH, 1).clip, 0, "a wide strip");
});

test("without new rows only the pixels that came free are cleared", () => {
  const { place } = slide(null, stretch({ last: 200 }), WIDTH, 1);
  const step = slide(place, stretch({ from: 9, to: 309, last: 200 }), WIDTH, 1);
  assert.deepEqual([step.by, step.clip], [8, 259]);
  assert.equal(slide(step.place, stretch({ from: 9, to: 309, last: 200 }), WIDTH, 1).clip, WIDTH, "nothing at all");
});

const WIDGET = { line: { kind: "line" }, area: { kind: "stacked" } };

/** A drawing of what a ring holds, the newest second `to`. */
function drawing(ring, to, window, pens) {
  const rows = ring.rows(to - window, to);
  const columns = pens.map((_, n) => ring.column(n, rows));
  const shown = view([], [], { times: rows.times, columns, from: to - window, to, revision: ring.revision });
  shown.presence = columns[0];
  return { view: shown, paper: PAPER, pens, rest: [], limits: [], range: { low: 0, high: 100 } };
}

function pen(index, more = {}) {
  return { index, name: `s${index}`, color: DARK.series[index], dash: "solid", ...more };
}

/** Lines of a picture for which `wanted(left, right)` holds, as texts; places count from where it was drawn whole. */
function inked(traces, scale, shifted, wanted) {
  const texts = new Set();
  for (const trace of traces) {
    const recorded = recorder();
    follow(recorded, trace, scale);
    for (const { from, to } of recorded.lines) {
      const side = trace.fill && from.x === to.x;
      if (side || !wanted(Math.min(from.x, to.x), Math.max(from.x, to.x))) continue;
      const ends = [from, to].map(({ x, y }) => `${(x + shifted).toFixed(1)},${y.toFixed(1)}`).sort();
      texts.add(`${trace.name} ${ends.join(" ")}`);
    }
  }
  return [...texts].sort();
}

for (const [name, window] of [["line", 60], ["line", 300], ["line", 900], ["area", 60], ["area", 300], ["area", 900]]) {
  test(`a strip has the very lines of the whole: ${name}, ${window} s`, () => {
    const roll = dice(window);
    const ring = new Ring(3, 4000);
    let place = null;
    let former = null;
    let strips = 0;
    for (let t = 1; t <= window + 150; t += 1) {
      // Samples that failed, seconds that were skipped, numbers that are undefined for a while.
      if (roll(40) === 0) ring.append(t, [null, null, null]);
      else if (roll(60) !== 0) ring.append(t, [roll(30), roll(30), roll(25) === 0 ? null : roll(30)]);
      if (t < window) continue;
      const picture = pictureOf(WIDGET[name], drawing(ring, t, window, [pen(0), pen(1), pen(2)]));
      const { stretch: now, range, traces } = picture.ink;
      const { clip, by, since, place: next } = slide(place, now, WIDTH, 1);
      place = next;
      const { shifted } = place;
      const scale = scaleOf(place, now, range, WIDTH, HEIGHT);
      const all = (wanted) => inked(traces(-Infinity), scale, shifted, wanted);
      if (clip && clip < WIDTH) {
        strips += 1;
        const reaches = (left, right) => right >= clip;
        assert.deepEqual(inked(traces(since), scale, shifted, reaches), all(reaches), `strip of second ${t}`);
        // Lines that begin at the left edge are cut by it.
        const kept = (left, right) => left > 20 && right < clip;
        const before = former((left, right) => left - by > 20 && right - by < clip);
        assert.deepEqual(all(kept), before, `what stays at second ${t}`);
      }
      former = all;
    }
    assert.ok(strips > 100, `${strips}`);
  });
}

test("the key of a picture changes with all that its pixels depend on", () => {
  const ring = new Ring(2, 100);
  for (let t = 1; t <= 60; t += 1) ring.append(t, [t, 1]);
  const key = (more = {}, kind = "line") => pictureOf({ kind }, { ...drawing(ring, 60, 50, [pen(0), pen(1)]), ...more }).ink.stretch.key;
  const base = key();
  const changes = [
    { pens: [pen(0)] },
    { pens: [pen(0), pen(1, { color: DARK.series[5] })] },
    { pens: [pen(0)], rest: [1] },
    { range: { low: 0, high: 101 } },
    { paper: { ...PAPER, palette: LIGHT } },
    { paper: { ...PAPER, width: 400 } },
  ];
  for (const change of changes) assert.notEqual(key(change), base, JSON.stringify(change));
  assert.notEqual(key({}, "stacked"), base);
  ring.append(61, [61, 1]);
  assert.equal(key(), base, "a newer row");
  ring.append(30, [5, 5]);
  assert.notEqual(key(), base, "a row that came late");
});

test("a dashed line is no ink that keeps: its dashes begin at its left end", () => {
  const ring = new Ring(2, 10);
  ring.append(1, [1, 1]);
  const steady = (dash) => pictureOf({ kind: "line" }, drawing(ring, 1, 60, [pen(0), pen(1, { dash })])).ink.steady;
  assert.deepEqual([steady("solid"), steady("dot")], [true, false]);
});

test("heatmaps have no ink", () => {
  const ring = new Ring(1, 10);
  ring.append(1, [1]);
  assert.equal(pictureOf({ kind: "heatmap" }, drawing(ring, 1, 60, [pen(0)])).ink, null);
});

test("the frame stays while time goes on, and changes with the values' range", () => {
  const ring = new Ring(1, 100);
  for (let t = 1; t <= 60; t += 1) ring.append(t, [t]);
  const frame = (to, more = {}) => frameOf(pictureOf({ kind: "line" }, { ...drawing(ring, to, 50, [pen(0)]), ...more }));
  assert.equal(frame(59).key, frame(60).key);
  assert.notEqual(frame(60).key, frame(60, { range: { low: 0, high: 55 } }).key);
  const { data, layout } = frame(60);
  assert.deepEqual([data, layout.shapes, layout.annotations, layout.xaxis.tickvals], [[], [], [], []]);
});

test("dashes as Plotly makes them", () => {
  assert.deepEqual([dashes("solid", 1.5), dashes("dash", 1.2), dashes("dot", 4)], [[], [9, 9], [4, 4]]);
});

const LAYOUT = {
  xaxis: { range: [1000, 1267], tickvals: [1060, 1120], ticktext: ["a", "b"] },
  yaxis: { range: [0, 154] },
  shapes: [
    { type: "rect", xref: "x", x0: 1010, x1: 1020, y0: 0, y1: 1, fillcolor: "grey", line: { width: 0 } },
    { type: "line", xref: "paper", y0: 100, y1: 100, line: { color: "white", width: 1.2 } },
    { type: "line", xref: "x", x0: 1100, x1: 1100, y0: 0.95, y1: 1, line: { color: "white", width: 1.4 } },
  ],
  annotations: [{ xref: "paper", yref: "y", x: 1, y: 100, xanchor: "right", yanchor: "bottom", text: "CPUs &lt;2&gt;", font: { size: 10.5, color: "white" } }],
};

test("what slides stands at its second", () => {
  const shapes = slidingParts(LAYOUT, PAPER);
  assert.deepEqual(shapes[0], { tag: "rect", x: 10, y: 0, width: 10, height: 154, fill: "grey" });
  assert.deepEqual([shapes.length, shapes[1].x1, shapes[1].y2], [2, 100, 0]);
  assert.deepEqual(timeLabels(LAYOUT, PAPER), [{ x: 60, y: 166, text: "a" }, { x: 120, y: 166, text: "b" }]);
});

test("what stays stands at its value, its words as text", () => {
  const { limits, words } = fixedParts(LAYOUT, PAPER);
  assert.deepEqual([limits.length, limits[0].y1, limits[0].x2], [1, 54, 267]);
  assert.deepEqual([words[0].text, words[0]["text-anchor"], words[0].x], ["CPUs <2>", "end", 329]);
  assert.ok(words[0].y < 62 && words[0].y > 54);
});

/** Seats of "CPUs 2" at 50 of 0 to 100, with these values at the left end, in the middle and at the right. */
function seat(left, right, seats) {
  const times = Array.from({ length: 61 }, (_, n) => n);
  const values = times.map((t) => (t < 20 ? left : t < 40 ? 0 : right));
  const made = { view: view(times, [values]), paper: PAPER, pens: [pen(0)], rest: [], limits: [], range: { low: 0, high: 100 }, seats };
  return seatOf(made, { name: "CPUs", value: 50 }, "CPUs 2");
}

test("a limit's words stand where no line is", () => {
  assert.deepEqual(seat(0, 0), { right: true, above: true });
  assert.deepEqual(seat(0, 55), { right: true, above: false });
  assert.deepEqual(seat(0, 50), { right: false, above: true });
  assert.deepEqual(seat(55, 50), { right: false, above: false });
});

test("they stay until data come in their way", () => {
  const seats = new Map();
  assert.equal(seat(0, 55, seats).above, false);
  assert.equal(seat(0, 0, seats).above, false);
  assert.equal(seat(0, 45, seats).above, true);
});

test("they never leave the plot", () => {
  const made = { view: view([1, 2], [[0, 0]]), paper: PAPER, pens: [pen(0)], rest: [], limits: [], range: { low: 0, high: 100 } };
  assert.equal(seatOf(made, { name: "CPUs", value: 99 }, "CPUs 2").above, false);
});
