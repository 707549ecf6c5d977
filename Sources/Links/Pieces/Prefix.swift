/// The 24 bytes at the start of every binary frame: what follows, and where it stands in the stream. Little-endian.
///
/// | offset | bytes | what                                                                  |
/// | ------ | ----- | --------------------------------------------------------------------- |
/// | 0      | 1     | kind                                                                  |
/// | 1      | 1     | kind of body                                                          |
/// | 4      | 4     | bytes of the message's header; of a greeting                          |
/// | 8      | 8     | number of the piece; how many pieces have come                        |
/// | 16     | 8     | bytes of the message's body; how many pieces may be sent all together |
struct Prefix: Equatable {
  enum Kind: UInt8 {
    /// A message's first piece.
    case head = 1
    /// A further piece of the message.
    case rest = 2
    /// How far the receiver has come, and how far the sender may go.
    case acknowledgement = 3
    /// The last piece of all.
    case farewell = 4
    /// The first frame of a connection.
    case hello = 5
  }

  static let byteCount = 24

  var kind: Kind
  var bodyKind = BodyKind.none
  var headerCount: UInt32 = 0
  var number: UInt64 = 0
  var count: UInt64 = 0

  func write(to target: UnsafeMutableRawPointer) {
    target.storeBytes(of: UInt32(kind.rawValue) | UInt32(bodyKind.rawValue) << 8, as: UInt32.self)
    target.storeBytes(of: headerCount, toByteOffset: 4, as: UInt32.self)
    target.storeBytes(of: number, toByteOffset: 8, as: UInt64.self)
    target.storeBytes(of: count, toByteOffset: 16, as: UInt64.self)
  }
}

extension Prefix {
  /// Reads 24 bytes.
  init(_ bytes: [UInt8]) throws(FrameFault) {
    guard bytes.count == Prefix.byteCount, let kind = Kind(rawValue: bytes[0]),
      let bodyKind = BodyKind(rawValue: bytes[1]), bytes[2] == 0, bytes[3] == 0
    else { throw FrameFault("a frame that starts like none of this protocol") }
    self.kind = kind
    self.bodyKind = bodyKind
    headerCount = UInt32(truncatingIfNeeded: Prefix.word(bytes[4..<8]))
    number = Prefix.word(bytes[8..<16])
    count = Prefix.word(bytes[16..<24])
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
}
