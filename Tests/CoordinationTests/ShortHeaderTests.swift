import Arithmetic
import Coordination
import Testing

/// The short forms of headers, by their bytes.
@Suite struct ShortHeaderTests {
  private static func bytes(_ number: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
  private static func bytes(_ number: Double) -> [UInt8] { bytes(Int(bitPattern: UInt(number.bitPattern))) }

  private static func task(_ flags: UInt8) -> [UInt8] { [1, flags] + bytes(7) + bytes(-1) + bytes(Int.max) }
  private static func update(_ flags: UInt8, _ sums: [Double] = []) -> [UInt8] {
    [2, flags] + bytes(7) + bytes(120) + bytes(0.25) + sums.flatMap { bytes($0) }
  }

  @Test func readsWhatItWrites() {
    for flags in UInt8(0)..<8 {
      #expect(MessageCoding.isHeader(Self.task(flags) + (flags & 4 == 0 ? [] : Self.bytes(1.5))))
    }
    for flags in [UInt8(0), 1, 3] {
      #expect(MessageCoding.isHeader(Self.update(flags)))
      #expect(MessageCoding.isHeader(Self.update(flags, [20, 1.0e-300, 0, -3])))
    }
  }

  @Test func refusesWhatItDoesNotWrite() {
    let strangers = [
      [], [1], [3], Self.task(8), Self.task(4), Self.task(0) + [0], Self.task(0) + Self.bytes(1.5),
      Array(Self.task(0).dropLast()), Self.task(4) + Self.bytes(Double.infinity), Self.update(2), Self.update(4),
      Self.update(0, [.nan]), Self.update(0, [1, .infinity]), Self.update(0) + [1], Array(Self.update(0).dropLast()),
      [2, 0] + Self.bytes(7) + Self.bytes(120) + Self.bytes(Double.nan),
    ]
    for stranger in strangers { #expect(!MessageCoding.isHeader(stranger), "\(stranger)") }
  }

  /// Bytes that are changed at random are either refused or mean what they say.
  @Test func survivesChangedBytes() {
    var random = SeedTree(seed: 11).generator()
    for _ in 0..<2000 {
      var bytes = random.uniform() < 0.5 ? Self.task(0) : Self.update(1, [3, 4])
      bytes[Int(random.uniform() * Double(bytes.count))] = UInt8(random.uniform() * 255)
      _ = MessageCoding.isHeader(bytes)
      _ = MessageCoding.isHeader(Array(bytes.prefix(Int(random.uniform() * Double(bytes.count)))))
    }
  }
}
