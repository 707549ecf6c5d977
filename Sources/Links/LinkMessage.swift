/// What two ends of a ``Link`` tell each other: a small header that says what it is, and numbers in bulk.
public struct LinkMessage: Hashable, Sendable {
  /// Control data of the room above, at most ``largestHeader`` bytes.
  public var header: [UInt8]
  public var body: LinkBody

  public static let largestHeader = 1 << 20

  public init(header: [UInt8], body: LinkBody = .none) {
    self.header = header
    self.body = body
  }
}

/// Numbers in bulk. They travel little-endian, piece by piece, and lie in memory once at each end.
public enum LinkBody: Hashable, Sendable {
  case none
  case bytes([UInt8])
  case floats([Float])
  case words32([UInt32])
  case words64([UInt64])

  public var byteCount: Int {
    switch self {
    case .none: 0
    case .bytes(let bytes): bytes.count
    case .floats(let floats): 4 * floats.count
    case .words32(let words): 4 * words.count
    case .words64(let words): 8 * words.count
    }
  }
}
