import Crypto

/// Wire form: `TPK1`, the bits of n as a 32-bit word, n, one byte that says whether h follows, h. Numbers have fixed
/// lengths, the lowest byte first, as everywhere in this room.
extension PublicKey {
  private static let mark: [UInt8] = Array("TPK1".utf8)

  /// SHA-256 of n, its lowest byte first, cut to 16 bytes: names the key in files and messages.
  public var fingerprint: [UInt8] {
    Array(SHA256.hash(data: modulus.littleEndianBytes(count: bitCount / 8)).prefix(16))
  }

  /// The key for a file or a message.
  public var encoded: [UInt8] {
    var writer = ByteWriter(mark: Self.mark)
    write(to: &writer)
    return writer.bytes
  }

  /// Reads a key, checking what can be checked without its secret.
  public init(encoded: [UInt8]) throws(PaillierError) {
    try self.init(encoded: encoded, size: .secure)
  }

  package init(encoded: [UInt8], size: KeySize) throws(PaillierError) {
    var reader = try ByteReader(encoded, mark: Self.mark, what: "a public key")
    try self.init(from: &reader, size: size)
    try reader.finish()
  }

  func write(to writer: inout ByteWriter) {
    writer.write(UInt32(bitCount))
    writer.write(modulus, byteCount: bitCount / 8)
    writer.write(shortBase == nil ? 0 : 1 as UInt8)
    if let shortBase { writer.write(shortBase, byteCount: bitCount / 8) }
  }

  init(from reader: inout ByteReader, size: KeySize) throws(PaillierError) {
    let bits = Int(try reader.word32())
    try size.check(bits)
    let modulus = try reader.number(byteCount: bits / 8)
    guard modulus.bitCount == bits else { throw reader.malformed("the modulus does not have \(bits) bits") }
    let flag = try reader.byte()
    guard flag <= 1 else { throw reader.malformed("a flag is neither 0 nor 1") }
    let base: BigInteger? = flag == 1 ? try reader.number(byteCount: bits / 8) : nil
    try self.init(modulus: modulus, shortBase: base, size: size)
  }
}
