import Links
import NIOCore
import TestSupport
import Testing
import Transports

/// Connections that are cut, spoiled or silent: the link goes on where it was, or says that it is lost.
///
/// One after the other: Foundation watches child processes with select(2), which fails where tests beside it hold a thousand
/// sockets.
@Suite(.serialized) struct HealingTests {
  /// Short times, so that what heals does so soon.
  private static var limits: LinkLimits {
    var limits = LinkLimits()
    limits.heartbeat = .milliseconds(100)
    limits.silence = .milliseconds(500)
    limits.healing = .seconds(120)
    limits.opening = .seconds(5)
    limits.farewell = .seconds(10)
    return limits
  }

  /// Two ends with the proxy between them.
  private func withSpoiledLink(
    _ plans: [FaultyProxy.Plan], limits: LinkLimits = HealingTests.limits,
    _ body: (_ coordinator: WebSocketLink, _ worker: WebSocketLink, FaultyProxy) async throws -> Void
  ) async throws {
    try await withServer(limits: limits) { server in
      let proxy = try await FaultyProxy.start(to: server.port, plans: plans)
      var accepted = server.links.makeAsyncIterator()
      let worker = try await WebSocketDialer.connect(
        to: "wss://127.0.0.1:\(proxy.port)", tls: Cast.workerTLS(), limits: limits, within: .seconds(100))
      let coordinator = try #require(await accepted.next())
      try await body(coordinator, worker, proxy)
      await proxy.stop()
    }
  }

  @Test(arguments: [true, false])
  func aTransferGoesOnWhereItWasCut(_ isFromServer: Bool) async throws {
    let plan = FaultyProxy.Plan(fault: .cut, byteCount: 25_000_000, isFromServer: isFromServer)
    try await withSpoiledLink([plan]) { coordinator, worker, _ in
      let (sender, receiver) = isFromServer ? (coordinator, worker) : (worker, coordinator)
      let message = LinkMessage(header: [1, 2], body: .words64((0..<6_250_000).map { UInt64($0) &* 0x9E37_79B9 }))
      async let sending: Void = sender.send(message)
      let received = try await receiver.receive(within: patience)
      #expect(received == message)
      try await sending
      #expect(sender.traffic.connectionCount == 2)
      // What was on its way, if anything: at most the window of 32 pieces of 256 KiB, not the 25 MB before the cut.
      #expect(sender.traffic.bytesResent <= 32 << 18)
      #expect(sender.traffic.bytesSent == 50_000_002 + sender.traffic.bytesResent)
      await worker.close()
    }
  }

  @Test(arguments: 0..<24)
  func nothingIsLostOrDoubledUnderSeededFaults(_ seed: Int) async throws {
    var generator = SeededGenerator(state: UInt64(seed) + 77)
    let plans = (0..<4).map { _ in
      let faults: [FaultyProxy.Fault] = [.cut, .cut, .halfClose, .garble, .swallow, .delay(.milliseconds(20))]
      return FaultyProxy.Plan(
        fault: faults[Int(generator.next() % 6)], byteCount: Int(generator.next() % 2_000_000),
        isFromServer: generator.next() % 2 == 0)
    }
    let lengths = (0..<30).map { _ in Int(generator.next() % (generator.next() % 4 == 0 ? 400_000 : 3000)) }
    let messages = lengths.enumerated().map { index, length in
      LinkMessage(header: [UInt8(index)], body: .words32((0..<length).map { UInt32($0 ^ (index << 24)) }))
    }
    try await withSpoiledLink(plans) { coordinator, worker, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (sender, receiver) in [(coordinator, worker), (worker, coordinator)] {
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
      await worker.close()
      let end = await receiveFailure(coordinator)
      #expect(end == .closed(by: "w0"))
    }
  }

  @Test func aCutThatDoesNotHealIsALoss() async throws {
    var limits = HealingTests.limits
    limits.healing = .milliseconds(200)
    try await withSpoiledLink([], limits: limits) { coordinator, worker, proxy in
      try await worker.send(LinkMessage(header: [1]))
      #expect(try await coordinator.receive(within: patience).header == [1])
      await proxy.stop()
      #expect(await receiveFailure(coordinator) == .lost(peer: "w0", after: .milliseconds(200)))
      #expect(await receiveFailure(worker) == .lost(peer: "coordinator", after: .milliseconds(200)))
      #expect(await sendFailure(worker) == .lost(peer: "coordinator", after: .milliseconds(200)))
    }
  }

  @Test func anIdleLinkLivesOnHeartbeats() async throws {
    var limits = HealingTests.limits
    limits.heartbeat = .milliseconds(30)
    limits.silence = .seconds(1)
    try await withSpoiledLink([], limits: limits) { coordinator, worker, _ in
      // Nothing but heartbeats passes for longer than the silence that would end the connection.
      #expect(await receiveFailure(worker, within: .milliseconds(1200)) != nil)
      try await coordinator.send(LinkMessage(header: [7]))
      #expect(try await worker.receive(within: patience).header == [7])
      #expect(worker.traffic.connectionCount == 1)
      #expect(worker.traffic.roundTrip != nil)
      await worker.close()
    }
  }

  @Test func aServerThatStartsAnewKnowsNoOldSession() async throws {
    var limits = HealingTests.limits
    // The first server cannot say goodbye to a session that is cut.
    limits.farewell = .milliseconds(10)
    let first = try await LinkServer.start(
      listen: "127.0.0.1:0", tls: Cast.coordinatorTLS, limits: limits, logger: quiet)
    let proxy = try await FaultyProxy.start(to: first.port, plans: [])
    var accepted = first.links.makeAsyncIterator()
    let worker = try await WebSocketDialer.connect(
      to: "wss://127.0.0.1:\(proxy.port)", tls: Cast.workerTLS(), limits: limits)
    _ = try #require(await accepted.next())
    let port = proxy.port
    await proxy.stop()
    let second = try await LinkServer.start(
      listen: "127.0.0.1:\(port)", tls: Cast.coordinatorTLS, limits: limits, logger: quiet)
    guard case .refused(by: "coordinator", let reason) = await receiveFailure(worker) else {
      Issue.record("no refusal")
      return
    }
    #expect(reason == "it has no such session, or no longer")
    await second.shutdown()
    await first.shutdown()
  }
}
