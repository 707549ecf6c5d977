package import Transports

/// The dealer as one party sees it after a check has failed: it deals MACs of all that it has dealt before, pair by pair.
package protocol PairwiseDealing: Sendable {
  /// What the dealer's signatures are checked by.
  var publicKey: [UInt8] { get }
  /// For the verifier alone.
  func key(for name: PairName) async throws -> PairKey
  /// For the prover alone: tags of its parts of what was dealt at a place; the dealer knows what that was.
  func tags(at place: DealtPlace, of name: PairName) async throws -> Message
  /// For the prover alone: tags of its parts of the session's keys, 16 bytes and 8.
  func keyTags(of name: PairName) async throws -> Message
}
