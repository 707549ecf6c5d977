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
    var drawn: [Int] = []
    draw(SecretStream(), into: &drawn)
    return drawn
  }

  /// Replaces `drawn` by the rows of a draw, in order; none is a draw as good as any.
  func draw(_ stream: SecretStream, into drawn: inout [Int]) {
    drawn.removeAll(keepingCapacity: true)
    guard rate < 1 else { return drawn.append(contentsOf: 0..<rows) }
    let limit = UInt64(rate * 0x1p64)
    drawn.reserveCapacity(rows)
    stream.withWords(rows) { words in
      // Every row is written, and kept by counting it, so that no branch follows a coin.
      var count = 0
      drawn = [Int](unsafeUninitializedCapacity: rows) { buffer, initialized in
        for row in 0..<rows {
          buffer[count] = row
          count &+= words[row] < limit ? 1 : 0
        }
        initialized = count
      }
    }
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
    }
    let part = UnsafeMutableBufferPointer(rebasing: words[..<count])
    part.initialize(repeating: 0)
    generator.fill(part, counterHigh: 0, counterLow: counter)
    counter &+= UInt64((count + 1) / 2)
    return body(part)
  }

  private func erase() {
    ck_zero(words.baseAddress, words.count * MemoryLayout<UInt64>.size)
    words.deallocate()
  }
}
