// Real numbers as words of Z/2^64: round(x * 2^fractionBits) in two's complement, as Tacit's Swift client makes them.

/** Magnitudes from here on, once scaled, are refused. */
const limit = 2 ** 62;

/** The nearest whole number, ties to even. */
function rounded(number) {
  const nearest = Math.round(number);
  return Math.abs(number % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** Words of numbers, each taken as a 32-bit float first. */
export function encode(numbers, fractionBits) {
  const scale = 2 ** fractionBits;
  return BigUint64Array.from(numbers, (number) => {
    const scaled = Math.fround(number) * scale;
    if (!(Math.abs(scaled) < limit)) throw new Error("A number is too large for the model; check what was entered.");
    return BigInt.asUintN(64, BigInt(rounded(scaled)));
  });
}

/** The numbers that words stand for, as 32-bit floats. */
export function decode(words, fractionBits) {
  const scale = 2 ** fractionBits;
  return Array.from(words, (word) => Math.fround(Number(BigInt.asIntN(64, word)) / scale));
}
