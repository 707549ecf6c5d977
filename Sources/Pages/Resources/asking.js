// One question to three parties: a connection to each, a token, a sealed share, and the answer put together here.

import { base64, bytesOf, frame, fromBase64, hexadecimal, unframed, wordsOf } from "./bytes.js";
import { parcels, sum } from "./sharing.js";
import { seal } from "./sealing.js";

/** Messages that a party takes are at most 64 KiB. */
const pieceByteCount = 32768;
const patience = 60_000;
/** How long the other parties are heard when one has failed. */
const moment = 1000;

/** What a party says against the question, as a sentence for people. */
export class Refusal extends Error {}

/** A connection to one party. */
class Party {
  constructor(index, url) {
    this.index = index;
    this.name = new URL(url).host;
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.arrived = [];
    this.waiting = null;
    this.socket.onmessage = (event) => this.take({ bytes: new Uint8Array(event.data) });
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.socket.onclose = () => {
        this.take({ closed: true });
        reject(new Error(`${this.title} cannot be reached from here, or does not let this page in.`));
      };
    });
  }

  get title() { return `Party ${this.index} (${this.name})`; }

  take(news) {
    if (this.waiting) this.waiting(news);
    else this.arrived.push(news);
    this.waiting = null;
  }

  /** The control part and bytes of the next message. */
  async next() {
    const news = this.arrived.shift() ?? await new Promise((resolve) => { this.waiting = resolve; });
    if (news.closed) throw new Error(`${this.title} closed the connection. Try again in a moment.`);
    const { control, body } = unframed(news.bytes);
    if (control.refused) throw new Refusal(`${this.title} refuses: ${control.refused.reason}.`);
    if (control.declined) throw new Error(`Party ${control.declined.by} refuses the question.`);
    return { control, body };
  }

  /** Waits for the connection and shows the token; the key of the model that the party holds. */
  async greet(model, token) {
    await this.opened;
    this.socket.send(frame({ hello: { version: 1, model, token } }));
    return (await this.next()).control.ready;
  }

  send(control, box) {
    this.socket.send(frame(control, box.subarray(0, pieceByteCount)));
    for (let start = pieceByteCount; start < box.length; start += pieceByteCount) {
      this.socket.send(box.slice(start, start + pieceByteCount));
    }
  }
}

/**
 * Asks the parties of a bundle for the model's output on words that none of them sees.
 *
 * @returns the output's words, what each party saw, and what it took.
 */
export async function ask(bundle, token, words) {
  const start = performance.now();
  const parties = bundle.parties.map(({ url }, index) => new Party(index, url));
  let timer;
  const alarm = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("The parties did not answer in time. Try again later.")), patience);
  });
  try {
    return await Promise.race([alarm, exchange(bundle, parties, token, words, start)]);
  } finally {
    clearTimeout(timer);
    for (const { socket } of parties) socket.close();
  }
}

async function exchange(bundle, parties, token, words, start) {
  const ready = await together(parties.map((party) => party.greet(bundle.model, token)));
  ready.forEach(({ party, key }, index) => {
    if (party !== index || key !== bundle.key) {
      throw new Error("The model has been shared again since this page was made. Load the page again.");
    }
  });
  // The time comes first, so that what the parties keep of queries stays in order.
  const query = Date.now().toString(16).padStart(12, "0") + hexadecimal(crypto.getRandomValues(new Uint8Array(10)));
  const shares = await parcels(words);
  const sealed = await Promise.all(shares.map((share, party) =>
    seal(share, { partyKey: fromBase64(bundle.parties[party].key), party, model: bundle.key, query })));
  const answers = await together(parties.map(async (party, index) => {
    const { key, box, open } = sealed[index];
    party.send({ query: { id: query, key: base64(key), byteCount: box.length } }, box);
    const { control, body } = await party.next();
    return { ...control.answer, words: wordsOf(await open(body)) };
  }));
  return {
    words: sum(answers.map((answer) => answer.words)),
    views: shares.map((share, index) => ({
      name: parties[index].name, byteCount: share.length, beginning: hexadecimal(share.subarray(1, 17)),
      answer: hexadecimal(bytesOf(answers[index].words).subarray(0, 8)),
    })),
    rounds: Math.max(...answers.map((answer) => answer.rounds)),
    milliseconds: performance.now() - start,
  };
}

/** All results; of several failures a refusal says most, as the others are often told of it only. */
async function together(promises) {
  const failures = [];
  const noted = promises.map((promise) => promise.catch((failure) => {
    failures.push(failure);
    throw failure;
  }));
  try {
    return await Promise.all(noted);
  } catch {
    await Promise.race([Promise.allSettled(noted), new Promise((resolve) => setTimeout(resolve, moment))]);
    throw failures.find((failure) => failure instanceof Refusal) ?? failures[0];
  }
}
