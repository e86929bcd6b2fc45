/**
 * Where cards stand on the grid: places in columns and rows, moved, resized, mended, and what the
 * page's own flow would make of them. Pure geometry; what a layout looks like in a link stands in
 * fragment.js.
 *
 * A row is 22 pixels with its gap, a card of the usual height 12 rows. Cards fall up until they
 * rest on another one, so that no layout has holes above cards, and none lie over each other.
 */

/**
 * @typedef {{x: number, y: number, w: number, h: number}} Place columns and rows
 * @typedef {Place & {wish: string}} Placed
 * @typedef {{wish: string, wide: boolean, h: number}} Item a card of the flow: of the whole width, or of one column
 * @typedef {{columns: number, places: Record<string, Place>, grouped: boolean, folded: string[]}} Layout
 *   places by wish; folded: names of groups
 * @typedef {"left"|"right"|"up"|"down"} Way
 * @typedef {"wider"|"narrower"|"taller"|"shorter"} Growth
 */

const ROW = 22;
const GAP = 10;
/** Rows of a card of the flow. */
const TALL = 12;
const MOST = { columns: 48, rows: 60, y: 2400 };
const LEAST_ROWS = 4;
/** Rows by which a key makes a card taller. */
const STEP = 2;

/** @returns {Layout} */
function noLayout() {
  return { columns: 12, places: {}, grouped: false, folded: [] };
}

/** Columns of the grid where the flow has so many cards in a row: each card is a whole number of them. @param {number} flow */
function columnsFor(flow) {
  return 12 % flow === 0 ? 12 : Math.min(MOST.columns, 4 * flow);
}

/** The least width of a card. @param {number} columns */
function leastWidth(columns) {
  return Math.ceil(columns / 8);
}

/** @param {Placed} a @param {Placed} b */
function before(a, b) {
  return a.y - b.y || a.x - b.x;
}

/** In the order in which one reads them. @param {Placed[]} list */
function reading(list) {
  return [...list].sort(before);
}

/** @param {Place} a @param {Place} b */
function overlap(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/**
 * Each as far up as it can be; of two that overlap, the later one gives way. In reading order.
 * @param {Placed[]} list
 * @returns {Placed[]}
 */
function settled(list) {
  /** @type {Placed[]} */
  const done = [];
  for (const one of reading(list)) {
    const free = (/** @type {number} */ y) => !done.some((other) => overlap({ ...one, y }, other));
    let { y } = one;
    while (!free(y)) y += 1;
    while (y > 0 && free(y - 1)) y -= 1;
    done.push({ ...one, y });
  }
  return reading(done);
}

/**
 * As the page lays cards out by itself: rows from left to right.
 * @param {Item[]} items
 * @param {number} flow cards in a row
 * @returns {Placed[]}
 */
function flowed(items, flow) {
  const columns = columnsFor(flow);
  return inRows(items.map(({ wish, wide, h }) => ({ wish, w: wide ? columns : columns / flow, h })), columns);
}

/**
 * Rows from left to right; a card that does not fit into a row begins the next one.
 * @param {{wish: string, w: number, h: number}[]} list
 * @param {number} columns
 * @returns {Placed[]}
 */
function inRows(list, columns) {
  let [x, y, high] = [0, 0, 0];
  return list.map(({ wish, w, h }) => {
    if (x + w > columns) [x, y, high] = [0, y + high, 0];
    const placed = { wish, x, y, w, h };
    x += w;
    high = Math.max(high, h);
    return placed;
  });
}

/** @param {Placed[]} a @param {Placed[]} b both in reading order */
function same(a, b) {
  return a.length === b.length && a.every((one, n) => one.wish === b[n].wish && one.x === b[n].x && one.y === b[n].y && one.w === b[n].w && one.h === b[n].h);
}

/** A place within the grid, whatever a link said. @param {Place} place @param {number} columns @returns {Place} */
function within({ x, y, w, h }, columns) {
  const wide = clamp(w, leastWidth(columns), columns);
  return { x: clamp(x, 0, columns - wide), y: clamp(y, 0, MOST.y), w: wide, h: clamp(h, LEAST_ROWS, MOST.rows) };
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

/**
 * The cards of a layout in reading order, none over another; those without a place stand below
 * the others.
 * @param {Layout} layout
 * @param {string[]} wishes
 * @returns {Placed[]}
 */
function placesOf({ columns, places }, wishes) {
  const known = wishes.filter((wish) => Object.hasOwn(places, wish));
  const list = known.map((wish) => ({ wish, ...within(places[wish], columns) }));
  const end = list.reduce((most, { y, h }) => Math.max(most, y + h), 0);
  const w = usual(list.map((one) => one.w)) ?? Math.max(leastWidth(columns), Math.round(columns / 4));
  const rest = wishes.filter((wish) => !Object.hasOwn(places, wish)).map((wish) => ({ wish, w, h: TALL }));
  return settled([...list, ...inRows(rest, columns).map((one) => ({ ...one, y: one.y + end }))]);
}

/** The commonest number, the smaller one of two. @param {number[]} numbers */
function usual(numbers) {
  const count = (/** @type {number} */ one) => numbers.filter((other) => other === one).length;
  return [...numbers].sort((a, b) => count(b) - count(a) || a - b)[0] ?? null;
}

/**
 * One step of a card: beside a neighbour of its size it changes places with it.
 * @param {Placed[]} list
 * @param {string} wish
 * @param {Way} way
 * @param {number} columns
 * @returns {Placed[]} the same list where it can't go there
 */
function moved(list, wish, way, columns) {
  const card = list.find((one) => one.wish === wish);
  if (!card) return list;
  const other = neighbour(list, card, way);
  if (other && other.w === card.w && other.h === card.h) {
    const { x, y } = other;
    return settled(list.map((one) => (one === card ? { ...one, x, y } : one === other ? { ...one, x: card.x, y: card.y } : one)));
  }
  const to = target(card, other, way, columns);
  if (!to) return list;
  // Half a row before what stands there, which gives way.
  return settled(list.map((one) => (one === card ? { ...one, ...to } : { ...one, y: one.y + (one.y >= to.y && overlap({ ...card, ...to }, one) && way !== "down" ? card.h : 0) })));
}

/** Where a card goes that has no neighbour of its size there. @param {Placed} card @param {Placed|null} other @param {Way} way @param {number} columns */
function target(card, other, way, columns) {
  const step = Math.max(1, Math.round(columns / 12));
  if (way === "left" && card.x > 0) return { x: Math.max(0, card.x - step), y: card.y };
  if (way === "right" && card.x + card.w < columns) return { x: Math.min(columns - card.w, card.x + step), y: card.y };
  if (way === "up" && other) return { x: card.x, y: other.y };
  if (way === "down" && other) return { x: card.x, y: other.y + other.h };
  return null;
}

/** The nearest card on that side. @param {Placed[]} list @param {Placed} card @param {Way} way @returns {Placed|null} */
function neighbour(list, card, way) {
  const across = way === "left" || way === "right";
  const beside = list.filter((one) => one !== card && (across ? one.y < card.y + card.h && card.y < one.y + one.h : one.x < card.x + card.w && card.x < one.x + one.w));
  const on = {
    left: (/** @type {Placed} */ one) => card.x - one.x - one.w,
    right: (/** @type {Placed} */ one) => one.x - card.x - card.w,
    up: (/** @type {Placed} */ one) => card.y - one.y - one.h,
    down: (/** @type {Placed} */ one) => one.y - card.y - card.h,
  }[way];
  const skew = (/** @type {Placed} */ one) => (across ? Math.abs(one.y - card.y) : Math.abs(one.x - card.x));
  return beside.filter((one) => on(one) >= 0).sort((a, b) => on(a) - on(b) || skew(a) - skew(b))[0] ?? null;
}

/**
 * A card by one step larger or smaller; what stands in its way goes down.
 * @param {Placed[]} list
 * @param {string} wish
 * @param {Growth} growth
 * @param {number} columns
 * @returns {Placed[]} the same list where that can't be
 */
function resized(list, wish, growth, columns) {
  const card = list.find((one) => one.wish === wish);
  if (!card) return list;
  const step = Math.max(1, Math.round(columns / 12));
  const by = { wider: [step, 0], narrower: [-step, 0], taller: [0, STEP], shorter: [0, -STEP] }[growth];
  const w = clamp(card.w + by[0], leastWidth(columns), columns);
  const h = clamp(card.h + by[1], LEAST_ROWS, MOST.rows);
  if (w === card.w && h === card.h) return list;
  // At the right edge it grows to the left.
  const now = { ...card, w, h, x: Math.min(card.x, columns - w) };
  const pushed = (/** @type {Placed} */ one) => (overlap(now, one) && one.y >= now.y ? { ...one, y: now.y + now.h } : one);
  return settled(list.map((one) => (one === card ? now : pushed(one))));
}

/**
 * One card among its neighbours in reading order, for pages of one column or of several hosts;
 * sizes stay, places follow.
 * @param {Placed[]} list in reading order
 * @param {string[]} order all wishes anew
 * @param {number} columns
 */
function reordered(list, order, columns) {
  const sizes = new Map(list.map((one) => [one.wish, one]));
  const known = order.filter((wish) => sizes.has(wish));
  if (list.every(({ wish }, n) => wish === known[n])) return list;
  return settled(inRows(known.map((wish) => /** @type {Placed} */ (sizes.get(wish))), columns));
}

/** Groups stacked in their order. @param {Placed[][]} groups @returns {Placed[]} */
function stacked(groups) {
  let top = 0;
  return groups.flatMap((list) => {
    const start = top;
    top = list.reduce((most, { y, h }) => Math.max(most, start + y + h), top);
    return list.map((one) => ({ ...one, y: one.y + start }));
  });
}

/**
 * Wishes by the names of their groups, as they first come.
 * @param {string[]} wishes
 * @param {(wish: string) => string} groupOf
 * @returns {{name: string, wishes: string[]}[]}
 */
function grouped(wishes, groupOf) {
  /** @type {Map<string, string[]>} */
  const groups = new Map();
  for (const wish of wishes) groups.set(groupOf(wish), [...(groups.get(groupOf(wish)) ?? []), wish]);
  return [...groups].map(([name, members]) => ({ name, wishes: members }));
}

export { GAP, LEAST_ROWS, MOST, ROW, TALL, columnsFor, flowed, grouped, leastWidth, moved, noLayout, overlap, placesOf, reading, reordered, resized, same, settled, stacked };
