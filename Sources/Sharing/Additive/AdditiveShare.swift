public import Tensors

/// One party's summand of a secret: x = Σ xᵢ.
///
/// All summands but one together are independent of the secret.
public struct AdditiveShare: MaskedOperand {
  package let summand: RingTensor
  let identity: ShareIdentity
  /// The mask of a secret that stays the same for many products.
  var mask: OpenedMask?

  public var shape: Shape { summand.shape }
  var isFixed: Bool { mask != nil }

  package init(_ summand: RingTensor) {
    self.init(summand, identity: ShareIdentity())
  }

  init(_ summand: RingTensor, identity: ShareIdentity) {
    self.summand = summand
    self.identity = identity
  }
}

/// A secret x that was opened as e = x − a, where a is a mask that only the dealer knows.
struct OpenedMask: Sendable {
  /// Where the dealer finds the mask.
  let name: DealtMask
  /// e, which every party knows.
  let opened: RingTensor
  /// This party's summand of a.
  let summand: RingTensor
  /// Party 0's sum of both, where the mask is kept for many products.
  var combined: RingTensor?
}

/// One party's summand of a product that has not been truncated.
public struct AdditiveProduct: SecretShare {
  let summand: RingTensor
  public var shape: Shape { summand.shape }
}

/// One party's part of one secret bit per scalar, the exclusive-or of all parts, 64 to a word.
public struct AdditiveBits: SecretShare {
  public let shape: Shape
  let words: [UInt64]
  /// What was opened of the scalars whose signs the bits tell: multiplying the bits with them need not open it again.
  var origin: Origin?

  struct Origin: Sendable {
    let identity: ShareIdentity
    let mask: DealtMask
    let opened: [UInt64]
    let summand: [UInt64]
  }

  init(shape: Shape, words: [UInt64], origin: Origin? = nil) {
    self.shape = shape
    self.words = words
    self.origin = origin
  }
}
