import Arithmetic
import Crypto
import Foundation

extension AggregationServer {
  /// Ends stage 2: whose masked inputs are in the sum.
  mutating func survivorLists() throws(SecureAggregationError) -> [ClientID: OutgoingMessage] {
    records.survivors = records.replied
    try checkCount(records.survivors)
    let message = OutgoingMessage(shared: MessageHeader(.survivors, attempt).bytes + records.survivors.bytes)
    return messages(to: records.survivors) { _ in message }
  }

  mutating func takeAgreement(_ body: inout ByteReader, from place: Int) throws(SecureAggregationError) {
    let signature = Array(try body.remainder(Signatures.byteCount))
    let client = context.cohort.clients[place]
    let text = context.agreementText(keysDigest: records.keysDigest, survivors: records.survivors)
    guard let key = roster[client], Signatures.isValid(signature, on: text, by: key) else {
      throw .badSignature(of: client, on: .agreement)
    }
    records.signatures[place] = signature
  }

  /// Ends stage 3: as many signatures as each needs, of those who hold shares with it.
  mutating func agreementLists() throws(SecureAggregationError) -> [ClientID: OutgoingMessage] {
    try checkCount(records.replied)
    switch plan.topology {
    case .complete:
      let message = OutgoingMessage(shared: agreements(of: records.replied.members))
      return messages(to: records.replied) { _ in message }
    case .regular:
      return messages(to: records.replied) { place in
        OutgoingMessage(shared: [], own: agreements(of: records.holders(of: place).filter(records.replied.contains)))
      }
    }
  }

  private func agreements(of signers: [Int]) -> [UInt8] {
    let enough = signers.prefix(plan.threshold)
    return MessageHeader(.agreements, attempt).bytes + MemberSet(enough, of: plan.clientCount).bytes
      + enough.flatMap { records.signatures[$0] ?? [] }
  }

  mutating func takeUnmasking(_ body: inout ByteReader, from place: Int) throws(SecureAggregationError) {
    let holders = records.holders(of: place)
    var shares: [FieldElement] = []
    for _ in holders {
      guard let share = FieldElement(bytes: try body.take(FieldElement.byteCount)) else {
        throw .malformed(.unmasking, reason: "a share is no element of the field")
      }
      shares.append(share)
    }
    try body.end()
    for (owner, share) in zip(holders, shares) { records.opened[owner].append((UInt64(place + 1), share)) }
  }

  /// Ends stage 4: takes the survivors' own masks and the dropped clients' pair masks off the sum.
  mutating func unmask() throws(SecureAggregationError) -> AggregationResult {
    var weights = ShareWeights(threshold: plan.threshold)
    var masks = MaskQueue()
    for place in records.sharers.members {
      let secret = try restore(place, with: &weights)
      if records.survivors.contains(place) {
        masks.append(try ownMask(of: place, secret), to: &records.sum)
      } else {
        for mask in try pairMasks(of: place, secret) { masks.append(mask, to: &records.sum) }
      }
    }
    masks.flush(to: &records.sum)
    return AggregationResult(
      sum: records.sum.values, contributors: records.survivors.members.map { context.cohort.clients[$0] })
  }

  private func restore(
    _ place: Int, with weights: inout ShareWeights
  ) throws(SecureAggregationError) -> [UInt8] {
    let opened = records.opened[place].sorted { $0.place < $1.place }.prefix(plan.threshold)
    guard opened.count == plan.threshold else {
      throw .tooFewNeighbours(of: context.cohort.clients[place], left: opened.count, threshold: plan.threshold)
    }
    return SecretSharing.secret(of: opened.map(\.share), weights: weights.at(opened.map(\.place))).bytes
  }

  private func ownMask(of place: Int, _ seed: [UInt8]) throws(SecureAggregationError) -> MaskedVector.Mask {
    guard context.derivation.commitment(seed: seed) == records.advertisements[place]?.seedCommitment else {
      throw .wrongSecret(of: context.cohort.clients[place])
    }
    return MaskedVector.Mask(stream: context.derivation.ownMask(seed: seed), isNegative: true)
  }

  /// What the survivors among a dropped client's neighbours added for it, with the opposite sign.
  private func pairMasks(of place: Int, _ secret: [UInt8]) throws(SecureAggregationError) -> [MaskedVector.Mask] {
    guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: secret),
      records.advertisements[place]?.maskKey == Array(key.publicKey.rawRepresentation)
    else { throw .wrongSecret(of: context.cohort.clients[place]) }
    var masks: [MaskedVector.Mask] = []
    for survivor in records.neighbours[place] where records.survivors.contains(survivor) {
      guard let peer = records.advertisements[survivor] else { continue }
      let stream = try context.derivation.pairMask(key, peer.maskKey)
      // The survivor added it where the dropped client comes later.
      masks.append(MaskedVector.Mask(stream: stream, isNegative: survivor < place))
    }
    return masks
  }
}

/// Weights of shares, computed once for all secrets whose shares came from the same clients.
private struct ShareWeights {
  let threshold: Int
  private var places: [UInt64] = []
  private var weights: [FieldElement] = []

  init(threshold: Int) { self.threshold = threshold }

  mutating func at(_ places: [UInt64]) -> [FieldElement] {
    if places != self.places {
      self.places = places
      weights = SecretSharing.weights(at: places)
    }
    return weights
  }
}

/// Masks on their way into a sum, some hundreds at a time.
private struct MaskQueue {
  private var masks: [MaskedVector.Mask] = []

  mutating func append(_ mask: MaskedVector.Mask, to sum: inout MaskedVector) {
    masks.append(mask)
    if masks.count == 256 { flush(to: &sum) }
  }

  mutating func flush(to sum: inout MaskedVector) {
    sum.add(masks)
    masks.removeAll(keepingCapacity: true)
  }
}
