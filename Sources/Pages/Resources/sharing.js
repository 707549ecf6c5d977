// Splitting a secret among three parties, as docs/SERVING.md says: components 0 and 1 are keystreams of two fresh keys,
// component 2 is what is missing. No party gets all three, and what one party gets is independent of the secret.

import { bytesOf, joined, wordsOf } from "./bytes.js";

const keyByteCount = 16;

/** The first words of the AES-128-CTR stream of a key, from the counter 0 on. */
export async function keystream(key, count) {
  const imported = await crypto.subtle.importKey("raw", key, "AES-CTR", false, ["encrypt"]);
  const stream = { name: "AES-CTR", counter: new Uint8Array(16), length: 64 };
  return wordsOf(new Uint8Array(await crypto.subtle.encrypt(stream, imported, new Uint8Array(8 * count))));
}

/** Two keys from the browser's cryptographic generator. */
export function freshKeys() {
  return [0, 1].map(() => crypto.getRandomValues(new Uint8Array(keyByteCount)));
}

/** What each of the three parties is sent: which keys follow, the keys, the words of component 2. */
export async function parcels(words, keys = freshKeys()) {
  const streams = await Promise.all(keys.map((key) => keystream(key, words.length)));
  // An array of 64-bit words reduces what is stored in it modulo 2^64.
  const missing = words.map((word, index) => word - streams[0][index] - streams[1][index]);
  const rest = bytesOf(missing);
  return [
    joined(Uint8Array.of(3), keys[0], keys[1]),
    joined(Uint8Array.of(2), keys[1], rest),
    joined(Uint8Array.of(1), keys[0], rest),
  ];
}

/** The sum of the parties' summands. */
export function sum(summands) {
  const total = new BigUint64Array(summands[0].length);
  for (const summand of summands) {
    if (summand.length !== total.length) throw new Error("The parties' answers do not fit together.");
    summand.forEach((word, index) => { total[index] += word; });
  }
  return total;
}
