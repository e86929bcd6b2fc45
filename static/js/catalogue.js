/**
 * The lists of widgets and presets: asked for at the start, and again when the server says that
 * files of its user's own were read anew. What they mean is the server's affair.
 */

import { catalog_loaded } from "./actions.js";
import { get } from "./api.js";

/**
 * The catalogue as the page keeps it.
 * @param {any} widgets answer of /api/v1/widgets
 * @param {any} presets answer of /api/v1/presets
 */
function catalogOf(widgets, presets) {
  return {
    widgets: widgets.widgets ?? [],
    aliases: widgets.aliases ?? {},
    problems: widgets.problems ?? [],
    presets: presets.presets ?? [],
    preset: presets.default ?? "triage",
  };
}

/** Asks for both lists again; where they don't come, the page keeps those it has. @param {import("./feeds.js").PageStore} store */
async function reloadCatalog(store) {
  try {
    const [widgets, presets] = await Promise.all([get("widgets"), get("presets")]);
    store.do(catalog_loaded, catalogOf(widgets, presets));
  } catch {
    // The server is away; when it is back, a reload of the page asks again.
  }
}

export { catalogOf, reloadCatalog };
