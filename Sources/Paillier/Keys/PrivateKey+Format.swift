/// Wire form: `TPP1`, the public key without its mark, p, q.
extension PrivateKey {
  private static let mark: [UInt8] = Array("TPP1".utf8)

  /// The key for its owner's file, which nobody else may read.
  public var encoded: [UInt8] {
    var writer = ByteWriter(mark: Self.mark)
    publicKey.write(to: &writer)
    for prime in [p.prime, q.prime] { writer.write(prime, byteCount: publicKey.bitCount / 16) }
    return writer.bytes
  }

  /// Reads a key and checks that its primes are primes and make its modulus.
  public init(encoded: [UInt8]) throws(PaillierError) {
    try self.init(encoded: encoded, size: .secure)
  }

  package init(encoded: [UInt8], size: KeySize) throws(PaillierError) {
    var reader = try ByteReader(encoded, mark: Self.mark, what: "a private key")
    let publicKey = try PublicKey(from: &reader, size: size)
    let p = try reader.number(byteCount: publicKey.bitCount / 16)
    let q = try reader.number(byteCount: publicKey.bitCount / 16)
    try reader.finish()
    guard p > 2, q > 2, p * q == publicKey.modulus, p.isProbablePrime, q.isProbablePrime else {
      throw reader.malformed("its primes do not make its modulus")
    }
    try self.init(p, q, publicKey)
  }
}
