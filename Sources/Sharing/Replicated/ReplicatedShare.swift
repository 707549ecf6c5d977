public import Tensors

/// Two of the three components of a secret x = x₀ + x₁ + x₂: party i holds xᵢ and xᵢ₊₁.
///
/// A single party's piece is independent of the secret.
public struct ReplicatedShare: SecretShare {
  /// Component i at party i.
  package let first: RingTensor
  /// Component i + 1 at party i.
  package let second: RingTensor
  /// What signs of these scalars are known by, where multiplying with them saves opening them again.
  let identity = ShareIdentity()

  public var shape: Shape { first.shape }

  package init(first: RingTensor, second: RingTensor) {
    precondition(first.shape == second.shape, "the components have shapes \(first.shape) and \(second.shape)")
    self.first = first
    self.second = second
  }
}

/// What a party holds of a product before it is brought back to a share.
public struct ReplicatedProduct: SecretShare {
  enum Form: Sendable {
    /// One summand of three, masked by a share of zero.
    case additive(RingTensor)
    /// A share times a public word: both components still known.
    case replicated(ReplicatedShare)
  }

  let form: Form

  public var shape: Shape {
    switch form {
    case .additive(let summand): summand.shape
    case .replicated(let share): share.shape
    }
  }

  var isAdditive: Bool {
    switch form {
    case .additive: true
    case .replicated: false
    }
  }
}

/// Two of the three components of one secret bit per scalar, b = b₀ ⊕ b₁ ⊕ b₂, 64 to a word.
///
/// Where rounds are saved (``ReplicatedOptions``), parties 0 and 1 alone share a bit, b = b₀ ⊕ b₁ with bᵢ as party i's
/// `first`; what else there is has no meaning.
public struct ReplicatedBits: SecretShare {
  public let shape: Shape
  let first: [UInt64]
  let second: [UInt64]
  /// Where rounds are saved: what was opened of the scalars whose signs the bits tell.
  var origin: AdditiveBits.Origin?

  init(shape: Shape, first: [UInt64], second: [UInt64], origin: AdditiveBits.Origin? = nil) {
    self.shape = shape
    self.first = first
    self.second = second
    self.origin = origin
  }

  /// Bits that parties 0 and 1 share.
  init(_ bits: AdditiveBits) {
    let none = [UInt64](repeating: 0, count: bits.words.count)
    self.init(shape: bits.shape, first: bits.words, second: none, origin: bits.origin)
  }

  /// As parties 0 and 1 share them.
  var dealt: AdditiveBits { AdditiveBits(shape: shape, words: first, origin: origin) }
}
