import Crypto

extension AggregationClient {
  /// Announcement → advertised keys.
  func advertise(_ message: [UInt8]) throws(SecureAggregationError) -> (ClientState, [UInt8]) {
    let announcement = try Announcement(decoding: message)
    guard announcement.planDigest == plan.digest, announcement.clients.count == plan.clientCount else {
      throw .planMismatch
    }
    let cohort = try Cohort(announcement.clients, roster: roster)
    guard let place = cohort.place(of: client) else { throw .misrepresented(client, in: .announcement) }
    let context = AttemptContext(announcement, cohort: cohort)
    let keys = AttemptKeys()
    let advertisement = try Advertisement(of: keys, place: place, context: context, signingKey: signingKey)
    let opening = ClientState.Opening(context: context, place: place, keys: keys, advertisement: advertisement)
    return (.advertised(opening), MessageHeader(.advertisement, context.attempt).bytes + advertisement.bytes)
  }

  /// List of keys → encrypted shares for every neighbour who is present, in the order of their places.
  func share(
    _ message: [UInt8], _ opening: ClientState.Opening
  ) throws(SecureAggregationError) -> (ClientState, [UInt8]) {
    let list = try KeyList(decoding: message, plan: plan, opening: opening)
    try check(list, opening)
    let places = (list.neighbours.members + [opening.place]).map { UInt64($0 + 1) }
    let secrets = opening.keys.shared()
    let masks = SecretSharing.shares(of: secrets.mask, threshold: plan.threshold, at: places)
    let seeds = SecretSharing.shares(of: secrets.seed, threshold: plan.threshold, at: places)
    var reply = MessageHeader(.shares, opening.context.attempt).bytes
    var boxKeys: [Int: SymmetricKey] = [:]
    for (index, neighbour) in list.neighbours.members.enumerated() {
      guard let advertisement = list.advertisements[neighbour] else { continue }
      let keys = try opening.context.derivation.boxKeys(opening.keys.channel, advertisement.channelKey)
      boxKeys[neighbour] = keys.receiving
      reply += try ShareBox.seal(
        SharePair(mask: masks[index], seed: seeds[index]), key: keys.sending,
        label: ShareBox.label(
          context: opening.context, keysDigest: list.keysDigest, sender: opening.place, receiver: neighbour))
    }
    let sharing = ClientState.Sharing(
      opening: opening, keysDigest: list.keysDigest, present: list.present, neighbours: list.neighbours,
      advertisements: list.advertisements, boxKeys: boxKeys, ownSeedShare: seeds[seeds.count - 1])
    return (.shared(sharing), reply)
  }

  private func check(_ list: KeyList, _ opening: ClientState.Opening) throws(SecureAggregationError) {
    let present = list.present.count
    guard present >= plan.fewestClients else { throw .tooFewClients(left: present, threshold: plan.fewestClients) }
    guard list.neighbours.count + 1 >= plan.threshold else {
      throw .tooFewNeighbours(of: client, left: list.neighbours.count + 1, threshold: plan.threshold)
    }
    let cohort = opening.context.cohort.clients
    for (place, advertisement) in list.advertisements {
      guard let key = roster[cohort[place]],
        advertisement.isSigned(by: key, place: place, context: opening.context)
      else { throw .badSignature(of: cohort[place], on: .advertisement) }
    }
  }
}
