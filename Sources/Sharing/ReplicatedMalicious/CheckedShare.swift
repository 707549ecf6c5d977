public import Tensors

/// One party's piece of a secret whose products are checked: two of the three components of x = x₀ + x₁ + x₂ mod 2⁶⁴, party i
/// holding xᵢ and xᵢ₊₁ (`docs/protocols/replicated-malicious.md`, 1).
public struct CheckedShare: SecretShare {
  let first: RingTensor
  let second: RingTensor

  public var shape: Shape { first.shape }

  init(first: RingTensor, second: RingTensor) {
    precondition(first.shape == second.shape, "the components have shapes \(first.shape) and \(second.shape)")
    self.first = first
    self.second = second
  }

  static func + (a: CheckedShare, b: CheckedShare) -> CheckedShare {
    CheckedShare(first: a.first + b.first, second: a.second + b.second)
  }

  static func - (a: CheckedShare, b: CheckedShare) -> CheckedShare {
    CheckedShare(first: a.first - b.first, second: a.second - b.second)
  }

  /// The same integer map of both components.
  func apply(_ map: (RingTensor) -> RingTensor) -> CheckedShare { CheckedShare(first: map(first), second: map(second)) }

  func scaled(by factor: UInt64) -> CheckedShare { apply { $0.scaled(by: factor) } }

  /// Scalars of a secret of one axis.
  func sliced(_ range: Range<Int>) -> CheckedShare {
    apply { RingTensor(shape: [range.count], scalars: Array($0.scalars[range])) }
  }

  func reshaped(to shape: Shape) -> CheckedShare { apply { $0.reshaped(to: shape) } }

  static func concatenated(_ shares: [CheckedShare], axis: Int) -> CheckedShare {
    CheckedShare(
      first: RingTensor.concatenated(shares.map(\.first), axis: axis),
      second: RingTensor.concatenated(shares.map(\.second), axis: axis))
  }
}

extension CheckedShare: StorableShare {
  package static var componentCount: Int { 2 }
  package var held: HeldShare { HeldShare(components: [first, second]) }
  package init(_ held: HeldShare) { self.init(first: held.components[0], second: held.components[1]) }
}

/// What a party holds of a product: a share, and what parties bring that is not shared yet.
public struct CheckedProduct: SecretShare {
  let share: CheckedShare
  /// What this party brings by itself and has yet to share.
  var own: RingTensor?

  public var shape: Shape { share.shape }
}

/// Two of the three components of one secret bit per scalar, 64 to a word.
public struct CheckedBits: SecretShare {
  public let shape: Shape
  let planes: PlanePair
}
