import Arithmetic

/// The name of one attempt at one aggregation: 16 bytes that never come again.
public struct AttemptID: Hashable, Sendable, CustomStringConvertible {
  public static let byteCount = 16

  public let bytes: [UInt8]

  /// A new attempt, named from the operating system's generator.
  public init() { bytes = SecureRandom.bytes(Self.byteCount) }

  /// The attempt of a given name; nil unless it has 16 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  public var description: String { Hexadecimal.text(bytes) }
}
