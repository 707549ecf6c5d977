/// Where a client writes down that it answered the unmasking of an attempt, before it does.
///
/// A client that answered twice, for two lists of survivors, could give away both secrets of another one.
public protocol UnmaskingRecord: Sendable {
  /// Writes the attempt down for good; returns once it would survive a loss of power.
  ///
  /// Throws ``SecureAggregationError/alreadyAnswered(_:)`` for an attempt that is written down, and
  /// ``SecureAggregationError/record(reason:)`` if it cannot be.
  func note(_ attempt: AttemptID) throws(SecureAggregationError)
}
