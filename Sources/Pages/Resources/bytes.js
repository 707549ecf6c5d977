// Bytes, words and texts of bytes.

/** Words as little-endian bytes. */
export function bytesOf(words) {
  const view = new DataView(new ArrayBuffer(8 * words.length));
  words.forEach((word, index) => view.setBigUint64(8 * index, word, true));
  return new Uint8Array(view.buffer);
}

/** Little-endian bytes as words. */
export function wordsOf(bytes) {
  if (bytes.length % 8 !== 0) throw new Error("A party's answer is cut off.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return BigUint64Array.from({ length: bytes.length / 8 }, (_, index) => view.getBigUint64(8 * index, true));
}

/** Arrays of bytes one after the other. */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((count, part) => count + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Two digits a byte. */
export function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** A control part in JSON behind its length, and bytes: a frame as parties read it. */
export function frame(control, body = new Uint8Array()) {
  const text = new TextEncoder().encode(JSON.stringify(control));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return joined(length, text, body);
}

/** The control part and the bytes of a frame. */
export function unframed(bytes) {
  const length = bytes.length < 4 ? Infinity : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length > bytes.length - 4) throw new Error("A party's message cannot be read.");
  return { control: JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))), body: bytes.subarray(4 + length) };
}
