/// Puts numbers and bytes in a row; numbers are little-endian.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  /// A label that no other label begins with: its length goes before it.
  mutating func append(text: String) {
    append(UInt8(text.utf8.count))
    append(text.utf8)
  }
}

/// Takes a message apart, strictly: nothing may be missing and nothing left.
struct ByteReader {
  private var rest: ArraySlice<UInt8>
  let kind: MessageKind

  init(_ bytes: ArraySlice<UInt8>, kind: MessageKind) {
    rest = bytes
    self.kind = kind
  }

  mutating func take(_ count: Int) throws(SecureAggregationError) -> ArraySlice<UInt8> {
    guard rest.count >= count else { throw .malformed(kind, reason: "it is too short") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  mutating func number() throws(SecureAggregationError) -> UInt32 {
    try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  mutating func text() throws(SecureAggregationError) -> String {
    let count = Int(try take(1).first ?? 0)
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw .malformed(kind, reason: "it has a name that is no text")
    }
    return text
  }

  mutating func members(of count: Int) throws(SecureAggregationError) -> MemberSet {
    guard let members = MemberSet(bytes: Array(try take((count + 7) / 8)), count: count) else {
      throw .malformed(kind, reason: "it names more members than there are")
    }
    return members
  }

  /// Everything that is left, which must be so many bytes.
  mutating func remainder(_ count: Int) throws(SecureAggregationError) -> ArraySlice<UInt8> {
    guard rest.count == count else {
      throw .malformed(kind, reason: "\(rest.count) bytes are left where \(count) should be")
    }
    return try take(count)
  }

  func end() throws(SecureAggregationError) {
    guard rest.isEmpty else { throw .malformed(kind, reason: "it is too long") }
  }
}
