/**
 * Groups of hosts: asked of the server by name, and brought onto the page with words for what is
 * left out. A page opened by its link shows the hosts of the link, as whoever sent it saw them; where the
 * group has other members now, these are offered.
 */

import { notice_cleared, notice_given } from "./actions.js";
import { get } from "./api.js";
import { changes, groupTitle, listed } from "./model/together.js";
import { MOST } from "./model/url.js";
import { group_added } from "./overlaying.js";

/**
 * @typedef {import("./feeds.js").PageStore} PageStore
 * @typedef {{name: string, hosts: string[], total: number, refused: {host: string, reason: string}[]}} Group
 */

/** @param {string} name @returns {Promise<Group>} */
function getGroup(name) {
  return get(`groups/${encodeURIComponent(name)}`);
}

/** The groups of the server's file, for suggestions; none where they don't come. @returns {Promise<{name: string, hosts: string[]}[]>} */
async function listGroups() {
  try {
    return (await get("groups")).groups ?? [];
  } catch {
    return [];
  }
}

/** Brings the members of a group onto the page; throws what the server says. @param {PageStore} store @param {string} name */
async function addGroup(store, name) {
  const group = await getGroup(name);
  const title = groupTitle(group.name);
  if (!group.hosts.length) {
    const [refused] = group.refused;
    throw new Error(`${title} has no host that may be shown here. ${refused ? `${refused.host}: ${refused.reason}` : ""}`.trim());
  }
  const before = store.state.dashboard.hosts;
  store.do(group_added, { group: group.name, hosts: group.hosts });
  const { hosts } = store.state.dashboard;
  tell(store, group, group.hosts.filter((host) => hosts.includes(host) || before.includes(host)).length);
}

/** What of a group is not shown, in words. @param {PageStore} store @param {Group} group @param {number} shown */
function tell(store, { name, total, refused }, shown) {
  const words = [];
  if (shown + refused.length < total) words.push(`${shown} of ${total} hosts of ${groupTitle(name)} are shown: a page holds ${MOST.hosts}.`);
  if (refused.length) {
    words.push(`This server may not reach ${listed(refused.map(({ host }) => host))} of ${groupTitle(name)}. ${refused[0].reason}`);
  }
  if (words.length) store.do(notice_given, { key: `group ${name}`, kind: /** @type {const} */ ("note"), text: words.join(" ") });
  else store.do(notice_cleared, `group ${name}`);
}

/** After a link was opened: a group without hosts is read, one with hosts is compared. @param {PageStore} store */
async function openGroups(store) {
  const { groups, hosts } = store.state.dashboard;
  for (const name of groups) {
    try {
      if (!hosts.length) await addGroup(store, name);
      else offer(store, await getGroup(name), groups.length === 1);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      store.do(notice_given, { key: `group ${name}`, kind: hosts.length ? "note" : "error", text: `${groupTitle(name)}: ${text}` });
    }
  }
}

/** Offers the members of now where the page lacks some. @param {PageStore} store @param {Group} group @param {boolean} whole whether all hosts of the page are this group's */
function offer(store, group, whole) {
  const { came, went } = changes(store.state.dashboard.hosts, group.hosts);
  if (!came.length) return;
  const title = groupTitle(group.name);
  const gone = whole && went.length ? ` ${listed(went)} ${went.length > 1 ? "are" : "is"} not in it.` : "";
  store.do(notice_given, {
    key: `group ${group.name}`,
    kind: /** @type {const} */ ("note"),
    text: `This page shows ${title} as it was put together. Now ${listed(came)} ${came.length > 1 ? "belong" : "belongs"} to it too.${gone}`,
    action: { label: whole ? `Show ${title} as it is now` : `Add ${listed(came, 2)}`, group: group.name, hosts: group.hosts, instead: whole ? went : [] },
  });
}

export { addGroup, listGroups, openGroups };
