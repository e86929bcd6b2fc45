/**
 * The foot of the page: in which zone the times are, and of which stretch while it is held still.
 */

import { zone_chosen } from "../actions.js";
import { el, fill } from "../dom.js";
import { clockText, zoneName } from "../model/ticks.js";

/** @param {HTMLElement} node @param {import("../feeds.js").PageStore} store @param {() => void} picture saves a picture of the page */
function mountFoot(node, store, picture) {
  const show = () => {
    const { utc, dashboard } = store.state;
    const now = Date.now() / 1000;
    const local = zoneName(now, false);
    const { frozen } = dashboard;
    const held = frozen && `Held still: ${clockText(frozen.from, true, utc)} to ${clockText(frozen.to, true, utc)}. `;
    const other = utc ? `show ${local}` : "show UTC";
    fill(
      node,
      el("span", {}, held ?? "", `Times are ${zoneName(now, utc)}. `),
      local !== "UTC" && el("button", { type: "button", class: "link", onclick: () => store.do(zone_chosen, !utc) }, other),
      dashboard.hosts.length > 0 && el("button", { type: "button", class: "link", onclick: picture }, "Save the page as PNG"),
    );
  };
  show();
  store.subscribe((state) => state.utc, show);
  store.subscribe((state) => state.dashboard.frozen, show);
  store.subscribe((state) => state.dashboard.hosts, show);
}

export { mountFoot };
