import Arithmetic
import CPaillier

/// Powers of one base modulo n², from which a power with a secret exponent is put together by products alone.
///
/// The exponent is cut into digits of five bits, each of which chooses one of 32 entries. All 32 are read every time,
/// so that no address depends on the exponent. 3.4 MB at 2048 bits, 7.6 MB at 3072.
final class FixedBaseTable: Sendable {
  static let digitBits = 5

  let modulus: PairModulus
  let digitCount: Int
  private let entries: [UInt]

  /// A table for exponents of at least `exponentBits` bits; costs `32·exponentBits/5` products.
  init(base: BigInteger, modulus: PairModulus, exponentBits: Int) {
    self.modulus = modulus
    digitCount = (exponentBits + Self.digitBits - 1) / Self.digitBits
    let pair = modulus.montgomeryPair(base)
    let one = modulus.montgomeryPair(1)
    var entries = [UInt](repeating: 0, count: digitCount << Self.digitBits * modulus.pairCount)
    var scratch = modulus.scratch()
    let count = digitCount
    modulus.withKernel { kernel in
      cp_pair_table(kernel, &entries, pair, one, UInt32(Self.digitBits), count, &scratch)
    }
    self.entries = entries
  }

  /// Powers of the base with exponents uniform in `0 ..< 2^(5·digitCount)`, in Montgomery's form, one after the other.
  func randomPowers(_ count: Int, scratch: inout [UInt]) -> [UInt] {
    var digits = SecureRandom.words((count * digitCount + 7) / 8)
    defer { for index in digits.indices { digits[index] = 0 } }
    for index in digits.indices { digits[index] &= 0x1f1f_1f1f_1f1f_1f1f }
    var powers = [UInt](repeating: 0, count: count * modulus.pairCount)
    modulus.withKernel { kernel in
      digits.withUnsafeBytes {
        cp_pair_fixed_powers(
          kernel, &powers, count, entries, UInt32(Self.digitBits), digitCount,
          $0.assumingMemoryBound(to: UInt8.self).baseAddress, &scratch)
      }
    }
    return powers
  }
}
