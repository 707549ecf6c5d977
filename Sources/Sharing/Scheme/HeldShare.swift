package import Tensors

/// One party's piece of a secret as ring tensors of one shape, whatever the scheme: what lies in stores of rows and
/// checkpoints.
package struct HeldShare: SecretShare {
  /// One or more.
  package let components: [RingTensor]

  package var shape: Shape { components[0].shape }

  package init(components: [RingTensor]) {
    precondition(!components.isEmpty, "a share has a component")
    self.components = components
  }

  /// A linear map of the secret, which is one of each component.
  package func map(_ linear: (RingTensor) -> RingTensor) -> HeldShare { HeldShare(components: components.map(linear)) }
}

/// A share that can be stored.
package protocol StorableShare: SecretShare {
  /// Ring tensors that a party holds of a secret.
  static var componentCount: Int { get }
  var held: HeldShare { get }
  /// The same piece of the same secret, but no longer known as the share that it was stored from.
  ///
  /// - Precondition: `held` has as many components as this kind of share.
  init(_ held: HeldShare)
}

extension ReplicatedShare: StorableShare {
  package static var componentCount: Int { 2 }
  package var held: HeldShare { HeldShare(components: [first, second]) }
  package init(_ held: HeldShare) { self.init(first: held.components[0], second: held.components[1]) }
}

extension AdditiveShare: StorableShare {
  package static var componentCount: Int { 1 }
  package var held: HeldShare { HeldShare(components: [summand]) }
  package init(_ held: HeldShare) { self.init(held.components[0]) }
}
