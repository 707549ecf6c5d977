/// A whole number under a public key: something only the holder of the private key tells from any other.
public struct Ciphertext: Sendable, Equatable {
  let value: BigInteger

  init(value: BigInteger) { self.value = value }

  /// A ciphertext from its number, which must be in `1 ..< n²` and coprime to n.
  public init(_ value: BigInteger, under key: PublicKey) throws(PaillierError) {
    guard value > 0, value < key.square, value.isCoprime(to: key.modulus) else {
      throw .malformed(what: "a ciphertext", reason: "it is not a unit modulo the square of the key's modulus")
    }
    self.value = value
  }

  /// Reads a ciphertext of exactly ``PublicKey/ciphertextByteCount`` bytes, the lowest first.
  public init(encoded: [UInt8], under key: PublicKey) throws(PaillierError) {
    guard encoded.count == key.ciphertextByteCount else {
      throw .malformed(what: "a ciphertext", reason: "it has \(encoded.count) bytes, not \(key.ciphertextByteCount)")
    }
    try self.init(BigInteger(littleEndian: encoded), under: key)
  }

  /// The ciphertext for a file or a message under its key.
  public func encoded(under key: PublicKey) -> [UInt8] { value.littleEndianBytes(count: key.ciphertextByteCount) }
}
