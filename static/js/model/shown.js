/**
 * Which series of a widget are drawn, as chosen in its legend; and that choice in the URL.
 *
 * `hide=cpu:idle,iowait` hides these, `only=disk-latency:sda+read` shows these alone. The widget
 * is named by its id; the second one of the same id is `chart/2`. A backslash takes a comma (or
 * another backslash) into a name.
 */

/** @typedef {import("./types.js").Choice} Choice */
/** @typedef {Record<string, Choice>} Choices by wish */

/** Names of a widget's series that a choice hides. @param {Choice|undefined} choice @param {string[]} names @returns {string[]} */
function hiddenNames(choice, names) {
  if (!choice) return [];
  return names.filter((name) => choice.names.includes(name) !== choice.only);
}

/**
 * The choice after one series was shown or hidden; null where all are shown.
 * @param {Choice|undefined} choice
 * @param {string} name
 * @param {string[]} names all series of the widget
 * @returns {Choice|null}
 */
function toggled(choice, name, names) {
  const { only = false, names: before = [] } = choice ?? {};
  const after = before.includes(name) ? before.filter((one) => one !== name) : [...before, name];
  const all = only ? names.every((one) => after.includes(one)) : !after.length;
  return all ? null : { only, names: after };
}

/** One series alone, or all where it was alone already. @param {Choice|undefined} choice @param {string} name @returns {Choice|null} */
function isolated(choice, name) {
  const alone = choice?.only && choice.names.length === 1 && choice.names[0] === name;
  return alone ? null : { only: true, names: [name] };
}

/** Each wish by its name within the dashboard. @param {string[]} wishes @returns {Map<string, string>} */
function places(wishes) {
  const counts = /** @type {Record<string, number>} */ ({});
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const wish of wishes) {
    const id = wish.split(";")[0];
    counts[id] = (counts[id] ?? 0) + 1;
    found.set(counts[id] > 1 ? `${id}/${counts[id]}` : id, wish);
  }
  return found;
}

/**
 * Keys and values for the URL, of widgets that are shown.
 * @param {Choices} choices
 * @param {string[]} wishes
 * @returns {[string, string][]}
 */
function printChoices(choices, wishes) {
  /** @type {[string, string][]} */
  const parts = [];
  for (const [place, wish] of places(wishes)) {
    const choice = choices[wish];
    if (choice) parts.push([choice.only ? "only" : "hide", `${place}:${choice.names.map(escaped).join(",")}`]);
  }
  return parts;
}

/** @param {string} name */
function escaped(name) {
  return name.replace(/[\\,]/g, "\\$&");
}

/** @param {string} list @returns {string[]} */
function split(list) {
  const names = [...list.matchAll(/(?:[^\\,]|\\.|\\$)+/gs)].map(([name]) => name.replace(/\\(.)/gs, "$1"));
  return [...new Set(names)];
}

/**
 * @param {URLSearchParams} query
 * @param {string[]} wishes
 * @returns {Choices} what is said of widgets that are not shown is left out
 */
function readChoices(query, wishes) {
  const known = places(wishes);
  const choices = /** @type {Choices} */ ({});
  for (const key of ["hide", "only"]) {
    for (const text of query.getAll(key)) {
      const at = text.indexOf(":");
      const wish = at > 0 ? known.get(text.slice(0, at)) : undefined;
      const names = split(text.slice(at + 1));
      if (wish && (names.length || key === "only")) choices[wish] = { only: key === "only", names };
    }
  }
  return choices;
}

export { hiddenNames, isolated, places, printChoices, readChoices, toggled };
