import Arithmetic
import CKernels
import Crypto
import Foundation
import Tensors
package import Transports

/// What a dealer has dealt, and where.
package protocol DealtRecord: Sendable {
  /// The demand that was served at a place, and what names the keys of its MACs; `nil` where nothing was dealt.
  func dealt(at place: DealtPlace) -> (demand: Demand, keys: String)?
}

/// The dealer's part in naming a cheater: keys for verifiers, tags for provers, both made from a secret of its own and the pair's
/// name, so that it keeps nothing. What was dealt it knows from its record and from nobody else: two tags of one place under one key,
/// or a tag of what was not dealt there, would tell the key.
///
/// - Source: the MACs of Bendlin, Damgård, Orlandi, Zakarias, EUROCRYPT 2011, dealt after the fact (`docs/protocols/identify.md`).
package final class PairDealer: Sendable {
  private let dealer: Dealer
  private let record: any DealtRecord
  private let secret: SymmetricKey
  private let signer = Curve25519.Signing.PrivateKey()

  package init(_ dealer: Dealer, record: any DealtRecord) {
    self.dealer = dealer
    self.record = record
    secret = SymmetricKey(size: .bits256)
  }

  package var publicKey: [UInt8] { [UInt8](signer.publicKey.rawRepresentation) }

  func key(for name: PairName) throws -> PairKey {
    try check(name)
    let bytes = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: secret, info: Data(name.bytes), outputByteCount: PairKey.byteCount
    ).withUnsafeBytes { [UInt8]($0) }
    let unsigned = PairKey(bytes)
    return PairKey(
      words: unsigned.words, bits: unsigned.bits, seed: unsigned.seed,
      signature: try signer.sign(unsigned.signedBytes(name)))
  }

  func keyTags(of name: PairName) throws -> Message {
    let key = try key(for: name)
    let own = MACKeys(master: dealer.key(ofParty: name.prover), name: name.keys)
    let tag = key.sessionKeys.words &+ UInt128(key.words) &* own.words
    return tag.low.bytes + tag.high.bytes + (key.sessionKeys.bits ^ ck_gf64_multiply(key.bits, own.bits)).bytes
  }

  /// a·x + β for every word or bit x that the prover was dealt at a place, or for the MAC that it was dealt of it.
  ///
  /// - Throws: ``SharingError/notDealt(program:step:operation:)`` where nothing was dealt there in the session that the name is of.
  func tags(at place: DealtPlace, of name: PairName) throws -> Message {
    guard let (demand, keys) = record.dealt(at: place), keys == name.keys else {
      throw SharingError.notDealt(program: place.program, step: place.step, operation: place.operation)
    }
    let key = try key(for: name)
    var draws = dealer.draws(of: name.prover, for: demand, at: place, keys: keys)
    var stream = Inbox(key.stream(for: demand, at: place))
    var outbox = Outbox()
    for vector in demand.authenticatedVectors {
      var tags = stream.words(vector.macWordCount)
      switch vector {
      case .unshared: draws.skip()
      case .words(let count, let isMask):
        let dealt = isMask ? draws.authenticatedMask([count]) : draws.authenticatedWords([count])
        ck_u128_axpy(count, key.words, 0, (name.subject == .shares ? dealt.value : dealt.mac).words, &tags)
      case .planes(let rows, let count, let isMask):
        let dealt = isMask ? draws.authenticatedMaskPlanes(rows, count) : draws.authenticatedPlanes(rows, count)
        Self.add(key.bits, dealt, name.subject, to: &tags)
      }
      outbox.append(tags)
    }
    return outbox.message
  }

  /// Keys are for another party than the one whose shares they authenticate.
  private func check(_ name: PairName) throws {
    let parties = 0..<dealer.partyCount
    guard parties.contains(name.prover), parties.contains(name.verifier), name.prover != name.verifier else {
      throw SharingError.notAvailable(
        operations: ["keys of party \(name.verifier) for shares of party \(name.prover)"], engine: "spdz")
    }
  }

  private static func add(
    _ key: UInt64, _ dealt: AuthenticatedPlanes, _ subject: PairSubject, to tags: inout [UInt64]
  ) {
    switch subject {
    case .sums: for index in tags.indices { tags[index] ^= ck_gf64_multiply(key, dealt.macs[index]) }
    case .shares:
      let (stride, count) = (dealt.stride, dealt.count)
      dealt.words.withUnsafeBufferPointer { words in
        tags.withUnsafeMutableBufferPointer { tags in
          guard let source = words.baseAddress, let target = tags.baseAddress else { return }
          for row in 0..<dealt.rows { ck_gf64_add_where(count, key, source + row * stride, target + row * count) }
        }
      }
    }
  }
}

extension PairDealer: CustomStringConvertible, CustomReflectable {
  package var description: String { "‹dealer of pairwise MACs›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The dealer of pairs in the same process. Whoever runs it sees everything; for trying and measuring.
package struct MemoryPairs: PairwiseDealing {
  private let dealer: PairDealer
  private let party: PartyID

  package init(_ dealer: PairDealer, party: PartyID) {
    self.dealer = dealer
    self.party = party
  }

  package var publicKey: [UInt8] { dealer.publicKey }

  package func key(for name: PairName) throws -> PairKey {
    try check(name.verifier)
    return try dealer.key(for: name)
  }

  package func tags(at place: DealtPlace, of name: PairName) throws -> Message {
    try check(name.prover)
    return try dealer.tags(at: place, of: name)
  }

  package func keyTags(of name: PairName) throws -> Message {
    try check(name.prover)
    return try dealer.keyTags(of: name)
  }

  private func check(_ owner: PartyID) throws {
    guard owner == party else {
      throw SharingError.notAvailable(operations: ["what the dealer keeps for party \(owner)"], engine: "spdz")
    }
  }
}
