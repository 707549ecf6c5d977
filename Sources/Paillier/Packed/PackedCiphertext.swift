/// A vector of values, or a sum of such vectors, many values to a ciphertext.
public struct PackedCiphertext: Sendable, Equatable {
  public let layout: PackingLayout
  /// Names the key; see ``PublicKey/fingerprint``.
  public let keyFingerprint: [UInt8]
  public let valueCount: Int
  /// Vectors that were added up.
  public let summandCount: Int
  /// The ciphertexts, one after the other.
  public let bytes: [UInt8]

  var ciphertextByteCount: Int { layout.keyBits / 4 }
  /// How many ciphertexts there are.
  public var ciphertextCount: Int { layout.ciphertextCount(valueCount: valueCount) }

  /// The number of one ciphertext.
  func value(_ index: Int) -> BigInteger {
    BigInteger(littleEndian: bytes[index * ciphertextByteCount..<(index + 1) * ciphertextByteCount])
  }

  /// The slots of ciphertext `index` that hold values.
  func slotCount(_ index: Int) -> Int { min(layout.slotCount, valueCount - index * layout.slotCount) }

  func checkKey(_ key: PublicKey) throws(PaillierError) {
    guard keyFingerprint == key.fingerprint, layout.keyBits == key.bitCount else { throw .mismatch(what: "the key") }
  }
}

extension PackedCiphertext {
  /// The sum of vectors of one layout and length under one key: one product modulo n² for each ciphertext and summand.
  ///
  /// Refuses to add up more vectors than the layout has room for. Cores used: `threads`; the result does not depend on
  /// it.
  public static func sum(
    _ summands: [PackedCiphertext], under key: PublicKey, threads: Int = 1
  ) async throws -> PackedCiphertext {
    guard let first = summands.first else { throw PaillierError.nothingToSum }
    var summandCount = 0
    for summand in summands {
      try summand.checkKey(key)
      guard summand.layout == first.layout else { throw PaillierError.mismatch(what: "the packing") }
      guard summand.valueCount == first.valueCount else { throw PaillierError.mismatch(what: "the number of values") }
      summandCount += summand.summandCount
    }
    guard summandCount <= first.layout.summandLimit else {
      throw PaillierError.tooManySummands(count: summandCount, limit: first.layout.summandLimit)
    }
    let bytes = try await inRuns(first.ciphertextCount, threads: threads) { run in
      run.flatMap { index in
        var product = first.value(index)
        for summand in summands.dropFirst() { product = (product * summand.value(index)).modulo(key.square) }
        return product.littleEndianBytes(count: key.ciphertextByteCount)
      }
    }
    return PackedCiphertext(
      layout: first.layout, keyFingerprint: first.keyFingerprint, valueCount: first.valueCount,
      summandCount: summandCount, bytes: bytes)
  }
}
