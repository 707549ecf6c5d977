// The page: a form made from the model's own description, one question, and what came of it.

import bundle from "./bundle.js";
import { ask, Refusal } from "./asking.js";
import { decode, encode } from "./fixedpoint.js";
import { cellsOf, element, fieldsOf, mark, textOf } from "./form.js";
import { checkRange, FieldError, inputOf, outcomeOf } from "./preprocessing.js";

const part = (id) => document.getElementById(id);
const form = part("form");

/** The token that the address brings behind its number sign; it leaves the address line at once. */
function tokenOfAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** A token for one question: what was entered, or the next one of this page's server. */
async function takeToken() {
  if (bundle.tokens === "visitor") {
    const token = part("token").value.trim();
    if (!token) throw new FieldError("", "Enter the token that you were given for one question.");
    return token;
  }
  const answer = await fetch("token", { method: "POST" }).catch(() => {
    throw new Error("This page's server does not answer. Try again later.");
  });
  const text = (await answer.text()).trim();
  if (!answer.ok) throw new Error(text);
  return text;
}

/** A token whose question did not get as far as the parties: it is good for the next one. */
let spare = null;

async function askWithToken(words) {
  const token = spare ?? await takeToken();
  spare = bundle.tokens === "server" ? token : null;
  try {
    const answer = await ask(bundle, token, words);
    spare = null;
    return answer;
  } catch (error) {
    if (error instanceof Refusal) spare = null;
    throw error;
  }
}

async function submit(event) {
  event.preventDefault();
  if (form.getAttribute("aria-busy") === "true") return;
  part("trouble").hidden = true;
  part("result").hidden = true;
  mark(form, null);
  setBusy(true);
  try {
    const { features, target } = bundle.preprocessing;
    const input = inputOf(features, cellsOf(form));
    checkRange(features, input, bundle.inputRange);
    const words = encode(input, bundle.fractionBits);
    const answer = await askWithToken(words);
    show(outcomeOf(target, decode(answer.words, bundle.fractionBits)), answer);
  } catch (error) {
    if (error instanceof FieldError && error.field) mark(form, error.field, error.message);
    else complain(error.message);
  } finally {
    setBusy(false);
  }
}

function setBusy(isBusy) {
  form.setAttribute("aria-busy", String(isBusy));
  part("ask").setAttribute("aria-disabled", String(isBusy));
  part("progress").textContent = isBusy ? "Asking the three parties …" : "";
}

function complain(message) {
  part("trouble").textContent = message;
  part("trouble").hidden = false;
}

function show({ label, probability, of, value }, { views, rounds, milliseconds }) {
  part("decision").textContent = label === undefined ? `${Number(value.toPrecision(5))}` : textOf(bundle, label);
  part("chance").hidden = probability === undefined;
  if (probability !== undefined) {
    const share = Math.min(Math.max(probability, 0), 1);
    part("meter").value = share;
    part("probability").textContent = `${(100 * share).toFixed(1)} %`;
    part("chance-of").textContent = `Probability of “${textOf(bundle, of)}”`;
  }
  part("views").replaceChildren(...views.map(({ name, byteCount, beginning, answer }, index) =>
    element("tr", {},
      element("th", { scope: "row" }, `Party ${index}`, element("span", { className: "quiet", textContent: name })),
      cell("Size", `${byteCount} bytes`), cell("Its share begins", `${beginning} …`, "bytes"),
      cell("Its part of the answer", `${answer} …`, "bytes"))));
  part("effort").textContent =
    `Answered in ${Math.round(milliseconds)} ms; the parties exchanged messages ${rounds} times. Ask again, and all of these bytes are others.`;
  part("result").hidden = false;
  part("decision-title").focus();
}

function cell(label, text, className = "") {
  return element("td", { className }, element("span", { className: "label", textContent: label }), text);
}

function begin() {
  document.title = bundle.title;
  part("title").textContent = bundle.title;
  part("fields").replaceChildren(...fieldsOf(bundle));
  const token = tokenOfAddress();
  part("token-field").hidden = bundle.tokens !== "visitor";
  part("token").value = token;
  form.addEventListener("submit", submit);
  form.hidden = false;
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
    complain("This browser gives no cryptography to pages that come without TLS: open the page by https.");
  }
}

begin();
