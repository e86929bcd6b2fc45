/** Colours that can be read: contrast as WCAG 2.2 counts it, and distance for eyes that see other colours. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CONTRAST, CONTRAST_LIGHT, DARK, LIGHT, penOf } from "../../static/js/model/colours.js";

const PALETTES = { DARK, LIGHT, CONTRAST, CONTRAST_LIGHT };
/** Least contrast with the card: of words, of series, of the grid. */
const LEAST = {
  DARK: { words: 4.5, series: 3, grid: 1 },
  LIGHT: { words: 4.5, series: 3, grid: 1 },
  CONTRAST: { words: 7, series: 7, grid: 3 },
  CONTRAST_LIGHT: { words: 7, series: 7, grid: 3 },
};
/** Least distance in CIE Lab of the first four series, to all eyes. */
const APART = 10;

const linear = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, one, n) => sum + one * vector[n], 0));

function contrast(a, b) {
  const [dark, light] = [a, b].map((hex) => times([[0.2126, 0.7152, 0.0722]], linear(hex))[0]).sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** What eyes without one kind of cones see: Machado, Oliveira and Fernandes 2009, severity 1. */
const EYES = {
  all: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];

function lab(hex, eyes) {
  const seen = times(EYES[eyes], linear(hex)).map((c) => Math.max(0, Math.min(1, c)));
  const [x, y, z] = times(XYZ, seen).map((one, n) => one / [0.95047, 1, 1.08883][n]).map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test("contrast is counted as WCAG does", () => {
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.ok(Math.abs(contrast("#777777", "#ffffff") - 4.48) < 0.01);
});

for (const [name, palette] of Object.entries(PALETTES)) {
  test(`words and lines of ${name} can be read on its card`, () => {
    const least = LEAST[name];
    for (const ink of [palette.text, palette.muted, palette.limit]) assert.ok(contrast(ink, palette.card) >= least.words, ink);
    for (const ink of palette.series) assert.ok(contrast(ink, palette.card) >= least.series, ink);
    assert.ok(contrast(palette.grid, palette.card) >= least.grid);
  });

  test(`the first four series of ${name} are told apart by all eyes`, () => {
    const four = palette.series.slice(0, 4);
    for (const eyes of Object.keys(EYES)) {
      four.forEach((a, n) => four.slice(n + 1).forEach((b) => {
        const [one, other] = [lab(a, eyes), lab(b, eyes)];
        assert.ok(Math.hypot(...one.map((value, at) => value - other[at])) >= APART, `${a} ${b} ${eyes}`);
      }));
    }
  });
}

test("in high contrast neighbours differ by their dashes, and lines are thicker", () => {
  for (const palette of [CONTRAST, CONTRAST_LIGHT]) {
    const dashes = Array.from({ length: 24 }, (_, n) => penOf(palette, n).dash);
    dashes.slice(1).forEach((dash, n) => assert.notEqual(dash, dashes[n]));
    const pens = Array.from({ length: 24 }, (_, n) => penOf(palette, n)).map(({ color, dash }) => `${color} ${dash}`);
    assert.equal(new Set(pens).size, 24);
    assert.ok(palette.width > DARK.width);
  }
  assert.deepEqual([penOf(DARK, 0).dash, penOf(DARK, 7).dash, penOf(DARK, 8).dash], ["solid", "solid", "dot"]);
});

/** Colours of a theme in the style sheet, by name. */
function sheet(theme) {
  const css = readFileSync(new URL("../../static/css/theme.css", import.meta.url), "utf8");
  const [, block] = new RegExp(`:root\\[data-theme="${theme}"\\] {([^}]*)}`).exec(css);
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, key, hex]) => [key, hex]));
}

test("the page in high contrast: words of 7 to 1 on all its grounds, borders of 3 to 1", () => {
  for (const [theme, palette] of [["contrast", CONTRAST], ["contrast-light", CONTRAST_LIGHT]]) {
    const page = sheet(theme);
    assert.deepEqual([page.card, page.text, page.muted], [palette.card, palette.text, palette.muted]);
    for (const ground of ["ground", "bar", "card", "raised", "accent-ground"]) {
      for (const ink of ["text", "muted", "accent", "good", "warn", "bad"]) {
        const found = contrast(page[ink], page[ground]);
        assert.ok(found >= 7, `${theme}: ${ink} on ${ground} is ${found.toFixed(1)}`);
      }
    }
    for (const line of ["line", "line-strong"]) assert.ok(contrast(page[line], page.card) >= 3, line);
  }
});
