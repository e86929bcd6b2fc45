/**
 * Draws data.json's charts with uPlot, one more second of them every second.
 * Only what the benchmark needs: a title, the lines, and the last values as text.
 */

const SIZE = { width: 343, height: 184 };
const COLOURS = ["#4e9fff", "#ffb14e", "#54d68b", "#ff6b6b", "#b28dff", "#4edfe0", "#f2e05c", "#ff8fd0"];

const data = await (await fetch("/data.json")).json();
const from = data.t.length - data.window;
let now = data.t.length;

/** The chart's columns for the window that ends now; past the end they start over. */
function columns(chart) {
  const at = Array.from({ length: data.window }, (_, k) => (now - data.window + k) % data.t.length);
  const x = Array.from({ length: data.window }, (_, k) => data.t[0] + now - data.window + k);
  return [x, ...chart.columns.map((column) => at.map((k) => column[k]))];
}

function card(chart) {
  const box = document.createElement("section");
  const title = document.createElement("h3");
  const values = document.createElement("p");
  title.textContent = chart.title;
  box.append(title);
  document.querySelector("main").append(box);
  const series = chart.names.map((label, n) => ({ label, stroke: COLOURS[n % COLOURS.length], points: { show: false } }));
  const plot = new uPlot({ ...SIZE, legend: { show: false }, series: [{}, ...series] }, columns(chart), box);
  box.append(values);
  return () => {
    const shown = columns(chart);
    plot.setData(shown);
    values.textContent = shown.slice(1).map((column) => column.at(-1)?.toPrecision(3) ?? "-").join("  ");
  };
}

const draws = data.charts.map(card);
window.ticks = 0;

function tick() {
  now += 1;
  window.ticks += 1;
  for (const draw of draws) draw();
  setTimeout(tick, 1000);
}

if (from >= 0) tick();
