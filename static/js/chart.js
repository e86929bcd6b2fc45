/**
 * The only module that touches Plotly. A chart is a node, a figure, and nothing else:
 * figures are made in model/figures.js, when to draw is decided in painter.js, and what Plotly
 * draws of a live chart in renderer.js.
 */

/** Nothing is ever sent to Plotly's cloud, whatever its defaults become. */
const CONFIG = {
  displaylogo: false,
  displayModeBar: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  modeBarButtonsToRemove: ["sendChartToCloud"],
  doubleClick: false,
  responsive: false,
  scrollZoom: false,
  showTips: false,
};

/** @returns {any} */
function plotly() {
  return /** @type {any} */ (window).Plotly ?? null;
}

/** Resolves when Plotly is there; rejects where it can't be loaded. @returns {Promise<void>} */
function plotlyLoaded() {
  if (plotly()) return Promise.resolve();
  const script = document.querySelector("script[data-plotly]");
  return new Promise((resolve, reject) => {
    script?.addEventListener("load", () => resolve(), { once: true });
    script?.addEventListener("error", () => reject(new Error("Plotly can't be loaded.")), { once: true });
    // It may have come, or failed, before anybody listened.
    if (plotly()) resolve();
  });
}

let drawn = false;

/** A small chart with all that ours have: an area, a line, a limit, words. */
const SAMPLE = {
  data: [
    { type: "scatter", mode: "lines", x: [0, 1, 1, 0], y: [0, 0, 1, 1], fill: "toself", line: { width: 0 } },
    { type: "scatter", mode: "lines", x: [0, 1], y: [0, 1] },
  ],
  layout: {
    width: 400,
    height: 180,
    showlegend: false,
    xaxis: { type: "linear", range: [0, 1], fixedrange: true, tickmode: "array", tickvals: [0, 1], ticktext: ["0", "1"] },
    yaxis: { type: "linear", range: [0, 1], fixedrange: true, tickmode: "array", tickvals: [0, 1], ticktext: ["0", "1"] },
    shapes: [{ type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: 0.5, y1: 0.5 }],
    annotations: [{ xref: "paper", yref: "y", x: 0, y: 0.5, text: "limit", showarrow: false }],
  },
};

/**
 * Plotly's first chart takes several times as long as the next: where none was drawn yet, one is
 * drawn out of sight, so that a host's first points need not wait for that.
 */
async function warmUp() {
  if (drawn || !plotly()) return;
  const node = document.createElement("div");
  node.setAttribute("aria-hidden", "true");
  Object.assign(node.style, { position: "fixed", left: "-1000px", top: "0", visibility: "hidden" });
  document.body.append(node);
  await plotly().react(node, SAMPLE.data, SAMPLE.layout, CONFIG);
  plotly().purge(node);
  node.remove();
}

class Chart {
  #node;

  /** @param {HTMLElement} node */
  constructor(node) {
    this.#node = node;
  }

  /** @param {{data: object[], layout: object}} figure @returns {boolean} whether it was drawn */
  draw(figure) {
    if (!plotly()) return false;
    drawn = true;
    plotly().react(this.#node, figure.data, figure.layout, CONFIG);
    return true;
  }

  destroy() {
    plotly()?.purge(this.#node);
  }
}

/**
 * A figure as a picture that can be drawn elsewhere.
 * @param {{data: object[], layout: object}} figure
 * @param {number} width in pixels of the page
 * @param {number} height
 * @param {number} scale
 * @returns {Promise<HTMLImageElement>}
 */
async function imageOf({ data, layout }, width, height, scale) {
  const image = new Image();
  image.src = await plotly().toImage({ data, layout, config: CONFIG }, { format: "png", width, height, scale });
  await image.decode();
  return image;
}

export { Chart, imageOf, plotlyLoaded, warmUp };
