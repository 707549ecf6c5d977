extension AggregationClient {
  /// Delivered shares → y = x + PRG(b) + Σ PRG(s) over later sharers − Σ PRG(s) over earlier ones, modulo 2^w.
  func mask(
    _ message: [UInt8], _ sharing: ClientState.Sharing, _ vector: inout MaskedVector
  ) throws(SecureAggregationError) -> (ClientState, [UInt8]) {
    let opening = sharing.opening
    var (_, body) = try MessageHeader.open(message, as: .delivery, of: opening.context.attempt)
    let sharers = try body.members(of: plan.clientCount)
    guard sharers.isSubset(of: sharing.neighbours) else { throw .misrepresented(client, in: .delivery) }
    guard sharers.count + 1 >= plan.threshold else {
      throw .tooFewNeighbours(of: client, left: sharers.count + 1, threshold: plan.threshold)
    }
    var shares: [Int: SharePair] = [:]
    for sharer in sharers.members {
      shares[sharer] = try open(body.take(ShareBox.byteCount), from: sharer, sharing)
    }
    try body.end()
    vector.add(try masks(over: sharers, sharing))
    let reply = vector.packed(after: MessageHeader(.maskedInput, opening.context.attempt).bytes)
    return (.masked(.init(sharing: sharing, sharers: sharers, shares: shares)), reply)
  }

  private func open(
    _ box: ArraySlice<UInt8>, from sharer: Int, _ sharing: ClientState.Sharing
  ) throws(SecureAggregationError) -> SharePair {
    let opening = sharing.opening
    let label = ShareBox.label(
      context: opening.context, keysDigest: sharing.keysDigest, sender: sharer, receiver: opening.place)
    guard let key = sharing.boxKeys[sharer], let pair = ShareBox.open(box, key: key, label: label) else {
      throw .unreadableShares(from: opening.context.cohort.clients[sharer])
    }
    return pair
  }

  private func masks(
    over sharers: MemberSet, _ sharing: ClientState.Sharing
  ) throws(SecureAggregationError) -> [MaskedVector.Mask] {
    let opening = sharing.opening
    let derivation = opening.context.derivation
    var masks = [MaskedVector.Mask(stream: derivation.ownMask(seed: opening.keys.seed), isNegative: false)]
    for sharer in sharers.members {
      guard let peer = sharing.advertisements[sharer] else { continue }
      let stream = try derivation.pairMask(opening.keys.mask, peer.maskKey)
      masks.append(.init(stream: stream, isNegative: sharer < opening.place))
    }
    return masks
  }
}
