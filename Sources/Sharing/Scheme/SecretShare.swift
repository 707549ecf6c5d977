public import Tensors

/// One party's piece of a secret tensor. It does not print, compare or hash: the only ways out are `open` and `reveal`.
public protocol SecretShare: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The shape of the secret, which is public.
  var shape: Shape { get }
}

extension SecretShare {
  public var description: String { "‹secret \(shape)›" }
  public var debugDescription: String { description }
  /// Keeps `dump` and debuggers out.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
