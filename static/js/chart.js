/**
 * The only module that touches Plotly. A chart is a node, a figure, and nothing else:
 * figures are made in model/figures.js, when to draw is decided in painter.js.
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

class Chart {
  #node;

  /** @param {HTMLElement} node */
  constructor(node) {
    this.#node = node;
  }

  /** @param {{data: object[], layout: object}} figure @returns {boolean} whether it was drawn */
  draw(figure) {
    if (!plotly()) return false;
    plotly().react(this.#node, figure.data, figure.layout, CONFIG);
    return true;
  }

  /** A PNG of what is drawn, to the downloads. @param {string} filename */
  save(filename) {
    return plotly()?.downloadImage(this.#node, { format: "png", scale: 2, filename });
  }

  destroy() {
    plotly()?.purge(this.#node);
  }
}

export { Chart, plotlyLoaded };
