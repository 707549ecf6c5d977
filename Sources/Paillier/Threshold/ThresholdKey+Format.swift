/// Wire form: `TPT1`, the public key without its mark, threshold and holders (32-bit words), v, the verification keys.
extension ThresholdKey {
  private static let mark: [UInt8] = Array("TPT1".utf8)

  /// The key for a file or a message.
  public var encoded: [UInt8] {
    var writer = ByteWriter(mark: Self.mark)
    write(to: &writer)
    return writer.bytes
  }

  public init(encoded: [UInt8]) throws(PaillierError) {
    try self.init(encoded: encoded, size: .secure)
  }

  package init(encoded: [UInt8], size: KeySize) throws(PaillierError) {
    var reader = try ByteReader(encoded, mark: Self.mark, what: "a threshold key")
    try self.init(from: &reader, size: size)
    try reader.finish()
  }

  func write(to writer: inout ByteWriter) {
    publicKey.write(to: &writer)
    writer.write(UInt32(threshold))
    writer.write(UInt32(holderCount))
    for number in [verificationBase] + verificationKeys { writer.write(number, byteCount: publicKey.bitCount / 8) }
  }

  init(from reader: inout ByteReader, size: KeySize) throws(PaillierError) {
    let publicKey = try PublicKey(from: &reader, size: size)
    let threshold = Int(try reader.word32())
    let holders = Int(try reader.word32())
    try Self.check(threshold: threshold, holders: holders)
    var numbers: [BigInteger] = []
    for _ in 0...holders {
      let number = try reader.number(byteCount: publicKey.bitCount / 8)
      guard number > 1, number < publicKey.modulus, number.isCoprime(to: publicKey.modulus) else {
        throw reader.malformed("a verification key is not a unit modulo the key's modulus")
      }
      numbers.append(number)
    }
    self.init(
      publicKey: publicKey, threshold: threshold, holderCount: holders, verificationBase: numbers[0],
      verificationKeys: Array(numbers.dropFirst()))
  }
}

/// Wire form: `TPS1`, the threshold key without its mark, holder (32-bit word), the secret exponent.
extension KeyShare {
  private static let mark: [UInt8] = Array("TPS1".utf8)

  /// The share for the holder's file, which nobody else may read.
  public var encoded: [UInt8] {
    var writer = ByteWriter(mark: Self.mark)
    key.write(to: &writer)
    writer.write(UInt32(holder))
    writer.write(exponent, byteCount: key.publicKey.bitCount / 8)
    return writer.bytes
  }

  /// Reads a share and checks it against its verification key.
  public init(encoded: [UInt8]) throws(PaillierError) {
    try self.init(encoded: encoded, size: .secure)
  }

  package init(encoded: [UInt8], size: KeySize) throws(PaillierError) {
    var reader = try ByteReader(encoded, mark: Self.mark, what: "a key share")
    let key = try ThresholdKey(from: &reader, size: size)
    let holder = Int(try reader.word32())
    guard (1...key.holderCount).contains(holder) else { throw reader.malformed("there is no such key-holder") }
    let exponent = try reader.number(byteCount: key.publicKey.bitCount / 8)
    try reader.finish()
    guard !exponent.isZero, exponent < key.publicKey.modulus,
      key.verificationBase.secretPower(exponent, modulo: key.publicKey.modulus) == key.verificationKeys[holder - 1]
    else { throw reader.malformed("the share does not fit its verification key") }
    self.init(key: key, holder: holder, exponent: exponent)
  }
}
