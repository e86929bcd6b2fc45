/**
 * A wish: a widget's id and its options, as it stands in the page's URL and on the wire.
 * Reading, writing and comparing wishes belong here; what a widget is does not.
 *
 * `disk-latency;instances=sd*`: options sorted by key, values percent-encoded.
 */

const ID = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/** @param {string} text */
function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The parts of a wish, or null where the text is none.
 * @param {string} text
 * @returns {{id: string, options: Record<string, string>}|null}
 */
function parseWish(text) {
  const [id, ...rest] = text.trim().split(";");
  if (!ID.test(id)) return null;
  /** @type {Record<string, string>} */
  const options = {};
  for (const part of rest) {
    const at = part.indexOf("=");
    if (at > 0) options[part.slice(0, at)] = unescape(part.slice(at + 1));
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

export { canonicalWish, parseWish, printWish };
