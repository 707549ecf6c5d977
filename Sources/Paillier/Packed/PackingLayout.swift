/// How many values share a ciphertext: slots of fixed width, each wide enough for a sum of as many values as agreed.
///
/// A value v lies within ±(2^(valueBits − 1) − 1); slot k of a plaintext counts 2^(k·slotBits). A sum of up to
/// ``summandLimit`` vectors stays below 2^(slotBits − 1) in every slot, so neighbours never touch and sums are exact.
public struct PackingLayout: Sendable, Hashable {
  /// Bits of the key's modulus.
  public let keyBits: Int
  /// Bits of a value, its sign included.
  public let valueBits: Int
  /// Vectors that may be added up.
  public let summandLimit: Int
  /// Bits of a slot: those of a value and ⌈log₂ summandLimit⌉ more.
  public let slotBits: Int
  /// Values in one ciphertext.
  public let slotCount: Int

  /// A layout for values of 2...53 bits; slots have up to 63 bits.
  public init(keyBits: Int, valueBits: Int, summandLimit: Int) throws(PaillierError) {
    guard (2...53).contains(valueBits) else {
      throw .unusableLayout(reason: "values have 2 to 53 bits, not \(valueBits)")
    }
    guard (1...1 << 31).contains(summandLimit) else {
      throw .unusableLayout(reason: "between 1 and 2^31 vectors can be added up, not \(summandLimit)")
    }
    self.keyBits = keyBits
    self.valueBits = valueBits
    self.summandLimit = summandLimit
    slotBits = valueBits + (Int.bitWidth - (summandLimit - 1).leadingZeroBitCount)
    guard slotBits <= 63 else {
      throw .unusableLayout(reason: "sums of \(summandLimit) values of \(valueBits) bits exceed 63 bits")
    }
    // One bit less than n, so that plaintexts of either sign stay below n/2.
    slotCount = (keyBits - 1) / slotBits
    guard slotCount >= 1 else { throw .unusableLayout(reason: "a key of \(keyBits) bits has no room for a value") }
  }

  /// The largest value, 2^(valueBits − 1) − 1.
  public var largestValue: Int64 { 1 << Int64(valueBits - 1) - 1 }

  /// Ciphertexts for a vector of `valueCount` values.
  public func ciphertextCount(valueCount: Int) -> Int { (valueCount + slotCount - 1) / slotCount }

  /// Real numbers within ±bound as values: the nearest multiples of bound/``largestValue``, off by half of that at
  /// most.
  public func values(of reals: [Float], bound: Double) throws(PaillierError) -> [Int64] {
    let scale = try scale(bound: bound)
    var values = [Int64](repeating: 0, count: reals.count)
    for (index, real) in reals.enumerated() {
      guard abs(Double(real)) <= bound else { throw .valueOutOfRange(index: index, bound: bound) }
      values[index] = Int64((Double(real) * scale).rounded())
    }
    return values
  }

  /// The real numbers that sums of values stand for.
  public func reals(of values: [Int64], bound: Double) throws(PaillierError) -> [Double] {
    let scale = try scale(bound: bound)
    return values.map { Double($0) / scale }
  }

  private func scale(bound: Double) throws(PaillierError) -> Double {
    let scale = Double(largestValue) / bound
    guard bound > 0, scale.isNormal else {
      throw .unusableLayout(reason: "the bound \(bound) is no usable positive number")
    }
    return scale
  }
}
