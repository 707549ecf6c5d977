extension AggregationServer {
  mutating func takeAdvertisement(_ body: inout ByteReader, from place: Int) throws(SecureAggregationError) {
    let advertisement = Advertisement(try body.remainder(Advertisement.byteCount))
    let client = context.cohort.clients[place]
    guard let key = roster[client], advertisement.isSigned(by: key, place: place, context: context) else {
      throw .badSignature(of: client, on: .advertisement)
    }
    records.advertisements[place] = advertisement
  }

  /// Ends stage 0: who is present, the graph, and the keys for everyone.
  mutating func keyLists() throws(SecureAggregationError) -> [ClientID: OutgoingMessage] {
    let present = records.replied
    try checkCount(present)
    let advertised = present.members.compactMap { place in records.advertisements[place].map { (place, $0) } }
    let leaves = advertised.map { $0.1.leaf(place: $0.0) }
    records.keysDigest = context.keysDigest(present: present, leaves: leaves)
    let graph = NeighbourGraph(clientCount: plan.clientCount, topology: plan.topology, seed: records.keysDigest)
    for place in present.members { records.neighbours[place] = graph.neighbours(of: place).filter(present.contains) }
    var writer = ByteWriter()
    writer.append(MessageHeader(.keyList, attempt).bytes)
    writer.append(present.bytes)
    switch plan.topology {
    case .complete:
      for (_, advertisement) in advertised { writer.append(advertisement.bytes) }
      return messages(to: present) { _ in OutgoingMessage(shared: writer.bytes) }
    case .regular:
      for leaf in leaves { writer.append(leaf) }
      return messages(to: present) { place in
        OutgoingMessage(
          shared: writer.bytes, own: records.neighbours[place].flatMap { records.advertisements[$0]?.bytes ?? [] })
      }
    }
  }

  mutating func takeShares(_ body: inout ByteReader, from place: Int) throws(SecureAggregationError) {
    let count = records.neighbours[place].count * ShareBox.byteCount
    records.boxes[place] = Array(try body.remainder(count))
  }

  /// Ends stage 1: to each who shared, the boxes that its neighbours made for it.
  mutating func deliveries() throws(SecureAggregationError) -> [ClientID: OutgoingMessage] {
    records.sharers = records.replied
    try checkCount(records.sharers)
    // Senders and receivers are both gone through in ascending order, so each sender's next box is the receiver's.
    var nextBox = [Int](repeating: 0, count: plan.clientCount)
    var deliveries: [Int: [UInt8]] = [:]
    for receiver in 0..<plan.clientCount {
      let neighbours = records.neighbours[receiver]
      var boxes: [UInt8] = []
      for sender in neighbours where records.sharers.contains(sender) {
        boxes += records.boxes[sender][nextBox[sender]..<nextBox[sender] + ShareBox.byteCount]
        nextBox[sender] += ShareBox.byteCount
      }
      guard records.sharers.contains(receiver) else { continue }
      let senders = MemberSet(neighbours.filter(records.sharers.contains), of: plan.clientCount)
      deliveries[receiver] = senders.bytes + boxes
    }
    records.boxes = []
    let header = MessageHeader(.delivery, attempt).bytes
    return messages(to: records.sharers) { OutgoingMessage(shared: header, own: deliveries[$0] ?? []) }
  }

  func messages(to places: MemberSet, _ make: (Int) -> OutgoingMessage) -> [ClientID: OutgoingMessage] {
    Dictionary(uniqueKeysWithValues: places.members.map { (context.cohort.clients[$0], make($0)) })
  }

  func checkCount(_ places: MemberSet) throws(SecureAggregationError) {
    guard places.count >= plan.fewestClients else {
      throw .tooFewClients(left: places.count, threshold: plan.fewestClients)
    }
  }
}
