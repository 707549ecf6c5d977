/// Why a round of secure aggregation cannot go on.
public enum SecureAggregationError: Error, Hashable, Sendable {
  /// Fewer clients are left than the threshold: nothing is opened.
  case tooFewClients(left: Int, threshold: Int)
}
