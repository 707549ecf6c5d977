/// The server's second message, as a client reads it: who is present, and the keys of its neighbours.
///
/// After the header a bit for each of the cohort. Complete graph: the advertised keys of all present, 160 bytes each.
/// Regular graph: a digest of 32 bytes for each present, then the advertised keys of the receiver's neighbours.
struct KeyList {
  let present: MemberSet
  let keysDigest: [UInt8]
  let neighbours: MemberSet
  /// Of the neighbours, by place.
  let advertisements: [Int: Advertisement]

  init(
    decoding message: [UInt8], plan: AggregationPlan, opening: ClientState.Opening
  ) throws(SecureAggregationError) {
    let context = opening.context
    var (_, body) = try MessageHeader.open(message, as: .keyList, of: context.attempt)
    present = try body.members(of: plan.clientCount)
    guard present.contains(opening.place) else {
      throw .misrepresented(context.cohort.clients[opening.place], in: .keyList)
    }
    switch plan.topology {
    case .complete:
      (keysDigest, neighbours, advertisements) = try Self.complete(&body, present, opening)
    case .regular:
      (keysDigest, neighbours, advertisements) = try Self.regular(&body, present, opening, plan: plan)
    }
    try body.end()
  }

  private static func complete(
    _ body: inout ByteReader, _ present: MemberSet, _ opening: ClientState.Opening
  ) throws(SecureAggregationError) -> ([UInt8], MemberSet, [Int: Advertisement]) {
    var advertisements: [Int: Advertisement] = [:]
    var leaves: [[UInt8]] = []
    for place in present.members {
      let advertisement = Advertisement(try body.take(Advertisement.byteCount))
      leaves.append(advertisement.leaf(place: place))
      advertisements[place] = advertisement
    }
    guard advertisements.removeValue(forKey: opening.place)?.bytes == opening.advertisement.bytes else {
      throw .misrepresented(opening.context.cohort.clients[opening.place], in: .keyList)
    }
    var neighbours = present
    neighbours.remove(opening.place)
    return (opening.context.keysDigest(present: present, leaves: leaves), neighbours, advertisements)
  }

  private static func regular(
    _ body: inout ByteReader, _ present: MemberSet, _ opening: ClientState.Opening, plan: AggregationPlan
  ) throws(SecureAggregationError) -> ([UInt8], MemberSet, [Int: Advertisement]) {
    let cohort = opening.context.cohort
    let members = present.members
    var leaves: [Int: ArraySlice<UInt8>] = [:]
    let digests = try body.take(32 * members.count)
    let digest = opening.context.keysDigest(present: present, leaves: [Array(digests)])
    let graph = NeighbourGraph(clientCount: plan.clientCount, topology: plan.topology, seed: digest)
    let neighbours = MemberSet(
      graph.neighbours(of: opening.place).filter(present.contains), of: plan.clientCount)
    for (index, place) in members.enumerated() where neighbours.contains(place) || place == opening.place {
      leaves[place] = digests.dropFirst(32 * index).prefix(32)
    }
    guard leaves[opening.place]?.elementsEqual(opening.advertisement.leaf(place: opening.place)) == true else {
      throw .misrepresented(cohort.clients[opening.place], in: .keyList)
    }
    var advertisements: [Int: Advertisement] = [:]
    for place in neighbours.members {
      let advertisement = Advertisement(try body.take(Advertisement.byteCount))
      guard leaves[place]?.elementsEqual(advertisement.leaf(place: place)) == true else {
        throw .misrepresented(cohort.clients[place], in: .keyList)
      }
      advertisements[place] = advertisement
    }
    return (digest, neighbours, advertisements)
  }
}
