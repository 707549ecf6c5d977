import Testing
import Transports

@Suite struct WrapperTests {
  @Test func aMeterCountsPayloadAndRounds() async throws {
    let channels = MemoryMesh.channels(partyCount: 2).map { MeteredChannel($0) }
    try await channels[1].send([9], to: 0)
    try await channels[0].send([1, 2, 3], to: 1)
    _ = try await channels[0].exchange([Outgoing([1], to: 1), Outgoing([], to: 1)], from: [1])
    #expect(channels[0].meter == Traffic(messages: 3, bytesSent: 4, rounds: 1))
    #expect(channels[1].meter == Traffic(messages: 1, bytesSent: 1, rounds: 0))
    #expect(channels[0].meter - channels[1].meter == Traffic(messages: 2, bytesSent: 3, rounds: 1))
  }

  @Test(arguments: Transport.allCases)
  func aTurnedBitIsTheOnlyDifference(_ transport: Transport) async throws {
    var generator = SeededGenerator(state: 5)
    let message = generator.bytes(1000)
    try await simulate(over: transport, parties: 2) { channel in
      if channel.party == 0 {
        try await FaultyChannel(channelOf(channel), plan: FaultPlan([0: .flipBit], seed: 3)).send(message, to: 1)
      } else {
        let received = try await channel.receive(from: 0)
        #expect(zip(message, received).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount } == 1)
      }
    }
  }

  @Test func lengthsChangeAndMessagesDouble() async throws {
    let channels = MemoryMesh.channels(partyCount: 2)
    let plan = FaultPlan([0: .changeLength(by: -2), 1: .changeLength(by: 1), 2: .duplicate, 3: .changeLength(by: -9)])
    let faulty = FaultyChannel(channels[0], plan: plan)
    for _ in 0..<4 { try await faulty.send([1, 2, 3], to: 1) }
    var received: [Message] = []
    for _ in 0..<5 { received.append(try await channels[1].receive(from: 0)) }
    #expect(received == [[1], [1, 2, 3, 0], [1, 2, 3], [1, 2, 3], []])
  }

  @Test(arguments: Transport.allCases)
  func aDroppedMessageEndsInANamedTimeout(_ transport: Transport) async throws {
    try await simulate(over: transport, parties: 2, deadline: .milliseconds(40)) { channel in
      let faulty = FaultyChannel(channelOf(channel), plan: FaultPlan(channel.party == 0 ? [0: .drop] : [:]))
      let peer = 1 - channel.party
      let error = await failure { () async throws(ChannelError) in
        try await faulty.exchange([Outgoing([1], to: peer)], from: [peer])
      }
      switch error {
      case nil: #expect(channel.party == 0)
      case .timedOut(let name, _): #expect(channel.party == 1 && name.party == 0)
      default: Issue.record("\(String(describing: error))")
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func aCutIsNoticedAtBothEnds(_ transport: Transport) async throws {
    try await simulate(over: transport, parties: 2) { channel in
      let faulty = FaultyChannel(channelOf(channel), plan: FaultPlan(channel.party == 0 ? [3: .cut] : [:]))
      let peer = 1 - channel.party
      var rounds = 0
      let error = await failure { () async throws(ChannelError) in
        while true {
          _ = try await faulty.exchange([Outgoing([1], to: peer)], from: [peer])
          rounds += 1
        }
      }
      #expect(rounds == 3)
      switch error {
      case .closedHere: #expect(channel.party == 0)
      case .closed(let name): #expect(channel.party == 1 && name.party == 0)
      default: Issue.record("\(String(describing: error))")
      }
    }
  }

  /// Payload is untouched, and no round is faster than half a round trip and the sending of its bytes.
  @Test(arguments: Transport.allCases)
  func slowMessagesArriveWholeAndLate(_ transport: Transport) async throws {
    let speed = LinkSpeed(roundTrip: .milliseconds(4), bitsPerSecond: 8e6)
    try await simulate(over: transport, parties: 3) { channel in
      let slow = SlowChannel(channelOf(channel), speed: speed)
      let clock = ContinuousClock()
      let start = clock.now
      for round in 0..<3 {
        let message = [UInt8](repeating: UInt8(round), count: 1000)
        let peers = slow.peers
        let received = try await slow.exchange(peers.map { Outgoing(message, to: $0) }, from: peers)
        #expect(received == peers.map { _ in message })
      }
      // Each party sends 2 · 1000 bytes a round at 1 MB/s; the last of them sets out after 2 ms.
      #expect(clock.now - start >= .milliseconds(3 * (2 + 1)))
    }
  }

  @Test func aMessageThatNeverArrivesIsRefused() async throws {
    let channels = MemoryMesh.channels(partyCount: 2)
    let slow = SlowChannel(channels[0], speed: LinkSpeed(roundTrip: .zero, bitsPerSecond: 1e9))
    for message in [[1, 2, 3], [UInt8](repeating: 255, count: 8)] as [Message] {
      try await channels[1].send(message, to: 0)
      await #expect(throws: ChannelError.self) { try await slow.receive(from: 1) }
    }
  }

  @Test func aRandomPlanRepeatsItself() {
    let kinds: [Fault] = [.drop, .duplicate, .flipBit]
    let plan = FaultPlan(seed: 1, messageCount: 4000, oneIn: 4, of: kinds)
    #expect(plan == FaultPlan(seed: 1, messageCount: 4000, oneIn: 4, of: kinds))
    #expect(plan != FaultPlan(seed: 2, messageCount: 4000, oneIn: 4, of: kinds))
    // Binomial(4000, 1/4): mean 1000, standard deviation 27; six of them, for a fixed seed.
    #expect(abs(plan.faults.count - 1000) < 165)
  }
}

/// A channel whose type is known only at run time, behind a type that wrappers can hold.
private struct AnyChannel: Channel {
  let base: any Channel
  var party: PartyID { base.party }
  var partyCount: Int { base.partyCount }
  func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }
  func send(_ message: Message, to peer: PartyID) async throws(ChannelError) { try await base.send(message, to: peer) }
  func receive(from peer: PartyID) async throws(ChannelError) -> Message { try await base.receive(from: peer) }
  func close() async { await base.close() }
}

private func channelOf(_ base: any Channel) -> AnyChannel { AnyChannel(base: base) }
