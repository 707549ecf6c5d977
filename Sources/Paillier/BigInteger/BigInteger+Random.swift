import Arithmetic
import CGMP

extension BigInteger {
  /// Uniform in `0 ..< 2^bits`, from the operating system.
  package static func random(bits: Int) -> BigInteger {
    var bytes = SecureRandom.bytes((bits + 7) / 8)
    if bits % 8 != 0, let last = bytes.popLast() { bytes.append(last & (1 << UInt8(bits % 8) - 1)) }
    defer { for index in bytes.indices { bytes[index] = 0 } }
    return BigInteger(littleEndian: bytes)
  }

  /// Uniform in `1 ..< limit`, from the operating system.
  static func random(below limit: BigInteger) -> BigInteger {
    while true {
      let candidate = random(bits: limit.bitCount)
      if candidate < limit, !candidate.isZero { return candidate }
    }
  }

  /// Uniform among the numbers of `1 ..< modulus` that are coprime to it.
  static func randomUnit(modulo modulus: BigInteger) -> BigInteger {
    while true {
      let candidate = random(below: modulus)
      if candidate.isCoprime(to: modulus) { return candidate }
    }
  }

  /// Whether the number passes the test of Baillie, Pomerance, Selfridge and Wagstaff and forty rounds of Miller and
  /// Rabin: a composite number chosen at random passes with probability far below 2^-80.
  package var isProbablePrime: Bool {
    // GMP counts the first test as 24 rounds.
    __gmpz_probab_prime_p(number, 24 + 40) > 0
  }
}
