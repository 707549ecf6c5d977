// Sealing a share to its party: ECDH on P-256 with a key for this query alone, HKDF-SHA256, AES-256-GCM, all of the
// browser's WebCrypto. Each key seals one message, so that the nonce is zero.

import { joined } from "./bytes.js";

const curve = { name: "ECDH", namedCurve: "P-256" };
const cipher = { name: "AES-GCM", iv: new Uint8Array(12) };

/** What a key is for: bound to the party, the sharing of the model and the query. */
function info(purpose, party, model, query) {
  return new TextEncoder().encode(`tacit/page/1|${purpose}|party ${party}|${model}|${query}`);
}

/**
 * Seals a share to a party.
 *
 * @returns the page's public key (65 bytes), the box, and what opens the party's answer.
 */
export async function seal(share, { partyKey, party, model, query }) {
  const recipient = await crypto.subtle.importKey("raw", partyKey, curve, false, []);
  const own = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const key = new Uint8Array(await crypto.subtle.exportKey("raw", own.publicKey));
  const agreed = await crypto.subtle.deriveBits({ name: "ECDH", public: recipient }, own.privateKey, 256);
  const secret = await crypto.subtle.importKey("raw", agreed, "HKDF", false, ["deriveKey"]);
  const derive = (purpose, use) =>
    crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: joined(key, partyKey), info: info(purpose, party, model, query) },
      secret, { name: "AES-GCM", length: 256 }, false, [use]);
  const box = new Uint8Array(await crypto.subtle.encrypt(cipher, await derive("share", "encrypt"), share));
  const answers = await derive("answer", "decrypt");
  const open = async (answer) => new Uint8Array(await crypto.subtle.decrypt(cipher, answers, answer));
  return { key, box, open };
}
