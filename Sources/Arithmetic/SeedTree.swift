import Crypto

/// One seed for everything random that is **public**: initial weights, shuffles, partitions, simulated faults.
///
/// Every use takes a child of its own, so that adding one does not disturb the others. The same seed and path give the same
/// numbers on every platform. Never for secrets: keys, shares, masks and privacy noise come from ``SecureRandom``.
public struct SeedTree: Hashable, Sendable {
  /// SHA-256 of the path from the seed.
  private let digest: [UInt8]

  public init(seed: UInt64) {
    digest = Self.hash(Array("tacit seed tree".utf8) + Self.bytes(of: seed))
  }

  private init(digest: [UInt8]) {
    self.digest = digest
  }

  /// The branch with a name: SHA-256 of parent ‖ 1 ‖ label.
  public func child(_ label: String) -> SeedTree {
    SeedTree(digest: Self.hash(digest + [Tag.label.rawValue] + label.utf8))
  }

  /// The branch with a number: SHA-256 of parent ‖ 2 ‖ index, eight bytes little-endian.
  public func child(_ index: Int) -> SeedTree {
    SeedTree(digest: Self.hash(digest + [Tag.index.rawValue] + Self.bytes(of: UInt64(bitPattern: Int64(index)))))
  }

  /// A generator at the start of this branch's own stream; its state is SHA-256 of parent ‖ 3.
  public func generator() -> PublicGenerator {
    let state = Self.hash(digest + [Tag.generator.rawValue])
    return PublicGenerator(
      state: (Self.word(0, of: state), Self.word(1, of: state), Self.word(2, of: state), Self.word(3, of: state)))
  }

  /// What keeps labels, indices and streams apart.
  private enum Tag: UInt8 {
    case label = 1
    case index, generator
  }

  private static func hash(_ bytes: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: bytes))
  }

  /// Eight bytes from `8 · index` on, little-endian.
  private static func word(_ index: Int, of bytes: [UInt8]) -> UInt64 {
    bytes[8 * index..<8 * index + 8].reversed().reduce(0) { word, byte in word << 8 | UInt64(byte) }
  }

  private static func bytes(of word: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
  }
}
