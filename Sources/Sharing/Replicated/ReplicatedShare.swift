public import Tensors

/// Two of the three components of a secret x = x₀ + x₁ + x₂: party i holds xᵢ and xᵢ₊₁.
///
/// A single party's piece is independent of the secret.
public struct ReplicatedShare: SecretShare {
  /// Component i at party i.
  package let first: RingTensor
  /// Component i + 1 at party i.
  package let second: RingTensor

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
public struct ReplicatedBits: SecretShare {
  public let shape: Shape
  let first: [UInt64]
  let second: [UInt64]
}
