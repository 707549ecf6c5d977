import CGMP

extension BigInteger {
  public static func + (a: BigInteger, b: BigInteger) -> BigInteger { make { __gmpz_add($0, a.number, b.number) } }
  public static func - (a: BigInteger, b: BigInteger) -> BigInteger { make { __gmpz_sub($0, a.number, b.number) } }
  public static func * (a: BigInteger, b: BigInteger) -> BigInteger { make { __gmpz_mul($0, a.number, b.number) } }
  public static prefix func - (a: BigInteger) -> BigInteger { make { __gmpz_neg($0, a.number) } }

  public var isZero: Bool { number.pointee._mp_size == 0 }
  public var isNegative: Bool { number.pointee._mp_size < 0 }
  var isOdd: Bool { __gmpz_tstbit(number, 0) == 1 }
  public var magnitude: BigInteger { isNegative ? -self : self }

  /// Bits of the magnitude; 0 for 0.
  public var bitCount: Int { isZero ? 0 : __gmpz_sizeinbase(number, 2) }

  package static func powerOfTwo(_ exponent: Int) -> BigInteger { make { __gmpz_setbit($0, mp_bitcnt_t(exponent)) } }

  /// The remainder in `0 ..< modulus`, for a positive modulus.
  package func modulo(_ modulus: BigInteger) -> BigInteger { .make { __gmpz_mod($0, number, modulus.number) } }

  /// The quotient by a number that divides this one.
  func dividedExactly(by divisor: BigInteger) -> BigInteger {
    .make { __gmpz_divexact($0, number, divisor.number) }
  }

  /// The largest whole number not above the quotient by a positive number.
  package func quotient(by divisor: BigInteger) -> BigInteger { .make { __gmpz_fdiv_q($0, number, divisor.number) } }

  /// The remainder by a small positive number, for a number that is not negative.
  func remainder(by divisor: UInt) -> UInt { __gmpz_fdiv_ui(number, divisor) }

  /// The factor that makes 1 modulo a positive number, if there is one.
  package func inverse(modulo modulus: BigInteger) -> BigInteger? {
    var exists = false
    let inverse = BigInteger.make { exists = __gmpz_invert($0, number, modulus.number) != 0 }
    return exists ? inverse : nil
  }

  package func greatestCommonDivisor(with other: BigInteger) -> BigInteger {
    .make { __gmpz_gcd($0, number, other.number) }
  }

  func isCoprime(to other: BigInteger) -> Bool { greatestCommonDivisor(with: other) == 1 }

  /// Jacobi's symbol of this number over an odd positive one.
  package func jacobiSymbol(over modulus: BigInteger) -> Int { Int(__gmpz_jacobi(number, modulus.number)) }

  /// A power in a time that depends on the numbers, all of which everybody may know; the exponent is not negative.
  package func publicPower(_ exponent: BigInteger, modulo modulus: BigInteger) -> BigInteger {
    .make { __gmpz_powm($0, number, exponent.number, modulus.number) }
  }

  /// A power in a time, and with an order of memory accesses, that depend on sizes only: for exponents or moduli that
  /// are secret. The exponent is positive, the modulus odd.
  package func secretPower(_ exponent: BigInteger, modulo modulus: BigInteger) -> BigInteger {
    .make { __gmpz_powm_sec($0, number, exponent.number, modulus.number) }
  }

  /// The number of `0 ..< p·q` with the remainders `a` by `p` and `b` by `q`, given `1/p` modulo `q`.
  static func combined(_ a: BigInteger, _ p: BigInteger, _ b: BigInteger, _ q: BigInteger, inverse: BigInteger)
    -> BigInteger
  {
    a + p * ((b - a) * inverse).modulo(q)
  }
}
