import Crypto
import Foundation
import Identity
import Sharing
import Transports

/// What a party has for sums of shares: the key that opens boxes, and which sums it has answered for.
///
/// The coordinator carries the boxes and is not believed: a box opens for the sum, the worker and the party it was made for
/// alone, and only workers of the party's own authority are in a sum, each once. Which sums were answered for lives as long
/// as the key does.
actor AggregationDesk {
  nonisolated let credential: PartyCredential
  private nonisolated let party: PartyID
  private nonisolated let key: Curve25519.KeyAgreement.PrivateKey
  private nonisolated let policy: PeerPolicy
  private var answered: Set<[UInt8]> = []

  init(_ identity: NodeIdentity, party: PartyID) throws {
    self.party = party
    key = Curve25519.KeyAgreement.PrivateKey()
    policy = identity.policy(accepting: [.worker])
    credential = try PartyCredential(key.publicKey, of: identity)
  }

  /// Whether a sum is asked for the first time; from now on it has been.
  func note(_ digest: [UInt8]) -> Bool { answered.insert(digest).inserted }

  /// The worker's share for this party, as a parcel.
  ///
  /// - Throws: ``ServingError/untrusted(_:)``.
  nonisolated func open(_ part: SealedPart, _ box: [UInt8], of sum: SharedSum, worker: Int) throws -> [UInt8] {
    let name = sum.workers[worker]
    guard case .success(let peer) = policy.judge([part.certificate]), peer.name == name,
      let signer = try? CertifiedKey.key(of: part.certificate)
    else { throw ServingError.untrusted("the certificate with the shares of \(name) is not \(name)'s") }
    let digest = try sum.digest
    guard part.boxes.count == 3, part.boxes[party] == SealedUpdate.digest(of: box),
      let signature = try? P256.Signing.ECDSASignature(rawRepresentation: part.signature),
      signer.isValidSignature(signature, for: SealedUpdate.signed(digest, name, part.boxes))
    else { throw ServingError.untrusted("the shares of \(name) are not signed by it for this sum") }
    guard box.count > SealedUpdate.keyByteCount,
      var recipient = try? HPKE.Recipient(
        privateKey: key, ciphersuite: SealedUpdate.suite, info: SealedUpdate.context(digest, name, party),
        encapsulatedKey: Data(box.prefix(SealedUpdate.keyByteCount))),
      let parcel = try? recipient.open(Data(box.dropFirst(SealedUpdate.keyByteCount)))
    else { throw ServingError.untrusted("the shares of \(name) are sealed to another key or for another sum") }
    return [UInt8](parcel)
  }
}
