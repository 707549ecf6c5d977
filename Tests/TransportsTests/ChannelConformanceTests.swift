import Identity
import Testing
import Transports

/// What every channel promises, whatever carries it.
@Suite struct ChannelConformanceTests {
  @Test(arguments: Transport.allCases)
  func messagesArriveInOrder(_ transport: Transport) async throws {
    // Both ends draw the same messages from the same seed, so each knows what must come.
    @Sendable func messages(from sender: PartyID, to receiver: PartyID) -> [Message] {
      var generator = SeededGenerator(state: UInt64(sender * 10 + receiver))
      return (0..<200).map { _ in generator.bytes(Int(generator.next() % 300)) }
    }
    try await simulate(over: transport) { channel in
      for peer in channel.peers {
        for message in messages(from: channel.party, to: peer) { try await channel.send(message, to: peer) }
      }
      for peer in channel.peers {
        for message in messages(from: peer, to: channel.party) {
          #expect(try await channel.receive(from: peer) == message)
        }
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func everybodySendsMuchFirst(_ transport: Transport) async throws {
    // Longer than what the buffers of two sockets hold, so that sending must make progress while receiving.
    let byteCount = 12 << 20
    try await simulate(over: transport) { channel in
      let message = Message(repeating: UInt8(channel.party + 1), count: byteCount)
      for peer in channel.peers { try await channel.send(message, to: peer) }
      for peer in channel.peers {
        let received = try await channel.receive(from: peer)
        #expect(received == Message(repeating: UInt8(peer + 1), count: byteCount))
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func roundsGoRoundTheRing(_ transport: Transport) async throws {
    try await simulate(over: transport) { channel in
      let (previous, next) = ((channel.party + 2) % 3, (channel.party + 1) % 3)
      for round in 0..<300 {
        let message = Message(repeating: UInt8(truncatingIfNeeded: round + channel.party), count: round)
        let answers = try await channel.exchange([Outgoing(message, to: previous)], from: [next])
        #expect(answers == [Message(repeating: UInt8(truncatingIfNeeded: round + next), count: round)])
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func exchangeAnswersInTheOrderOfItsSources(_ transport: Transport) async throws {
    try await simulate(over: transport) { channel in
      let outgoing = channel.peers.map { Outgoing([UInt8(channel.party), UInt8($0)], to: $0) }
      let sources = Array(channel.peers.reversed())
      let answers = try await channel.exchange(outgoing, from: sources)
      #expect(answers == sources.map { [UInt8($0), UInt8(channel.party)] })
    }
  }

  @Test(arguments: Transport.allCases)
  func twoTasksMayWaitForTwoPeers(_ transport: Transport) async throws {
    try await simulate(over: transport) { channel in
      async let first = channel.receive(from: channel.peers[0])
      async let second = channel.receive(from: channel.peers[1])
      for peer in channel.peers { try await channel.send([UInt8(channel.party)], to: peer) }
      #expect(try await [first, second] == channel.peers.map { [UInt8($0)] })
    }
  }

  @Test(arguments: Transport.allCases)
  func whatWasSentBeforeClosingIsRead(_ transport: Transport) async throws {
    try await simulate(over: transport, parties: 2) { channel in
      if channel.party == 0 {
        try await channel.send([1, 2, 3], to: 1)
        await channel.close()
        let later = await failure { () async throws(ChannelError) in try await channel.receive(from: 1) }
        #expect(later == .closedHere)
        return
      }
      #expect(try await channel.receive(from: 0) == [1, 2, 3])
      for _ in 0..<2 {
        let error = await failure { () async throws(ChannelError) in try await channel.receive(from: 0) }
        guard case .closed(let peer) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(peer.party == 0)
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func aSilentPeerIsNamed(_ transport: Transport) async throws {
    let deadline = Duration.milliseconds(40)
    try await simulate(over: transport, parties: 2, deadline: deadline) { channel in
      guard channel.party == 0 else {
        // Ends when party 0 has given up, or by its own deadline.
        _ = await failure { () async throws(ChannelError) in try await channel.receive(from: 0) }
        return
      }
      let first = await failure { () async throws(ChannelError) in try await channel.receive(from: 1) }
      switch first {
      case .timedOut(let peer, let duration):
        #expect(peer.party == 1)
        #expect(duration == deadline)
      case .closed(let peer): #expect(peer.party == 1)
      default: Issue.record("\(String(describing: first))")
      }
      // Broken for good, with the same reason.
      let later = await failure { () async throws(ChannelError) in try await channel.send([1], to: 1) }
      #expect(later == first)
    }
  }

  @Test(arguments: Transport.allCases)
  func cancellingEndsAWait(_ transport: Transport) async throws {
    try await simulate(over: transport, parties: 2) { channel in
      guard channel.party == 0 else {
        // Learns that party 0 is gone.
        let later = await failure { () async throws(ChannelError) in try await channel.receive(from: 0) }
        #expect(later != nil)
        return
      }
      let error = await withTaskGroup(of: ChannelError?.self) { group in
        group.addTask { await failure { () async throws(ChannelError) in try await channel.receive(from: 1) } }
        group.cancelAll()
        return await group.next() ?? nil
      }
      guard case .cancelled(let peer) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(peer.party == 1)
    }
  }

  @Test(arguments: Transport.allCases)
  func strangersAreRefused(_ transport: Transport) async throws {
    for stranger in [-1, 0, 2, Int.max] {
      try await simulate(over: transport, parties: 2) { channel in
        guard channel.party == 0 else { return }
        let error = await failure { () async throws(ChannelError) in try await channel.send([1], to: stranger) }
        #expect(error == .noSuchPeer(stranger, partyCount: 2))
        let later = await failure { () async throws(ChannelError) in try await channel.receive(from: 1) }
        #expect(later == error)
      }
    }
  }

  @Test(arguments: Transport.sockets)
  func longMessagesAreRefusedBySender(_ transport: Transport) async throws {
    let limits = ConnectionLimits(messageByteCount: 1000)
    try await simulate(over: transport, parties: 2, limits: limits) { channel in
      if channel.party == 0 {
        try await channel.send(Message(repeating: 1, count: 1000), to: 1)
        let error = await failure { () async throws(ChannelError) in
          try await channel.send(Message(repeating: 1, count: 1001), to: 1)
        }
        guard case .oversizedMessage(_, byteCount: 1001, limit: 1000) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
      } else {
        #expect(try await channel.receive(from: 0).count == 1000)
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func bindingsAgreeAtBothEnds(_ transport: Transport) async throws {
    let seen = Board<[PartyID], [UInt8]>()
    try await simulate(over: transport) { channel in
      for peer in channel.peers { seen[[channel.party, peer]] = channel.binding(with: peer) }
      #expect(channel.binding(with: channel.party).isEmpty)
      #expect(channel.binding(with: 99).isEmpty)
    }
    let nodes = try Keys.nodes.get()
    for (low, high) in [(0, 1), (0, 2), (1, 2)] {
      let expected = transport == .tls ? nodes[low].fingerprint + nodes[high].fingerprint : []
      #expect(seen[[low, high]] == expected)
      #expect(seen[[high, low]] == expected)
    }
  }
}
