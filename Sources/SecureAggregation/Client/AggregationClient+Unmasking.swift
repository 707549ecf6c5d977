extension AggregationClient {
  /// List of survivors → a signature on it, if it can be true.
  func agree(
    _ message: [UInt8], _ masking: ClientState.Masking
  ) throws(SecureAggregationError) -> (ClientState, [UInt8]) {
    let sharing = masking.sharing
    let context = sharing.opening.context
    var (_, body) = try MessageHeader.open(message, as: .survivors, of: context.attempt)
    let survivors = try body.members(of: plan.clientCount)
    try body.end()
    guard survivors.contains(sharing.opening.place) else { throw .misrepresented(client, in: .survivors) }
    let holders = masking.holders
    let near = survivors.members.filter { sharing.neighbours.contains($0) || $0 == sharing.opening.place }
    guard survivors.isSubset(of: sharing.present), near.allSatisfy(holders.contains) else {
      throw .impossibleSurvivors
    }
    guard survivors.count >= plan.fewestClients else {
      throw .tooFewClients(left: survivors.count, threshold: plan.fewestClients)
    }
    guard near.count >= plan.threshold else {
      throw .tooFewNeighbours(of: client, left: near.count, threshold: plan.threshold)
    }
    let text = context.agreementText(keysDigest: sharing.keysDigest, survivors: survivors)
    let signature = try Signatures.sign(text, with: signingKey)
    let reply = MessageHeader(.agreement, context.attempt).bytes + signature
    return (.agreed(.init(masking: masking, survivors: survivors)), reply)
  }

  /// Signatures on the same list → for each sharer and itself one share: of the seed if it survived, else of the mask
  /// key.
  func unmask(
    _ message: [UInt8], _ agreement: ClientState.Agreement
  ) throws(SecureAggregationError) -> (ClientState, [UInt8]) {
    let context = agreement.masking.sharing.opening.context
    try checkAgreements(message, agreement)
    try record.note(context.attempt)
    var reply = MessageHeader(.unmasking, context.attempt).bytes
    for holder in agreement.masking.holders.members {
      if let pair = agreement.masking.shares[holder] {
        reply += (agreement.survivors.contains(holder) ? pair.seed : pair.mask).bytes
      } else {
        // Itself: it has survived, and holds no share of its own mask key.
        reply += agreement.masking.sharing.ownSeedShare.bytes
      }
    }
    return (.finished, reply)
  }

  private func checkAgreements(
    _ message: [UInt8], _ agreement: ClientState.Agreement
  ) throws(SecureAggregationError) {
    let sharing = agreement.masking.sharing
    let context = sharing.opening.context
    var (_, body) = try MessageHeader.open(message, as: .agreements, of: context.attempt)
    let signers = try body.members(of: plan.clientCount)
    guard signers.isSubset(of: agreement.masking.holders), signers.isSubset(of: agreement.survivors) else {
      throw .impossibleSurvivors
    }
    guard signers.count >= plan.threshold else {
      throw .tooFewNeighbours(of: client, left: signers.count, threshold: plan.threshold)
    }
    let text = context.agreementText(keysDigest: sharing.keysDigest, survivors: agreement.survivors)
    for signer in signers.members {
      let signature = Array(try body.take(Signatures.byteCount))
      let name = context.cohort.clients[signer]
      guard let key = roster[name], Signatures.isValid(signature, on: text, by: key) else {
        throw .badSignature(of: name, on: .agreement)
      }
    }
    try body.end()
  }
}
