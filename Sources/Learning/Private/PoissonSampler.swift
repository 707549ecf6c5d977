import Arithmetic
import CKernels
public import Privacy

/// Rows drawn each by a coin of its own, and the event that such a draw makes of a mechanism: one object, so that what is
/// accounted is what was drawn.
public struct PoissonSampler: Hashable, Sendable {
  /// How many rows there are to draw from.
  public let rows: Int
  /// The probability of each row; coins are at most this, and less by no more than 2⁻⁶⁴.
  public let rate: Double

  /// - Throws: ``LearningError/invalidSetting(_:reason:)`` for a rate outside 0...1.
  public init(rows: Int, rate: Double) throws(LearningError) {
    guard rate > 0, rate <= 1, rows > 0 else {
      throw .invalidSetting("the sampling rate", reason: "must be above 0 and at most 1, of at least one row")
    }
    (self.rows, self.rate) = (rows, rate)
  }

  /// What a mechanism releases that sees one draw.
  public func event(of mechanism: PrivacyEvent) -> PrivacyEvent { .poissonSampled(rate: rate, mechanism) }

  /// The rows of a draw, in order, by coins of the operating system's generator that nobody keeps.
  package func draw() -> [Int] {
    let room = DrawnRows(capacity: rows)
    room.fill { draw(SecretStream(), into: $0) }
    // The rows point into what the room erases when nobody needs it any more.
    return withExtendedLifetime(room) { Array(room.rows) }
  }

  /// Writes the rows of a draw, in order, and gives how many there are; none is a draw as good as any.
  func draw(_ stream: SecretStream, into room: UnsafeMutablePointer<Int>) -> Int {
    guard rate < 1 else {
      for row in 0..<rows { room[row] = row }
      return rows
    }
    return stream.withWords((rows + 1) / 2) { words in
      words.withMemoryRebound(to: UInt32.self) { coins in
        // Coins have been read when a tie asks for more words.
        Self.choose(coins, rows: rows, limit: UInt64(rate * 0x1p64), into: room) {
          stream.withWords(1) { UInt32(truncatingIfNeeded: $0[0]) }
        }
      }
    }
  }

  /// The rows whose coins of 64 bits are below the limit. The upper halves decide of all but one in 2³² rows; whose is the limit's own
  /// throws the lower half too.
  package static func choose(
    _ coins: UnsafeMutableBufferPointer<UInt32>, rows: Int, limit: UInt64, into room: UnsafeMutablePointer<Int>,
    lower: () -> UInt32
  ) -> Int {
    let half = UInt32(limit >> 32)
    var ties = 0
    let count = ck_u32_places_to(rows, coins.baseAddress, half, room, &ties)
    guard ties > 0 else { return count }
    for index in 0..<count where coins[room[index]] == half { room[index] = ~room[index] }
    var kept = 0
    for index in 0..<count where room[index] >= 0 || lower() < UInt32(truncatingIfNeeded: limit) {
      room[kept] = max(room[index], ~room[index])
      kept += 1
    }
    return kept
  }
}

/// Memory for the rows of a step, which are erased with it.
final class DrawnRows {
  private(set) var rows: UnsafeBufferPointer<Int>
  private let room: UnsafeMutableBufferPointer<Int>

  /// Rows are written eight at a time, and so beyond the last one.
  init(capacity: Int) {
    room = .allocate(capacity: capacity + 8)
    room.initialize(repeating: 0)
    rows = UnsafeBufferPointer(rebasing: room[..<0])
  }

  deinit {
    ck_zero(room.baseAddress, room.count * MemoryLayout<Int>.size)
    room.deallocate()
  }

  /// - Parameter body: writes rows, and gives how many.
  func fill(_ body: (UnsafeMutablePointer<Int>) -> Int) {
    guard let base = room.baseAddress else { return }
    rows = UnsafeBufferPointer(start: base, count: body(base))
  }
}

/// Random words for coins and noise, under a key from the operating system that nobody keeps.
final class SecretStream {
  private let generator = PseudorandomGenerator(key: SecureRandom.bytes(PseudorandomGenerator.keyByteCount))
  private var counter: UInt64 = 0
  private var words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 1)

  deinit { erase() }

  /// Fresh words, good until the next call.
  func withWords<Result>(_ count: Int, _ body: (UnsafeMutableBufferPointer<UInt64>) -> Result) -> Result {
    if words.count < count {
      erase()
      words = .allocate(capacity: count)
      words.initialize(repeating: 0)
    }
    let part = UnsafeMutableBufferPointer(rebasing: words[..<count])
    generator.fill(part, counterHigh: 0, counterLow: counter)
    counter &+= UInt64((count + 1) / 2)
    return body(part)
  }

  private func erase() {
    ck_zero(words.baseAddress, words.count * MemoryLayout<UInt64>.size)
    words.deallocate()
  }
}
