/// Why a federated training cannot be done or go on.
public enum FederationError: Error, Hashable, Sendable {
  /// An update has not the model's length.
  case wrongLength(expected: Int, given: Int)
}
