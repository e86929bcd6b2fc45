/**
 * Several hosts on one page, in the URL: side by side or in one chart, which of them are hidden
 * there, what is compared, and the groups that they came from.
 *
 * `hosts=overlaid&hide-host=web-1&measure=cpu:user&group=web`; `only-host=web-2` shows that one
 * alone. A group is a name in the server's file of groups, or `NAME/*`: all addresses of a name.
 * The hosts of a group stand in the URL as well, so that a link shows the same hosts to everybody;
 * `group` alone is read as its present members.
 */

import { printCompared, readCompared } from "./compare.js";
import { hostTitle } from "./hosts.js";
import { hiddenNames, places } from "./shown.js";

/** @typedef {import("./types.js").Dashboard} Dashboard */

const OVERLAID = "overlaid";
/** Stands for all hosts where one is named; no host is called so. */
const EVERY = "*";
/** So many groups are kept. */
const GROUPS = 4;
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const ALL = "/*";
/** An address, of whatever scheme and port. */
const ADDRESS = /^(?:\w+:\/\/)?(?:[\d.]+|\[[\da-f:.]+\])(?::\d+)?$/i;

/** @param {Dashboard} dashboard @param {string[]} shown wishes @returns {[string, string][]} */
function printTogether({ groups, overlaid, shownHosts, compared }, shown) {
  /** @type {[string, string][]} */
  const parts = groups.map((group) => ["group", group]);
  if (overlaid) parts.push(["hosts", OVERLAID]);
  if (shownHosts) parts.push(...shownHosts.names.map((host) => /** @type {[string, string]} */ ([shownHosts.only ? "only-host" : "hide-host", host])));
  parts.push(...printCompared(compared, places(shown)).map((text) => /** @type {[string, string]} */ (["measure", text])));
  return parts;
}

/**
 * Hosts that are not on the page are left out of what is hidden.
 * @param {URLSearchParams} query
 * @param {Dashboard} dashboard whose hosts are known
 * @param {string[]} shown wishes
 * @param {string[]} problems
 */
function readTogether(query, dashboard, shown, problems) {
  const known = (/** @type {string} */ key) => [...new Set(query.getAll(key))].filter((host) => dashboard.hosts.includes(host));
  const only = known("only-host");
  const hidden = known("hide-host");
  dashboard.overlaid = query.get("hosts") === OVERLAID;
  dashboard.shownHosts = only.length ? { only: true, names: only } : hidden.length ? { only: false, names: hidden } : null;
  dashboard.compared = readCompared(query.getAll("measure"), places(shown));
  for (const text of new Set(query.getAll("group").filter(Boolean))) {
    const group = groupName(text);
    if (group && dashboard.groups.length < GROUPS) dashboard.groups.push(group);
    else problems.push(group ? `A page keeps ${GROUPS} groups; left out: ${text}.` : `The URL's group=${text} is no group of hosts.`);
  }
}

/**
 * The group that a typed word means: `@web`, or `web.example.com/*`, with scheme and port where a
 * host may have them; null where it is none. Neither form is a host's.
 * @param {string} typed
 */
function typedGroup(typed) {
  if (typed.startsWith("@")) return groupName(typed.slice(1).toLowerCase()) ?? typed.slice(1);
  return typed.endsWith(ALL) && typed.length > ALL.length ? typed.toLowerCase() : null;
}

/** The group's name where the text is one. @param {string} text */
function groupName(text) {
  if (text.endsWith(ALL)) return text.length > ALL.length && text.length <= 300 ? text : null;
  return NAME.test(text) ? text : null;
}

/** Whether its members are the addresses of a name. @param {string} group */
function byName(group) {
  return group.endsWith(ALL);
}

/** The group as people type it. @param {string} group */
function groupTitle(group) {
  return byName(group) ? group : `@${group}`;
}

/**
 * Each host's name among the others: as typed; addresses that a group by name brought, by what
 * their pmcd calls itself. Where two would be called the same, both go by their id.
 * @param {Dashboard} dashboard
 * @param {Record<string, {name: string|null}|undefined>} said
 * @returns {Map<string, string>} by id
 */
function hostNames({ hosts, groups }, said) {
  const named = groups.some(byName);
  const name = (/** @type {string} */ host) => (named && ADDRESS.test(host) && said[host]?.name) || hostTitle(host, said[host]);
  const names = hosts.map(name);
  return new Map(hosts.map((host, n) => [host, names.indexOf(names[n]) === names.lastIndexOf(names[n]) ? names[n] : host]));
}

/** Hosts that are hidden in the charts of all. @param {Dashboard} dashboard */
function hiddenHosts({ hosts, shownHosts }) {
  return hiddenNames(shownHosts ?? undefined, hosts);
}

/** Whether hosts stand in one chart: of a single host there is nothing to lay over it. @param {Dashboard} dashboard */
function isOverlaid({ hosts, overlaid }) {
  return overlaid && hosts.length > 1;
}

/**
 * What of a group is not on the page, and the other way round.
 * @param {string[]} hosts of the page
 * @param {string[]} members of now
 */
function changes(hosts, members) {
  return { came: members.filter((host) => !hosts.includes(host)), went: hosts.filter((host) => !members.includes(host)) };
}

/** At most so many names, in words. @param {string[]} names @param {number} [most] */
function listed(names, most = 4) {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}

export { EVERY, GROUPS, byName, changes, groupTitle, hiddenHosts, hostNames, isOverlaid, listed, printTogether, readTogether, typedGroup };
