/**
 * Named changes of how several hosts stand on the page: pure, as those of actions.js.
 */

import { host_removed, hosts_added } from "./actions.js";
import { isolated, toggled } from "./model/shown.js";
import { GROUPS } from "./model/together.js";

/** @typedef {import("./actions.js").State} State */

/** @param {State} state @param {Partial<import("./model/types.js").Dashboard>} part @returns {State} */
function change(state, part) {
  return { ...state, dashboard: { ...state.dashboard, ...part } };
}

/** All hosts in one chart per widget, or side by side. @param {State} state @param {boolean} overlaid */
function hosts_overlaid(state, overlaid) {
  return change(state, { overlaid });
}

/** Shows or hides one host's lines in all charts. @param {State} state @param {string} host */
function host_toggled(state, host) {
  const { hosts, shownHosts } = state.dashboard;
  return change(state, { shownHosts: toggled(shownHosts ?? undefined, host, hosts) });
}

/** One host's lines alone, or all again. @param {State} state @param {string} host */
function host_isolated(state, host) {
  return change(state, { shownHosts: isolated(state.dashboard.shownHosts ?? undefined, host) });
}

/** Which series of a widget is compared; null: its headline. @param {State} state @param {{wish: string, measure: string|null}} choice */
function measure_chosen(state, { wish, measure }) {
  const compared = { ...state.dashboard.compared };
  delete compared[wish];
  return change(state, { compared: measure ? { ...compared, [wish]: measure } : compared });
}

/** The present members of a group come to the page, or take the place of `instead`. @param {State} state @param {{group: string, hosts: string[], instead?: string[]}} members */
function group_added(state, { group, hosts, instead = [] }) {
  const kept = instead.filter((host) => !hosts.includes(host)).reduce(host_removed, state);
  const added = hosts_added(kept, hosts);
  const groups = [...new Set([...state.dashboard.groups, group])].slice(-GROUPS);
  return { ...change(added, { groups }), recent: state.recent };
}

export { group_added, host_isolated, host_toggled, hosts_overlaid, measure_chosen };
