import CPaillier

/// A modulus n as the kernels of `CPaillier` want it, with which they compute modulo n².
struct PairModulus: Sendable {
  let limbCount: Int
  private let words: [UInt]
  private let negatedInverse: UInt
  private let modulus: BigInteger

  init(_ modulus: BigInteger) {
    self.modulus = modulus
    limbCount = (modulus.bitCount + 63) / 64
    words = modulus.limbs(count: limbCount)
    negatedInverse = cp_negated_inverse(words[0])
  }

  /// Limbs of a number modulo n².
  var pairCount: Int { 2 * limbCount }

  func withKernel<Result>(_ body: (cp_modulus) throws -> Result) rethrows -> Result {
    try words.withUnsafeBufferPointer {
      try body(cp_modulus(n: $0.baseAddress, negated_inverse: negatedInverse, limbs: limbCount))
    }
  }

  /// x·R modulo n² as the kernels' pair.
  func montgomeryPair(_ x: BigInteger) -> [UInt] {
    let scaled = (x * .powerOfTwo(64 * limbCount)).modulo(modulus * modulus)
    return scaled.modulo(modulus).limbs(count: limbCount) + scaled.quotient(by: modulus).limbs(count: limbCount)
  }

  /// Zeros for the kernels to work in.
  func scratch() -> [UInt] { [UInt](repeating: 0, count: cp_pair_scratch(limbCount)) }
}
