import CGMP

extension BigInteger {
  /// The number in decimal digits.
  public var decimal: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: __gmpz_sizeinbase(number, 10) + 2) { buffer in
      guard let text = buffer.baseAddress else { return "" }
      _ = __gmpz_get_str(text, 10, number)
      return String(cString: text)
    }
  }

  /// The number as a machine word, if it fits.
  public var asInt: Int? { __gmpz_fits_slong_p(number) != 0 ? __gmpz_get_si(number) : nil }

  /// Bytes of the magnitude, the lowest first, filled up with zeros to `count`, which must be enough.
  package func littleEndianBytes(count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      precondition(bitCount <= 8 * count, "a number of \(bitCount) bits does not fit \(count) bytes")
      buffer.initialize(repeating: 0)
      __gmpz_export(buffer.baseAddress, nil, -1, 1, 0, 0, number)
      initialized = count
    }
  }

  /// Limbs of the magnitude, the lowest first, filled up with zeros to `count`, which must be enough.
  package func limbs(count: Int) -> [UInt] {
    [UInt](unsafeUninitializedCapacity: count) { buffer, initialized in
      precondition(bitCount <= 64 * count, "a number of \(bitCount) bits does not fit \(count) limbs")
      buffer.initialize(repeating: 0)
      __gmpz_export(buffer.baseAddress, nil, -1, 8, 0, 0, number)
      initialized = count
    }
  }

  /// The nearest `Double`, ties to even; infinite where the number is too large.
  public var nearestDouble: Double {
    let magnitude = magnitude
    let shift = max(0, magnitude.bitCount - 64)
    let kept = BigInteger.make { __gmpz_tdiv_q_2exp($0, magnitude.number, mp_bitcnt_t(shift)) }
    var word = kept.limbs(count: 1)[0]
    // Bits that were cut off matter only as being there or not: the lowest of 64 bits stands for them all.
    if shift > 0, __gmpz_divisible_2exp_p(magnitude.number, mp_bitcnt_t(shift)) == 0 { word |= 1 }
    let value = shift > 1024 ? Double.infinity : Double(word) * Double(sign: .plus, exponent: shift, significand: 1)
    return isNegative ? -value : value
  }
}
