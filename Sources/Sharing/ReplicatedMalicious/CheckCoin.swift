import Arithmetic

/// What a coin of all parties decides in a check. Public.
struct CheckCoin: Sendable {
  let generator: PseudorandomGenerator
  /// Which coefficients of points may be 1: all, but in tests that want to see forgeries.
  let mask: UInt64

  /// Which of the vectors that one coin decides.
  enum Stream {
    case challenge
    /// Weights of gates.
    case gates
    /// Weights of products scalar by scalar.
    case scalars
    /// Weights of the rows of a result, and of its columns.
    case rows(Int)
    case columns(Int)
    /// What parts count beside each other.
    case parts

    var counter: UInt64 {
      switch self {
      case .challenge: 0
      case .gates: 1
      case .scalars: 2
      case .parts: 3
      case .rows(let index): 4 + 2 * UInt64(index)
      case .columns(let index): 5 + 2 * UInt64(index)
      }
    }
  }

  /// Points of the Galois ring from a place on, which must be even.
  func points(_ count: Int, _ stream: Stream, from start: Int = 0) -> [UInt64] {
    let words = generator.words(count: count, counterHigh: stream.counter, counterLow: UInt64(start / 2))
    return mask == .max ? words : words.map { $0 & mask }
  }

  /// Points to evaluate polynomials at: elements of GF(2⁶⁴) for gates, points of the Galois ring for products.
  func challenge(gates: Int, products: Int) -> (gates: [UInt64], products: [UInt64]) {
    let words = generator.words(count: gates + products, counterHigh: Stream.challenge.counter, counterLow: 0)
    return (Array(words[..<gates]), words[gates...].map { $0 & mask })
  }
}
