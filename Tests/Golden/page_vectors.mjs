// Runs the page's modules on vectors of the Swift client: one JSON object in, one out.
// Usage: node page_vectors.mjs FOLDER-OF-MODULES < vectors.json

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(process.argv[2] + "/");
const [{ encode, decode }, { keystream, parcels, sum }, { seal }, { inputOf, checkRange, outcomeOf }, bytes] =
  await Promise.all(["fixedpoint.js", "sharing.js", "sealing.js", "preprocessing.js", "bytes.js"]
    .map((name) => import(new URL(name, folder))));

const vectors = JSON.parse(readFileSync(0, "utf8"));
const words = (texts) => BigUint64Array.from(texts, BigInt);
const texts = (array) => Array.from(array, String);

/** What a function throws, or its value. */
function outcome(body) {
  try {
    return { value: body() };
  } catch (error) {
    return { error: error.field ?? error.message };
  }
}

const sealed = await seal(bytes.fromBase64(vectors.sealing.share), {
  partyKey: bytes.fromBase64(vectors.sealing.partyKey), party: vectors.sealing.party, model: vectors.sealing.model,
  query: vectors.sealing.query,
});

console.log(JSON.stringify({
  encoded: vectors.numbers.map((number) => outcome(() => texts(encode([number], vectors.fractionBits))[0])),
  decoded: decode(words(vectors.words), vectors.fractionBits),
  stream: texts(await keystream(bytes.fromBase64(vectors.keys[0]), vectors.words.length)),
  parcels: (await parcels(words(vectors.words), vectors.keys.map(bytes.fromBase64))).map(bytes.base64),
  total: texts(sum([words(vectors.words), words(vectors.words), words(vectors.words)])),
  inputs: vectors.rows.map((cells) => outcome(() => {
    const input = inputOf(vectors.preprocessing.features, cells);
    checkRange(vectors.preprocessing.features, input, vectors.inputRange);
    return input;
  })),
  outcomes: vectors.outputs.map((output) => outcomeOf(vectors.preprocessing.target, output)),
  sealed: { key: bytes.base64(sealed.key), box: bytes.base64(sealed.box) },
}));
