/**
 * What a click in a card's legend means: which series of its widget are drawn, or, where hosts
 * stand in one chart, which hosts are drawn in all charts.
 */

import { series_isolated, series_toggled } from "../actions.js";
import { hiddenNames } from "../model/shown.js";
import { hiddenHosts, hostNames } from "../model/together.js";
import { host_isolated, host_toggled } from "../overlaying.js";

/**
 * @typedef {import("../model/types.js").View} View
 * @typedef {{hidden: (wish: string, view: View) => string[],
 *   toggle: (wish: string, name: string, names: string[]) => void,
 *   isolate: (wish: string, name: string) => void}} Choices hidden: names of series
 */

/** @param {import("../feeds.js").PageStore} store @returns {Choices} */
function ofSeries(store) {
  return {
    hidden: (wish, view) => hiddenNames(store.state.dashboard.series[wish], view.series.map(({ name }) => name)),
    toggle: (wish, name, names) => store.do(series_toggled, { wish, name, names }),
    isolate: (wish, name) => store.do(series_isolated, { wish, name }),
  };
}

/** @param {import("../feeds.js").PageStore} store @returns {Choices} */
function ofHosts(store) {
  const names = () => hostNames(store.state.dashboard, store.state.hosts);
  const host = (/** @type {string} */ name) => [...names()].find(([, one]) => one === name)?.[0] ?? name;
  return {
    hidden: () => {
      const known = names();
      return hiddenHosts(store.state.dashboard).map((one) => known.get(one) ?? one);
    },
    toggle: (_wish, name) => store.do(host_toggled, host(name)),
    isolate: (_wish, name) => store.do(host_isolated, host(name)),
  };
}

export { ofHosts, ofSeries };
