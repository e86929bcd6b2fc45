/**
 * What a card says while it has nothing to draw. Pure.
 */

import { stateName } from "../model/hosts.js";
import { EVERY } from "../model/together.js";

/**
 * @param {import("../actions.js").State} state
 * @param {string} host
 * @param {boolean} refused whether the server left the widget out
 */
function waiting({ hosts, link }, host, refused) {
  const said = hosts[host];
  if (refused) return "This widget is not drawn: see the note at the top of the page.";
  if (!link.up) return "Waiting for the connection to vectorpy.";
  if (host === EVERY) return "Connecting to the hosts.";
  if (!said || said.state === "connecting") return `Connecting to ${host}.`;
  return said.state === "live" ? "Waiting for the first points." : `${host} is ${stateName(said.state)}; nothing was drawn yet.`;
}

export { waiting };
