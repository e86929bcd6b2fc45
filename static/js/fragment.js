/**
 * Texts packed for the fragment of a link: raw deflate, then base64url. The browser's own streams
 * do it, so it takes a turn of its loop; nothing is known here of what the texts say.
 */

/** A link's fragment, packed and unpacked, in characters. */
const MOST = { packed: 8000, text: 64000 };

/** @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionStream|DecompressionStream} way @param {number} most */
async function through(bytes, way, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(/** @type {ReadableWritablePair<Uint8Array, any>} */ (way)).getReader();
  /** @type {number[]} */
  const out = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    // A small link may unpack to gigabytes: nobody waits for those.
    if (out.length + part.value.length > most) {
      await reader.cancel();
      throw new Error("too large");
    }
    for (const byte of part.value) out.push(byte);
  }
  return Uint8Array.from(out);
}

/** @param {string} text */
async function pack(text) {
  const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"), MOST.text);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The text, or null where this is none. @param {string} packed */
async function unpack(packed) {
  if (packed.length > MOST.packed || !/^[\w-]+$/.test(packed)) return null;
  try {
    const bytes = Uint8Array.from(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(await through(bytes, new DecompressionStream("deflate-raw"), MOST.text));
  } catch {
    return null;
  }
}

export { pack, unpack };
