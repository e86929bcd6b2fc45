/**
 * A live preview of a wish: the last minute as small lines, and the newest values. It asks each
 * second by HTTP, as a script would; the dashboard's own channels are none of its business.
 */

import { Failed, getPoints } from "../api.js";
import { el, fill } from "../dom.js";
import { penOf } from "../model/colours.js";
import { ends, newest, previewPath } from "../model/preview.js";
import { format } from "../model/units.js";

/** @typedef {import("../model/preview.js").PreviewSeries} PreviewSeries */

const EVERY = 1000;
const WIDTH = 300;
const HEIGHT = 56;
const MINUTE = 60_000;
const MOST = 8;
const SVG = "http://www.w3.org/2000/svg";

class Preview {
  #picture = document.createElementNS(SVG, "svg");
  #words = el("p", { class: "preview-words quiet", role: "status" });
  #list = el("dl", { class: "preview-values" });
  node = el("div", { class: "preview" });
  /** @type {(n: number) => string} */
  #ink;
  #wait = 0;
  #stop = new AbortController();

  /** @param {() => import("../model/colours.js").Palette} palette */
  constructor(palette) {
    this.#ink = (n) => penOf(palette(), n).color;
    this.#picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.#picture.setAttribute("preserveAspectRatio", "none");
    this.#picture.setAttribute("aria-hidden", "true");
    this.node.append(this.#picture, this.#words, this.#list);
  }

  /** Shows another wish from now on; null: none. @param {string} host @param {string|null} wish */
  show(host, wish) {
    this.stop();
    this.#draw([], "", wish ? "Asking the host." : "");
    this.#stop = new AbortController();
    if (wish) this.#ask(host, wish, this.#stop.signal);
  }

  stop() {
    clearTimeout(this.#wait);
    this.#stop.abort();
  }

  /** @param {string} host @param {string} wish @param {AbortSignal} signal */
  async #ask(host, wish, signal) {
    if (!document.hidden) {
      try {
        const said = await getPoints(host, wish, signal);
        if (signal.aborted) return;
        const [widget] = said.widgets ?? [];
        if (widget) this.#draw(widget.series, widget.unit, widget.reason || (widget.series.length ? "" : "The first values are on their way."));
        else this.#draw([], "", said.reason || "The first values are on their way.");
      } catch (error) {
        if (signal.aborted) return;
        this.#draw([], "", error instanceof Failed ? `${error.message} ${error.hint}`.trim() : String(error));
      }
    }
    this.#wait = setTimeout(() => this.#ask(host, wish, signal), EVERY);
  }

  /** @param {PreviewSeries[]} all @param {string} unit @param {string} words */
  #draw(all, unit, words) {
    const series = all.filter(({ labels }) => !["limit", "readout", "mark"].includes(labels?.role ?? "")).slice(0, MOST);
    const scale = ends(series);
    const to = Math.max(0, ...series.flatMap(({ points }) => points.slice(-1).map(([t]) => t)));
    const box = { from: to - MINUTE, to, width: WIDTH, height: HEIGHT };
    fill(this.#picture, ...(scale ? series.map((one, n) => line(previewPath(one, box, scale), this.#ink(n))) : []));
    this.#words.hidden = !words;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    const rest = all.length - series.length;
    // Where all are of one expression, the instance says enough.
    const one = new Set(all.map(({ labels }) => labels?.series)).size === 1;
    const title = (/** @type {PreviewSeries} */ { name, labels }) => (one && labels?.instance) || name;
    fill(
      this.#list,
      ...series.flatMap((each, n) => [el("dt", {}, swatch(this.#ink(n)), title(each)), el("dd", { class: "number" }, format(newest(each), unit))]),
      ...(rest > 0 ? [el("dt", { class: "quiet" }, `and ${rest} more`), el("dd", {})] : []),
    );
  }
}

/** @param {string} path @param {string} ink */
function line(path, ink) {
  const node = document.createElementNS(SVG, "path");
  node.setAttribute("d", path);
  node.style.stroke = ink;
  return node;
}

/** @param {string} ink */
function swatch(ink) {
  const node = el("i", { class: "swatch solid" });
  node.style.setProperty("--ink", ink);
  return node;
}

export { Preview };
