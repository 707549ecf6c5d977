public import Tensors

/// One party's piece of a secret whose products are checked: x modulo 2¹²⁸, of which the low half counts, and αx, both
/// replicated (`docs/protocols/replicated-malicious.md`, 1).
public struct CheckedShare: SecretShare {
  let value: WidePair
  let mac: WidePair

  public var shape: Shape { value.shape }

  static func + (a: CheckedShare, b: CheckedShare) -> CheckedShare {
    CheckedShare(value: a.value + b.value, mac: a.mac + b.mac)
  }

  static func - (a: CheckedShare, b: CheckedShare) -> CheckedShare {
    CheckedShare(value: a.value - b.value, mac: a.mac - b.mac)
  }

  /// The same integer map of the secret and of its MAC.
  func apply(_ map: (WideTensor) -> WideTensor) -> CheckedShare {
    CheckedShare(value: value.apply(map), mac: mac.apply(map))
  }

  func scaled(by factor: UInt128) -> CheckedShare { apply { $0.scaled(by: factor) } }

  /// Scalars of a secret of one axis.
  func sliced(_ range: Range<Int>) -> CheckedShare { apply { $0.sliced(range) } }

  func reshaped(to shape: Shape) -> CheckedShare { apply { $0.reshaped(to: shape) } }

  static func concatenated(_ shares: [CheckedShare], axis: Int) -> CheckedShare {
    CheckedShare(
      value: WidePair.concatenated(shares.map(\.value), axis: axis),
      mac: WidePair.concatenated(shares.map(\.mac), axis: axis))
  }
}

extension CheckedShare: StorableShare {
  package static var componentCount: Int { 8 }
  package var held: HeldShare {
    HeldShare(
      components: [value.first, value.second, mac.first, mac.second].flatMap { [$0.low, $0.high] })
  }
  package init(_ held: HeldShare) {
    let parts = stride(from: 0, to: 8, by: 2).map {
      WideTensor(low: held.components[$0], high: held.components[$0 + 1])
    }
    self.init(
      value: WidePair(first: parts[0], second: parts[1]), mac: WidePair(first: parts[2], second: parts[3]))
  }
}

/// What a party holds of a product before it is brought back to a share.
public struct CheckedProduct: SecretShare {
  enum Form: Sendable {
    /// One summand of three of the product and one of its MAC, masked by shares of zero.
    case additive(value: WideTensor, mac: WideTensor)
    /// A share times a public word: both components still known.
    case replicated(CheckedShare)
  }

  let form: Form
  /// What this party brings by itself and has yet to share.
  var own: RingTensor?

  public var shape: Shape {
    switch form {
    case .additive(let value, _): value.shape
    case .replicated(let share): share.shape
    }
  }

  var isAdditive: Bool {
    if case .additive = form { true } else { own != nil }
  }
}

/// Two of the three components of one secret bit per scalar, 64 to a word.
public struct CheckedBits: SecretShare {
  public let shape: Shape
  let planes: PlanePair
}
