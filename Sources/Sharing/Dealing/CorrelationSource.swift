/// Where a party's correlated randomness comes from.
///
/// All parties demand the same in the same order. Every party expands its part from its own key; the last party asks for
/// corrections besides.
public protocol CorrelationSource: Sendable {
  /// The secret that this party shares with the dealer, 16 bytes, fresh in every session.
  func key() async throws -> [UInt8]
  /// What the last party adds, without a copy where it is a part of something larger.
  func corrections(for demand: Demand, at place: DealtPlace) async throws -> ArraySlice<UInt8>
}
