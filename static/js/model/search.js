/**
 * A host's metrics, searched at each key stroke and walked as a tree. Pure.
 *
 * All texts stand in one long string: looking for a word there costs less than looking into each
 * name by itself, so that names, help and units are searched in the time of a scan of the names.
 */

/** @typedef {[name: string, type: string, semantics: string, units: string, indom: string|null, help: string]} MetricRow */
/** @typedef {{path: string, name: string, metric: number|null, below: number}} TreeNode metric: index of the row */

/** More than so many are not put in order: nobody reads them all. */
const FEW = 60;
const DOT = ".".charCodeAt(0);

/** Many short texts as one long one, and where each starts. */
class Pile {
  /** @param {string[]} lines */
  constructor(lines) {
    this.lines = lines;
    this.all = lines.join("\n");
    this.starts = new Uint32Array(lines.length + 1);
    lines.forEach((line, n) => (this.starts[n + 1] = this.starts[n] + line.length + 1));
  }

  /**
   * Calls `hit` with each line that has all words, and where in it the first one stands.
   * @param {string[]} words
   * @param {(row: number, at: number) => void} hit
   */
  each(words, hit) {
    const { all, starts, lines } = this;
    const pivot = words.reduce((long, word) => (word.length > long.length ? word : long));
    const others = words.filter((word) => word !== pivot);
    const [first] = words;
    let row = 0;
    for (let at = all.indexOf(pivot); at >= 0; at = all.indexOf(pivot, starts[row])) {
      while (starts[row + 1] <= at) row += 1;
      if (!others.length) hit(row, at - starts[row]);
      else if (others.every((word) => lines[row].includes(word))) hit(row, lines[row].indexOf(first));
      row += 1;
      if (row === lines.length) break;
    }
  }
}

class MetricIndex {
  /** @type {MetricRow[]} sorted by name */
  rows;
  #names;
  #texts;
  /** What was found last, where that was all: who types on finds some of it. @type {{text: string, rows: number[]}|null} */
  #last = null;

  /** @param {MetricRow[]} rows */
  constructor(rows) {
    this.rows = [...rows].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    const names = this.rows.map(([name]) => name.toLowerCase());
    this.#names = new Pile(names);
    this.#texts = new Pile(this.rows.map(([, , , units, , help], n) => `${names[n]} ${help} ${units}`.toLowerCase().replaceAll("\n", " ")));
  }

  /** Index of the row of that name; -1 where there is none. @param {string} name */
  at(name) {
    const n = this.#from(name);
    return this.rows[n]?.[0] === name ? n : -1;
  }

  /** First row whose name is not before `name`. @param {string} name */
  #from(name) {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle][0] < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Rows with all words in the name: first those whose name begins so, then those with a part
   * that begins so, then the others; where these are less than `limit`, rows with the words in
   * name, help and units. Where no row has them, those whose name has the letters in that order.
   * @param {string} text
   * @param {number} limit
   * @returns {{found: number[], total: number}} total: of all names, and of texts as far as looked at
   */
  search(text, limit) {
    const low = text.toLowerCase();
    const words = low.split(/\s+/).filter(Boolean);
    if (!words.length) return { found: [...this.rows.keys()].slice(0, limit), total: this.rows.length };
    const found = this.#last && low.startsWith(this.#last.text) ? this.#among(words, this.#last.rows) : this.#everywhere(words, limit);
    this.#last = found.length && found.length < limit ? { text: low, rows: found } : null;
    const all = found.length ? found : this.#scattered(words.join(""));
    return { found: all.slice(0, limit), total: all.length };
  }

  /** @param {string[]} words @param {number} limit */
  #everywhere(words, limit) {
    const found = this.#named(words);
    if (found.length < limit) this.#add_texts(words, found);
    return found;
  }

  /** Of few rows those that have more letters too, in the order of `#named`. @param {string[]} words @param {number[]} rows */
  #among(words, rows) {
    const rank = (/** @type {number} */ row) => {
      const name = this.#names.lines[row];
      const at = words.every((word) => name.includes(word)) ? name.indexOf(words[0]) : -1;
      return at < 0 ? 3 : at === 0 ? 0 : name[at - 1] === "." ? 1 : 2;
    };
    const left = rows.filter((row) => words.every((word) => this.#texts.lines[row].includes(word)));
    const ranks = /** @type {number[][]} */ ([[], [], [], []]);
    for (const row of left) ranks[rank(row)].push(row);
    return ranks.flatMap((rows, n) => (n < 3 ? this.#shortest(rows) : rows.sort((a, b) => a - b)));
  }

  /** @param {string[]} words */
  #named(words) {
    const starting = /** @type {number[]} */ ([]);
    const parts = /** @type {number[]} */ ([]);
    const within = /** @type {number[]} */ ([]);
    const { all, starts } = this.#names;
    this.#names.each(words, (row, at) => {
      if (at === 0) starting.push(row);
      else if (all.charCodeAt(starts[row] + at - 1) === DOT) parts.push(row);
      else within.push(row);
    });
    return this.#shortest(starting).concat(this.#shortest(parts), this.#shortest(within));
  }

  /** Of few, what is nearest to the words comes first: the shortest name. @param {number[]} rows */
  #shortest(rows) {
    const { lines } = this.#names;
    return rows.length > FEW ? rows : rows.sort((a, b) => lines[a].length - lines[b].length || a - b);
  }

  /** @param {string[]} words @param {number[]} found */
  #add_texts(words, found) {
    const known = new Set(found);
    this.#texts.each(words, (row) => {
      if (!known.has(row)) found.push(row);
    });
  }

  /** The tighter the letters stand, the better. @param {string} letters */
  #scattered(letters) {
    /** @type {[number, number][]} */
    const found = [];
    this.#names.lines.forEach((name, row) => {
      let at = -1;
      let first = -1;
      for (const letter of letters) {
        at = name.indexOf(letter, at + 1);
        if (at < 0) return;
        if (first < 0) first = at;
      }
      found.push([at - first, row]);
    });
    return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, row]) => row);
  }

  /** What stands right below a name; "" is the root. @param {string} under @returns {TreeNode[]} */
  children(under) {
    const prefix = under ? `${under}.` : "";
    /** @type {Map<string, TreeNode>} */
    const nodes = new Map();
    for (let n = this.#from(prefix); n < this.rows.length; n += 1) {
      const name = this.rows[n][0];
      if (!name.startsWith(prefix)) break;
      const dot = name.indexOf(".", prefix.length);
      const head = name.slice(prefix.length, dot < 0 ? undefined : dot);
      const node = nodes.get(head) ?? { path: prefix + head, name: head, metric: null, below: 0 };
      if (dot < 0) node.metric = n;
      else node.below += 1;
      nodes.set(head, node);
    }
    return [...nodes.values()];
  }

  /**
   * Rows of the tree as they stand below each other.
   * @param {Set<string>} open names that are opened
   * @returns {(TreeNode & {level: number, place: number, of: number})[]}
   */
  visible(open) {
    const walk = (/** @type {string} */ under, /** @type {number} */ level) => {
      const nodes = this.children(under);
      /** @type {(TreeNode & {level: number, place: number, of: number})[]} */
      const rows = [];
      nodes.forEach((node, n) => {
        rows.push({ ...node, level, place: n + 1, of: nodes.length });
        if (node.below && open.has(node.path)) rows.push(...walk(node.path, level + 1));
      });
      return rows;
    };
    return walk("", 1);
  }
}

export { MetricIndex };
