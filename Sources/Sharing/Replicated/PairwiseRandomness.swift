import Arithmetic

/// The two keys a party shares with its neighbours, and the counters that keep their words apart.
///
/// Key j is held by the pair j: party j and party j − 1. A word's counter is (step, operation, draw, offset): the step is
/// a query's or training step's number, the operation counts the talking primitives within it, the draw tells apart the
/// vectors that one operation takes from a key, and the offset is the word's place in the whole tensor. No counter is
/// used twice under one key; keys are fresh in every session.
struct PairwiseRandomness: Sendable {
  /// Which of the two keys: the one shared with the previous party, or the one shared with the next.
  enum Key: Sendable {
    case first
    case second
  }

  private let first: PseudorandomGenerator
  private let second: PseudorandomGenerator
  /// Told of the counters of every draw: tests check with it that none is used twice.
  private let observer: Observer?

  /// Hears which key, which high counter word and which values of the low one.
  typealias Observer = @Sendable (Key, UInt64, Range<UInt64>) -> Void

  init(first: PseudorandomGenerator, second: PseudorandomGenerator, observer: Observer? = nil) {
    self.first = first
    self.second = second
    self.observer = observer
  }

  /// One of the keystreams, for correlations that a dealer expands alike; draws have the counters that ``Draws`` give them.
  func generator(_ key: Key) -> PseudorandomGenerator {
    switch key {
    case .first: first
    case .second: second
    }
  }

  /// The observer as one of draws from that key.
  func observer(of key: Key) -> DealtDraws.Observer? {
    guard let observer else { return nil }
    return { _, high, blocks in observer(key, high, blocks) }
  }

  /// The draws of one operation of one step.
  func operation(_ operation: UInt32, ofStep step: UInt32) -> Draws {
    Draws(randomness: self, counterHigh: UInt64(step) << 32 | UInt64(operation))
  }

  /// What one operation may take from the keys.
  struct Draws: Sendable {
    fileprivate let randomness: PairwiseRandomness
    fileprivate let counterHigh: UInt64

    /// The words of draw number `draw` at `offset`, which must be even.
    func fill(_ key: Key, _ draw: Int, offset: Int, _ target: UnsafeMutableBufferPointer<UInt64>) {
      let generator = key == .first ? randomness.first : randomness.second
      let counterLow = UInt64(draw) << 48 | UInt64(offset / 2)
      randomness.observer?(key, counterHigh, counterLow..<counterLow + UInt64((target.count + 1) / 2))
      generator.fill(target, counterHigh: counterHigh, counterLow: counterLow)
    }

    func words(_ key: Key, _ draw: Int, offset: Int = 0, count: Int) -> [UInt64] {
      [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = count
        fill(key, draw, offset: offset, UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
      }
    }
  }
}
