extension PackingLayout {
  /// Bytes of ``PackedCiphertext/encoded`` for a vector of `valueCount` values.
  public func encodedByteCount(valueCount: Int) -> Int {
    4 + 16 + 4 + 3 * 8 + ciphertextCount(valueCount: valueCount) * keyBits / 4
  }
}

/// Wire form: `TPV1`, fingerprint of the key (16 bytes), bits of a value (32-bit word), limit of summands (64), values
/// (64), summands (64), then the ciphertexts.
extension PackedCiphertext {
  private static let mark: [UInt8] = Array("TPV1".utf8)

  /// The vector for a file or a message.
  public var encoded: [UInt8] {
    var writer = ByteWriter(mark: Self.mark)
    writer.write(keyFingerprint)
    writer.write(UInt32(layout.valueBits))
    writer.write(UInt64(layout.summandLimit))
    writer.write(UInt64(valueCount))
    writer.write(UInt64(summandCount))
    writer.write(bytes)
    return writer.bytes
  }

  /// Reads a vector that must be under `key`, of `layout`, and of `valueCount` values; all ciphertexts are checked to
  /// be units modulo n².
  ///
  /// An update fresh from a worker has ``summandCount`` 1, which is for the caller to insist on.
  public init(
    encoded: [UInt8], under key: PublicKey, layout: PackingLayout, valueCount: Int
  ) throws(PaillierError) {
    var reader = try ByteReader(encoded, mark: Self.mark, what: "a packed vector")
    guard Array(try reader.bytes(16)) == key.fingerprint, layout.keyBits == key.bitCount else {
      throw .mismatch(what: "the key")
    }
    let valueBits = try reader.word32()
    let summandLimit = try reader.word64()
    guard valueBits == layout.valueBits, summandLimit == layout.summandLimit else {
      throw .mismatch(what: "the packing")
    }
    guard try reader.word64() == valueCount else { throw .mismatch(what: "the number of values") }
    let summandCount = try reader.word64()
    guard (1...UInt64(layout.summandLimit)).contains(summandCount) else {
      throw .tooManySummands(count: Int(clamping: summandCount), limit: layout.summandLimit)
    }
    let count = layout.ciphertextCount(valueCount: valueCount)
    let bytes = Array(try reader.bytes(count * key.ciphertextByteCount))
    try reader.finish()
    self.init(
      layout: layout, keyFingerprint: key.fingerprint, valueCount: valueCount, summandCount: Int(summandCount),
      bytes: bytes)
    try checkUnits(key, reader)
  }

  /// A product of numbers is coprime to n exactly when all of them are, so one common divisor serves all.
  private func checkUnits(_ key: PublicKey, _ reader: ByteReader) throws(PaillierError) {
    var product: BigInteger = 1
    for index in 0..<ciphertextCount {
      let value = value(index)
      guard value < key.square else {
        throw reader.malformed("ciphertext \(index) is not below the square of the modulus")
      }
      product = (product * value).modulo(key.modulus)
    }
    guard product.isCoprime(to: key.modulus) else {
      throw reader.malformed("a ciphertext has a factor in common with the modulus")
    }
  }
}
