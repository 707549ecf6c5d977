/// Bytes of a message as they are put together; words and numbers begin with their lowest byte.
struct ByteWriter {
  private(set) var bytes: [UInt8]

  init(mark: [UInt8]) { bytes = mark }

  mutating func write(_ byte: UInt8) { bytes.append(byte) }
  mutating func write(_ word: UInt32) { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
  mutating func write(_ word: UInt64) { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
  mutating func write(_ more: [UInt8]) { bytes.append(contentsOf: more) }
  mutating func write(_ number: BigInteger, byteCount: Int) { write(number.littleEndianBytes(count: byteCount)) }
}

/// Takes a message apart, trusting nothing: every length is fixed by what has been read and checked before.
struct ByteReader {
  private var rest: ArraySlice<UInt8>
  private let what: String

  init(_ bytes: [UInt8], mark: [UInt8], what: String) throws(PaillierError) {
    rest = bytes[...]
    self.what = what
    guard rest.starts(with: mark) else { throw malformed("it begins with the wrong mark") }
    rest = rest.dropFirst(mark.count)
  }

  func malformed(_ reason: String) -> PaillierError { .malformed(what: what, reason: reason) }

  mutating func bytes(_ count: Int) throws(PaillierError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= rest.count else { throw malformed("it ends too early") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  mutating func byte() throws(PaillierError) -> UInt8 {
    try bytes(1).reduce(0) { $0 | $1 }
  }

  mutating func word32() throws(PaillierError) -> UInt32 {
    try bytes(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  mutating func word64() throws(PaillierError) -> UInt64 {
    try bytes(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func number(byteCount: Int) throws(PaillierError) -> BigInteger {
    BigInteger(littleEndian: try bytes(byteCount))
  }

  func finish() throws(PaillierError) {
    guard rest.isEmpty else { throw malformed("\(rest.count) bytes are left over") }
  }
}
