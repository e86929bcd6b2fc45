/**
 * Two charts of the same points in a browser, one as it is drawn live, one as Plotly draws it;
 * and how far two pictures are apart. Run inside the page by test_ink.py; no test stands here.
 */

const T0 = 1790000000;
const SIZE = { width: 376, height: 184 };

/** What there is to see: series, and what is odd about their rows. */
const SCENES = {
  lines: { series: 4 },
  alone: { series: 1 },
  many: { series: 20 },
  stacked: { series: 5, kind: "stacked" },
  gaps: { series: 3, holes: true },
  "gaps in a stack": { series: 4, kind: "stacked", holes: true },
  "gaps in an area": { series: 1, holes: true },
  limits: { series: 2, limit: 42 },
  marks: { series: 2, marks: true },
  "five minutes": { series: 3, window: 300, limit: 70, holes: true },
  "an hour": { series: 3, window: 3600, kind: "stacked" },
  "not recorded": { series: 2, window: 120, since: 70 },
  "log scale": { series: 4, spread: true, limit: 400 },
  "log with zeros": { series: 2, spread: true, zeros: true, holes: true },
  "a moment ago": { series: 3, ghost: true, holes: true },
  "a moment ago on a log scale": { series: 2, spread: true, ghost: true },
  "a stack and a moment ago": { series: 3, kind: "stacked", ghost: true },
};

function dice(seed) {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

const named = (name, role) => ({ name, labels: role ? { role } : {} });

/** Rows of a scene up to the second `to`. */
function fill(ring, scene, roll, from, to) {
  const { series, window = 60, since = 0 } = scene;
  for (let t = from; t <= to; t += 1) {
    if (t < T0 + since) continue;
    const failed = scene.holes && t % Math.ceil(window / 3) < window / 12;
    const values = Array.from({ length: series }, (_, n) => {
      if (failed || (scene.holes && n === 1 && t % 17 === 0)) return null;
      // Half a pixel more or less must not decide what a column of pixels shows.
      if (scene.zeros && n === 1 && t % 7 < 3) return 0;
      if (scene.spread) return 10 ** (n - 1 + Math.sin(t / 9 + n)) * (1 + roll());
      if (window > 1000) return 18 + 8 * Math.sin(t / 200 + n) + roll() * 3;
      return scene.kind === "stacked" ? (roll() * 60) / series + 6 : 30 + 25 * Math.sin(t / 9 + n) + roll() * 9;
    });
    const marks = scene.marks && t % 13 === 0 ? 1 : 0;
    ring.append(t, [failed ? null : 1, ...values, scene.limit ?? null, marks]);
  }
}

async function modules() {
  const names = ["renderer", "model/picture", "model/pens", "model/rank", "model/ring", "model/colours", "model/log"];
  return Object.assign({}, ...(await Promise.all(names.map((name) => import(`/static/js/${name}.js`)))));
}

/** A box over the page, with its ground. */
function box(side, ground) {
  const node = document.createElement("div");
  const place = { position: "fixed", zIndex: "99", top: "100px", left: `${side}px`, width: `${SIZE.width}px`, height: `${SIZE.height}px` };
  Object.assign(node.style, place, { background: ground, overflow: "hidden" });
  document.body.append(node);
  return node;
}

/** Draws a scene both ways: `steps` seconds one by one, or at once. Returns how often the ink was drawn. */
async function drawn({ scene: name, theme, steps, wrong }) {
  const made = await modules();
  const scene = SCENES[name];
  const { series, kind = "line", window = 60 } = scene;
  const palette = made[theme.toUpperCase()];
  const range = scene.spread ? made.logRange(null, { least: 0.1, most: 500, lowest: scene.zeros ? 0 : 0.1 }, { unit: "count" }) : { low: 0, high: 80 };
  const ring = new made.Ring(series + 3, 4000);
  const roll = dice(7);
  const labels = [...Array.from({ length: series }, (_, n) => named(`series ${n}`)), named("CPUs", "limit"), named("bursts", "mark")];
  const seats = new Map();
  const choice = new made.Choice();
  const viewed = (from, to) => {
    const rows = ring.rows(from, to);
    const columns = labels.map((_, n) => ring.column(n + 1, rows));
    const view = { times: rows.times, columns, series: labels, unit: "count", interval: 1, from, to };
    return Object.assign(view, { presence: ring.column(0, rows), since: ring.first, revision: ring.revision });
  };
  const picture = (to, ink = palette) => {
    const view = viewed(to - window, to);
    const ghost = scene.ghost ? { view: viewed(to - 2 * window, to - window), by: window } : null;
    const plan = made.planPens(view, { kind, hidden: [], palette: ink, choice });
    const paper = { ...SIZE, palette, utc: true };
    return made.pictureOf({ kind }, { view, paper, ...plan, range, seats, ghost });
  };
  const [live, still] = [10, 400].map((side) => {
    const renderer = new made.Renderer(() => {});
    box(side, palette.card).append(renderer.node);
    return renderer;
  });
  const end = T0 + window;
  fill(ring, scene, roll, scene.ghost ? T0 - window : T0, end);
  for (let to = end; to <= end + steps; to += 1) {
    if (to > end) fill(ring, scene, roll, to, to);
    live.draw(picture(to, wrong ? made.LIGHT : palette), true);
  }
  still.draw(picture(end + steps), false);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return { ...live.drawn };
}

async function pixels(png) {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  return pen.getImageData(0, 0, image.width, image.height);
}

/** Share of pixels of `a` that differ by more than `step` from all neighbours of their place in `b`. */
function strangers(a, b, step) {
  let count = 0;
  for (let y = 1; y < a.height - 1; y += 1) {
    for (let x = 1; x < a.width - 1; x += 1) {
      const at = (y * a.width + x) * 4;
      let least = 255;
      for (let dy = -1; dy <= 1; dy += 1) {
        for (let dx = -1; dx <= 1; dx += 1) {
          const to = at + (dy * a.width + dx) * 4;
          const apart = Math.max(...[0, 1, 2].map((c) => Math.abs(a.data[at + c] - b.data[to + c])));
          least = Math.min(least, apart);
        }
      }
      if (least > step) count += 1;
    }
  }
  return count / (a.width * a.height);
}

/** How far two pictures are apart: pixels that the other has not, and the mean difference of all. */
async function apart([first, second]) {
  const [a, b] = await Promise.all([pixels(first), pixels(second)]);
  if (a.width !== b.width || a.height !== b.height) return { strange: 1, mean: 255 };
  let sum = 0;
  for (let i = 0; i < a.data.length; i += 1) sum += Math.abs(a.data[i] - b.data[i]);
  return { strange: Math.max(strangers(a, b, 40), strangers(b, a, 40)), mean: sum / (a.width * a.height * 3) };
}

/** Whether a picture has a colour. */
async function has(png, [r, g, b]) {
  const { data } = await pixels(png);
  for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b) return true;
  return false;
}

window.ink = { scenes: Object.keys(SCENES), drawn, apart, has };
