import Links
import NIOConcurrencyHelpers
import Testing
import Transports

/// What every link promises, whatever carries it.
@Suite struct LinkConformanceTests {
  /// Messages of all kinds and many lengths; both ends draw the same ones from the same seed.
  private static func messages(seed: UInt64, count: Int) -> [LinkMessage] {
    var generator = SeededGenerator(state: seed)
    return (0..<count).map { index in
      let count = Int(generator.next() % 3000)
      let header = generator.bytes(Int(generator.next() % 40))
      let body: LinkBody =
        switch index % 5 {
        case 0: .none
        case 1: .bytes(generator.bytes(count))
        case 2: .floats((0..<count).map { _ in Float(Int32(truncatingIfNeeded: generator.next())) })
        case 3: .words32((0..<count).map { _ in UInt32(truncatingIfNeeded: generator.next()) })
        case _: .words64((0..<count).map { _ in generator.next() })
        }
      return LinkMessage(header: header, body: body)
    }
  }

  @Test(arguments: Medium.allCases)
  func messagesArriveInOrderInBothDirectionsAtOnce(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (sender, receiver, seed) in [(coordinator, worker, UInt64(1)), (worker, coordinator, 2)] {
          let messages = LinkConformanceTests.messages(seed: seed, count: 300)
          group.addTask { for message in messages { try await sender.send(message) } }
          group.addTask {
            for message in messages {
              let received = try await receiver.receive(within: patience)
              #expect(received == message)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(worker.traffic.messagesSent == 300)
      #expect(coordinator.traffic.bytesReceived == worker.traffic.bytesSent)
    }
  }

  @Test(arguments: Medium.allCases)
  func largeBodiesOfEveryKindPassBothWaysBeforeAnybodyReceives(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      let count = 3_000_001
      let bodies: [LinkBody] = [
        .bytes((0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }), .floats((0..<count).map { Float($0) }),
        .words32((0..<count).map { UInt32($0) }), .words64((0..<count).map { UInt64($0) << 20 }),
      ]
      for body in bodies {
        let message = LinkMessage(header: [UInt8](repeating: 5, count: 400_000), body: body)
        async let there: Void = coordinator.send(message)
        async let back: Void = worker.send(message)
        _ = try await (there, back)
        #expect(try await worker.receive(within: patience) == message)
        #expect(try await coordinator.receive(within: patience) == message)
      }
    }
  }

  @Test(arguments: Medium.allCases)
  func emptyMessagesAndBodiesAtTheEdgesOfPiecesArrive(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      let piece = 256 << 10
      var messages = [
        LinkMessage(header: []), LinkMessage(header: [], body: .bytes([])), LinkMessage(header: [1], body: .floats([])),
        LinkMessage(header: [], body: .words64([])), LinkMessage(header: [UInt8](repeating: 9, count: 1 << 20)),
      ]
      for count in [piece - 1, piece, piece + 1, 2 * piece] {
        messages.append(LinkMessage(header: [], body: .bytes([UInt8](repeating: 3, count: count))))
        messages.append(LinkMessage(header: [1, 2, 3], body: .bytes([UInt8](repeating: 4, count: count - 3))))
        messages.append(LinkMessage(header: [UInt8](repeating: 8, count: count), body: .words32([7])))
      }
      let all = messages
      async let sent: Void = { for message in all { try await coordinator.send(message) } }()
      for message in all { #expect(try await worker.receive(within: patience) == message) }
      try await sent
    }
  }

  @Test(arguments: Medium.allCases)
  func aReceiverWhoDoesNotReceiveHoldsTheSenderBack(_ medium: Medium) async throws {
    var limits = LinkLimits()
    limits.queuedMessageCount = 4
    try await withLink(over: medium, limits: limits) { coordinator, worker in
      let total = 600
      let sent = NIOLockedValueBox(0)
      async let sending: Void = {
        for index in 0..<total {
          // Four pieces each, so that what may wait in this end counts little.
          let body = LinkBody.words32([UInt32](repeating: UInt32(index), count: 200_000))
          try await coordinator.send(LinkMessage(header: [], body: body))
          sent.withLockedValue { $0 += 1 }
        }
      }()
      for index in 0..<total {
        let message = try await worker.receive(within: patience)
        #expect(message.body == .words32([UInt32](repeating: UInt32(index), count: 200_000)))
        // In the queue, in the window of 32 pieces, and one or two in hand.
        #expect(sent.withLockedValue { $0 } - index <= 4 + 8 + 3)
      }
      try await sending
    }
  }

  @Test(arguments: Medium.allCases)
  func whatWasSentBeforeClosingIsReceived(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      let messages = LinkConformanceTests.messages(seed: 3, count: 50)
      for message in messages { try await worker.send(message) }
      async let closing: Void = worker.close()
      for message in messages { #expect(try await coordinator.receive(within: patience) == message) }
      await closing
      for _ in 0..<2 {
        #expect(await receiveFailure(coordinator) == .closed(by: "w0"))
        #expect(await sendFailure(coordinator) == .closed(by: "w0"))
        #expect(await receiveFailure(worker) == .closedHere)
        #expect(await sendFailure(worker) == .closedHere)
      }
      await coordinator.close()
      await worker.close()
    }
  }

  @Test(arguments: Medium.allCases)
  func bothMayCloseAtOnceWhileOneWaits(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      async let waiting = receiveFailure(coordinator)
      async let first: Void = coordinator.close()
      async let second: Void = worker.close()
      _ = await (first, second)
      let error = await waiting
      #expect(error == .closedHere || error == .closed(by: "w0"))
    }
  }

  @Test(arguments: Medium.allCases)
  func patienceEndsAndTheLinkGoesOn(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      for wait in [Duration.zero, .milliseconds(20)] {
        let error = await receiveFailure(coordinator, within: wait)
        #expect(error == .timedOut(waitingFor: "w0", after: wait))
      }
      try await worker.send(LinkMessage(header: [4]))
      #expect(try await coordinator.receive(within: patience).header == [4])
      try await coordinator.send(LinkMessage(header: [5]))
      #expect(try await worker.receive(within: .seconds(1_000_000_000_000)).header == [5])
    }
  }

  @Test(arguments: Medium.allCases)
  func cancellingEndsAWaitAndTheLinkGoesOn(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      let waiting = Task { await receiveFailure(coordinator) }
      waiting.cancel()
      #expect(await waiting.value == .cancelled(waitingFor: "w0"))
      try await worker.send(LinkMessage(header: [4]))
      #expect(try await coordinator.receive(within: patience).header == [4])
    }
  }

  @Test(arguments: Medium.allCases)
  func aCancelledSenderLeavesWholeMessagesOnly(_ medium: Medium) async throws {
    var limits = LinkLimits()
    limits.queuedMessageCount = 2
    try await withLink(over: medium, limits: limits) { coordinator, worker in
      // Nobody receives, so that sooner or later one waits and is cancelled.
      let sender = Task {
        var count: UInt8 = 0
        while true {
          let body = LinkBody.bytes([UInt8](repeating: count, count: 3 << 20))
          let error = await sendFailure(coordinator, LinkMessage(header: [count], body: body))
          if let error { return (count, error) }
          count += 1
          if count == 2 { withUnsafeCurrentTask { $0?.cancel() } }
        }
      }
      let (count, error) = await sender.value
      #expect(error == .cancelled(waitingFor: "w0"))
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await coordinator.send(LinkMessage(header: [99])) }
        var expected: UInt8 = 0
        while true {
          let message = try await worker.receive(within: patience)
          if message.header == [99] { break }
          #expect(message.header == [expected])
          #expect(message.body == .bytes([UInt8](repeating: expected, count: 3 << 20)))
          expected += 1
        }
        // The cancelled one was begun or not.
        #expect(expected == count || expected == count + 1)
        try await group.waitForAll()
      }
    }
  }

  @Test(arguments: Medium.allCases)
  func oversizedMessagesAreNotSent(_ medium: Medium) async throws {
    var limits = LinkLimits()
    limits.bodyByteCount = 1000
    try await withLink(over: medium, limits: limits) { coordinator, worker in
      let large = LinkMessage(header: [], body: .words64([UInt64](repeating: 1, count: 126)))
      let error = await sendFailure(coordinator, large)
      #expect(error == .oversizedMessage(peer: "w0", byteCount: 1008, limit: 1000))
      let header = LinkMessage(header: [UInt8](repeating: 0, count: (1 << 20) + 1))
      let second = await sendFailure(coordinator, header)
      #expect(second == .oversizedMessage(peer: "w0", byteCount: (1 << 20) + 1, limit: 1 << 20))
      let fitting = LinkMessage(header: [], body: .words64([UInt64](repeating: 1, count: 125)))
      try await coordinator.send(fitting)
      #expect(try await worker.receive(within: patience) == fitting)
    }
  }

  @Test(arguments: Medium.allCases)
  func manyMaySendAtOnce(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for sender in 0..<8 {
          group.addTask {
            for index in 0..<50 {
              try await coordinator.send(LinkMessage(header: [UInt8(sender), UInt8(index)], body: .bytes([1, 2, 3])))
            }
          }
        }
        var next = [UInt8](repeating: 0, count: 8)
        for _ in 0..<400 {
          let header = try await worker.receive(within: patience).header
          #expect(header[1] == next[Int(header[0])])
          next[Int(header[0])] += 1
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func aMemoryLinkSharesItsArrays() async throws {
    let (coordinator, worker) = MemoryLink.pair(worker: "w0")
    let scalars = [Float](repeating: 1, count: 1000)
    try await coordinator.send(LinkMessage(header: [], body: .floats(scalars)))
    guard case .floats(let received) = try await worker.receive(within: patience).body else {
      Issue.record("another kind of body")
      return
    }
    #expect(scalars.withUnsafeBufferPointer { $0.baseAddress } == received.withUnsafeBufferPointer { $0.baseAddress })
  }

  @Test(arguments: Medium.allCases)
  func whatIsSentAtOnceArrivesInOrderAndOnlyThat(_ medium: Medium) async throws {
    var limits = LinkLimits()
    limits.queuedMessageCount = 8
    try await withLink(over: medium, limits: limits) { coordinator, worker in
      let body = LinkBody.bytes([UInt8](repeating: 7, count: 100_000))
      var sent: [UInt8] = []
      // The peer takes nothing: there comes an end to the room.
      for number in UInt8(0)..<100 {
        if try coordinator.sendAtOnce(LinkMessage(header: [number], body: body)) { sent.append(number) }
      }
      #expect(!sent.isEmpty)
      #expect(sent.count < 100)
      for number in sent {
        #expect(try await worker.receive(within: patience) == LinkMessage(header: [number], body: body))
      }
      #expect(try coordinator.sendAtOnce(LinkMessage(header: [200])))
      #expect(try await worker.receive(within: patience).header == [200])
      await worker.close()
      _ = await receiveFailure(coordinator)
      #expect(throws: LinkError.self) { try coordinator.sendAtOnce(LinkMessage(header: [201])) }
    }
  }

  /// All waits of an end share a timer, which must ring for each of them at its own time.
  @Test(arguments: Medium.allCases)
  func waitsOfDifferentLengthsEndByThemselves(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      func answered(within wait: Duration) async throws {
        async let message = worker.receive(within: wait)
        try await coordinator.send(LinkMessage(header: [1]))
        #expect(try await message.header == [1])
      }
      for (before, wait) in [(patience, Duration.milliseconds(20)), (.milliseconds(500), .milliseconds(700))] {
        try? await answered(within: before)
        while await receiveFailure(worker, within: .zero) == nil {}
        #expect(await receiveFailure(worker, within: wait) == .timedOut(waitingFor: "coordinator", after: wait))
      }
    }
  }
}
