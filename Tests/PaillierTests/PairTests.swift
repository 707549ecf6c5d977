import CPaillier
import Paillier
import Testing

/// The kernels modulo n²; oracle: GMP's own arithmetic on whole numbers.
@Suite struct PairTests {
  @Test(arguments: [1, 2, 3, 8, 32, 48])
  func productsAndSums(limbs: Int) throws {
    for round in 0..<30 {
      let modulus = Self.odd(limbs: limbs, isSmall: round % 5 == 4)
      let square = modulus * modulus
      let inverse = try #require(BigInteger.powerOfTwo(64 * limbs).inverse(modulo: square))
      // The largest numbers first: they carry the most.
      let x = round < 3 ? square - BigInteger(round + 1) : BigInteger.random(bits: 128 * limbs).modulo(square)
      let y = round < 2 ? square - 1 : BigInteger.random(bits: 128 * limbs).modulo(square)
      #expect(Self.product(x, y, modulus, limbs) == (x * y * inverse).modulo(square))

      let (a, b) = (x.modulo(modulus), y.modulo(modulus))
      var sum = [UInt](repeating: 0, count: limbs)
      Self.withKernel(modulus, limbs) { cp_add_modulo($0, &sum, a.limbs(count: limbs), b.limbs(count: limbs)) }
      #expect(Self.number(sum) == (a + b).modulo(modulus))
    }
  }

  /// Powers by table, times R; every digit and window count, several powers at once.
  @Test(arguments: [1, 2, 5])
  func powersByTable(bits: Int) throws {
    let limbs = 4
    let windows = 7
    let count = 3
    let modulus = Self.odd(limbs: limbs, isSmall: false)
    let square = modulus * modulus
    let radix = BigInteger.powerOfTwo(64 * limbs)
    let base = BigInteger.random(bits: 500).modulo(square)
    var table = [UInt](repeating: 0, count: windows * 2 * limbs << bits)
    var powers = [UInt](repeating: 0, count: count * 2 * limbs)
    let digits = (0..<count * windows).map { UInt8(truncatingIfNeeded: $0 * 11 + 3) & UInt8(1 << bits - 1) }
    Self.withKernel(modulus, limbs) { kernel in
      var scratch = [UInt](repeating: 0, count: cp_pair_scratch(limbs))
      let pair = Self.pair((base * radix).modulo(square), modulus, limbs)
      let one = Self.pair(radix.modulo(square), modulus, limbs)
      cp_pair_table(kernel, &table, pair, one, UInt32(bits), windows, &scratch)
      cp_pair_fixed_powers(kernel, &powers, count, table, UInt32(bits), windows, digits, &scratch)
    }
    for index in 0..<count {
      let exponent = (0..<windows).reversed().reduce(BigInteger(0)) {
        $0 * .powerOfTwo(bits) + BigInteger(Int(digits[index * windows + $1]))
      }
      let expected = (base.publicPower(exponent, modulo: square) * radix).modulo(square)
      let found = Array(powers[index * 2 * limbs..<(index + 1) * 2 * limbs])
      #expect(Self.number(Array(found[..<limbs])) + modulus * Self.number(Array(found[limbs...])) == expected)
    }
  }

  private static func odd(limbs: Int, isSmall: Bool) -> BigInteger {
    let bits = 64 * limbs
    let half = BigInteger.random(bits: isSmall ? bits - 30 : bits - 1)
    return isSmall ? half * 2 + 3 : half.quotient(by: 2) * 2 + .powerOfTwo(bits - 1) + 1
  }

  private static func product(_ x: BigInteger, _ y: BigInteger, _ modulus: BigInteger, _ limbs: Int) -> BigInteger {
    var result = [UInt](repeating: 0, count: 2 * limbs)
    var joined = result
    withKernel(modulus, limbs) { kernel in
      var scratch = [UInt](repeating: 0, count: cp_pair_scratch(limbs))
      cp_pair_multiply(kernel, &result, pair(x, modulus, limbs), pair(y, modulus, limbs), &scratch)
      cp_pair_join(kernel, &joined, result)
    }
    return number(joined)
  }

  private static func withKernel(_ modulus: BigInteger, _ limbs: Int, _ body: (cp_modulus) -> Void) {
    let words = modulus.limbs(count: limbs)
    words.withUnsafeBufferPointer {
      body(cp_modulus(n: $0.baseAddress, negated_inverse: cp_negated_inverse(words[0]), limbs: limbs))
    }
  }

  private static func pair(_ x: BigInteger, _ modulus: BigInteger, _ limbs: Int) -> [UInt] {
    x.modulo(modulus).limbs(count: limbs) + x.quotient(by: modulus).limbs(count: limbs)
  }

  private static func number(_ limbs: [UInt]) -> BigInteger {
    BigInteger(littleEndian: limbs.withUnsafeBytes { Array($0) })
  }
}
