package import Crypto
public import Identity
public import SecureAggregation

/// Who a worker is in the masked sums of a Flower federation, and whom it knows there.
///
/// Flower vouches for nobody: the SuperLink could put keys of its own in place of the workers'. So workers know each other by the
/// certificates of their policies' rosters, as under a coordinator of Tacit.
public struct FlowerMasking: Sendable {
  let key: P256.Signing.PrivateKey
  let roster: Roster
  let record: any UnmaskingRecord

  /// - Parameter record: where it is written down that an unmasking was answered.
  /// - Throws: `IdentityError` where a certificate of the policy's roster cannot be read.
  public init(
    identity: NodeIdentity, policy: WorkerPolicy, record: any UnmaskingRecord = MemoryUnmaskingRecord()
  ) throws {
    self.init(key: identity.signingKey, roster: try policy.members(), record: record)
  }

  /// Without an identity on disk, for simulations.
  package init(key: P256.Signing.PrivateKey, roster: Roster, record: any UnmaskingRecord = MemoryUnmaskingRecord()) {
    (self.key, self.roster, self.record) = (key, roster, record)
  }
}
