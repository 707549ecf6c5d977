import Tensors

/// Two of the three components of words modulo 2¹²⁸: party i holds xᵢ and xᵢ₊₁ of x = x₀ + x₁ + x₂.
struct WidePair: Sendable {
  var first: WideTensor
  var second: WideTensor

  var shape: Shape { first.shape }
  var count: Int { first.count }

  static func + (a: WidePair, b: WidePair) -> WidePair {
    WidePair(first: a.first + b.first, second: a.second + b.second)
  }

  static func - (a: WidePair, b: WidePair) -> WidePair {
    WidePair(first: a.first - b.first, second: a.second - b.second)
  }

  /// The same integer map on both.
  func apply(_ map: (WideTensor) -> WideTensor) -> WidePair { WidePair(first: map(first), second: map(second)) }

  static func concatenated(_ pairs: [WidePair], axis: Int) -> WidePair {
    WidePair(
      first: WideTensor.concatenated(pairs.map(\.first), axis: axis),
      second: WideTensor.concatenated(pairs.map(\.second), axis: axis))
  }
}

/// Two of the three components of one word modulo 2¹²⁸.
struct WideWord: Sendable {
  var first: UInt128
  var second: UInt128
}

extension WideWord: CustomStringConvertible, CustomReflectable {
  var description: String { "‹secret word›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
