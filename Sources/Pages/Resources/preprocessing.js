// From what somebody enters to what a model takes: standardised numbers and one-hot categories, as Tacit's Swift client
// makes them of a table's row.

/** Numbers as data files spell them: no commas, which mean one thing here and another there. */
const spelling = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What is wrong with one field, in a sentence. */
export class FieldError extends Error {
  constructor(name, message) {
    super(message);
    this.field = name;
  }
}

/**
 * The model's input for one row, as 32-bit floats.
 *
 * @param features of the model's published preprocessing.
 * @param cells by the column's name; null where nothing is known.
 */
export function inputOf(features, cells) {
  return features.flatMap((feature) => {
    const cell = cells[feature.name] ?? null;
    return feature.numeric ? numeric(feature, cell) : categorical(feature, cell);
  });
}

function numeric({ name, numeric: { mean, deviation, range, missing } }, cell) {
  const hasIndicator = missing === "meanWithIndicator";
  if (cell === null) {
    if (missing === "refused") throw new FieldError(name, "Enter a number.");
    return hasIndicator ? [0, 1] : [0];
  }
  const number = spelling.test(cell) ? Number(cell) : NaN;
  if (!Number.isFinite(number)) throw new FieldError(name, "Enter a number with digits and a point alone, such as 1250.5.");
  const scalar = Math.fround(((range ? place(number, range) : number) - mean) / deviation);
  if (!Number.isFinite(scalar)) throw new FieldError(name, "This number is far too large.");
  return hasIndicator ? [scalar, 0] : [scalar];
}

/** A number, clipped to its public range, on the scale of that range. */
function place(number, [low, high, scale]) {
  const clipped = Math.min(Math.max(number, low), high);
  return scale === "log" ? Math.log(clipped) : clipped;
}

function categorical({ name, categorical: { categories, missing, unknown } }, cell) {
  const hasOwn = missing === "ownCategory";
  const scalars = new Array(categories.length + (hasOwn ? 1 : 0)).fill(0);
  if (cell === null) {
    if (missing === "refused") throw new FieldError(name, "Choose one.");
    if (hasOwn) scalars[categories.length] = 1;
    return scalars;
  }
  const index = categories.indexOf(cell);
  if (index >= 0) scalars[index] = 1;
  else if (unknown === "refused") throw new FieldError(name, "Choose one of the list.");
  return scalars;
}

/** How many scalars a feature becomes. */
function widthOf({ numeric, categorical }) {
  if (numeric) return numeric.missing === "meanWithIndicator" ? 2 : 1;
  return categorical.categories.length + (categorical.missing === "ownCategory" ? 1 : 0);
}

/** Holds an input to what the model's owner has declared of inputs: no party could see that it is outside. */
export function checkRange(features, input, range) {
  if (!range) return;
  const [low, high] = [range.low, range.high].map((bounds) =>
    (index) => Math.fround(bounds[bounds.length > 1 ? index : 0]));
  const fields = features.flatMap((feature) => new Array(widthOf(feature)).fill(feature.name));
  input.forEach((scalar, index) => {
    if (low(index) <= scalar && scalar <= high(index)) return;
    throw new FieldError(fields[index], "The model does not take a value that far from the usual.");
  });
}

/** What a model's output says, by the target of its preprocessing. */
export function outcomeOf(target, output) {
  if (target.binary) {
    const label = target.binary[output[0] > 0.5 ? 1 : 0];
    return { label, probability: output[0], of: target.binary[1] };
  }
  if (target.classes) {
    const best = output.reduce((best, score, index) => (score > output[best] ? index : best), 0);
    return { label: target.classes[best], probability: output[best], of: target.classes[best] };
  }
  const { mean, deviation } = target.numeric;
  return { value: output[0] * deviation + mean };
}
