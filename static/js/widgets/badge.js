/**
 * The mark of a card while the dashboard is narrowed to a container: of the whole host, or of a
 * container that stopped. What it says is model/narrow.js's.
 */

import { findWidget } from "../actions.js";
import { el, hide, say } from "../dom.js";
import { markOf } from "../model/narrow.js";

class Badge {
  node = el("span", { class: "card-badge", hidden: true });

  /** @param {import("../actions.js").State} state @param {string} wish @param {import("../model/types.js").Narrow} [narrow] */
  show(state, wish, narrow) {
    const { container } = state.dashboard;
    if (!container && !narrow) return hide(this.node, true);
    const { text, why } = markOf(findWidget(state, wish.split(";")[0]), container, narrow, state.utc);
    hide(this.node, !text);
    say(this.node, text);
    if (this.node.title !== why) this.node.title = why;
  }
}

export { Badge };
