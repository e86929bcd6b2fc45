/**
 * A wish: a widget's id and its options, as it stands in the page's URL and on the wire.
 * Reading, writing and comparing wishes belong here; what a widget is does not.
 *
 * `disk-latency;instances=sd*`: options sorted by key, values percent-encoded. The server reads
 * and writes them by the same rules (vectorpy/model/watch.py); only ids may have dots here, as
 * links of Vector have them.
 */

const ID = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const KEY = /^[a-z][a-z0-9_-]{0,31}$/;
const MOST = { options: 16, value: 1000 };
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

/** Percent-encoded stretches decoded, a lone % left; null where they are no UTF-8. @param {string} text */
function unescape(text) {
  try {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (code) => decodeURIComponent(code));
  } catch {
    return null;
  }
}

/** @param {string|null} value @returns {value is string} */
function fit(value) {
  return value !== null && [...value].length <= MOST.value && !UNPRINTABLE.test(value.replaceAll(" ", ""));
}

/**
 * The parts of a wish, or null where the text is none.
 * @param {string} text
 * @returns {{id: string, options: Record<string, string>}|null}
 */
function parseWish(text) {
  const [id, ...rest] = text.split(";");
  if (!ID.test(id) || rest.length > MOST.options) return null;
  /** @type {Record<string, string>} */
  const options = {};
  for (const part of rest) {
    const at = part.indexOf("=");
    const key = part.slice(0, at);
    const value = unescape(part.slice(at + 1));
    if (at < 0 || !KEY.test(key) || Object.hasOwn(options, key) || !fit(value)) return null;
    options[key] = value;
  }
  return { id, options };
}

/**
 * @param {string} id
 * @param {Record<string, string>} [options]
 */
function printWish(id, options = {}) {
  const keys = Object.keys(options).sort();
  return [id, ...keys.map((key) => `${key}=${encodeURIComponent(options[key])}`)].join(";");
}

/** The one spelling of a wish, or null. @param {string} text */
function canonicalWish(text) {
  const wish = parseWish(text);
  return wish && printWish(wish.id, wish.options);
}

/**
 * A wish as text that a URL then encodes once: only what would be read as something else is
 * encoded in itself, so that an expression stays readable in the address.
 * @param {string} text
 */
function plainWish(text) {
  const wish = parseWish(text);
  if (!wish) return text;
  const parts = Object.keys(wish.options).sort().map((key) => `${key}=${bare(wish.options[key])}`);
  return [wish.id, ...parts].join(";");
}

/** @param {string} value */
function bare(value) {
  return value.replace(/%(?=[0-9a-f]{2})|;/gi, (part) => encodeURIComponent(part));
}

export { canonicalWish, parseWish, plainWish, printWish };
