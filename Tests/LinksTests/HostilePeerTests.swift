import Links
import TestSupport
import Testing
import Transports

/// Whatever a peer with a good certificate writes ends in a documented error, and the server goes on serving.
@Suite struct HostilePeerTests {
  /// What to write after the greeting, and which words the error has.
  struct Attack: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let words: String

    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8], _ words: String) {
      self.name = name
      self.bytes = bytes
      self.words = words
    }
  }

  static let attacks: [Attack] = {
    var noise = SeededGenerator(state: 5)
    let head = HostileCaller.prefix(1, body: 1, count: 4)
    func frame(_ bytes: [UInt8]) -> [UInt8] { HostileCaller.frame(bytes) }
    return [
      Attack("noise", [0xFF] + noise.bytes(3000), "reserved bits"),
      Attack("text", HostileCaller.frame(first: 0x81, head + [1, 2, 3, 4]), "text frame"),
      Attack("first fragment", HostileCaller.frame(first: 0x02, head + [1, 2, 3, 4]), "fragment"),
      Attack("later fragment", HostileCaller.frame(first: 0x80, head), "fragment"),
      Attack("unknown kind", HostileCaller.frame(first: 0x83, head), "unknown kind 3"),
      Attack("unmasked", HostileCaller.frame(head + [1, 2, 3, 4], masked: false), "without a mask"),
      Attack("huge frame", [0x82, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0], "are the most"),
      Attack("negative length", [0x82, 0xFF] + [UInt8](repeating: 255, count: 8) + [0, 0, 0, 0], "are the most"),
      Attack("long form of a length", [0x82, 0xFE, 0, 24, 0, 0, 0, 0] + head, "longer form"),
      Attack("large control frame", [0x89, 0xFE, 1, 0, 0, 0, 0, 0], "are the most"),
      Attack("short frame", frame([1, 2, 3]), "only 3 bytes"),
      Attack("unknown packet", frame(HostileCaller.prefix(77)), "none of this protocol"),
      Attack("unknown body", frame(HostileCaller.prefix(1, body: 9)), "none of this protocol"),
      Attack("second greeting", HostileCaller.hello(), "no place"),
      Attack("wrong number", frame(HostileCaller.prefix(1, number: 3)), "piece 3 where 0 was due"),
      Attack("rest of nothing", frame(HostileCaller.prefix(2) + [1]), "of no message"),
      Attack("half a float", frame(HostileCaller.prefix(1, body: 2, count: 3) + [1, 2, 3]), "cannot have"),
      Attack("a body of no kind", frame(HostileCaller.prefix(1, body: 0, count: 4) + [1, 2, 3, 4]), "cannot have"),
      Attack("more than announced", frame(head + [1, 2, 3, 4, 5]), "4 are missing"),
      Attack("nothing of something", frame(head), "4 are missing"),
      Attack("too large a body", frame(HostileCaller.prefix(1, body: 1, count: 1 << 62)), "exceeds the limit"),
      Attack("too large a header", frame(HostileCaller.prefix(1, header: .max)), "exceeds the limit"),
      Attack(
        "a message in another", frame(head + [1, 2]) + frame(HostileCaller.prefix(1, number: 1)), "middle of another"),
      Attack("a farewell in a message", frame(head + [1, 2]) + frame(HostileCaller.prefix(4, number: 1)), "middle"),
      Attack("acknowledging too much", frame(HostileCaller.prefix(3, number: 9, count: 99)), "never sent"),
      Attack("a long acknowledgement", frame(HostileCaller.prefix(3) + [1]), "goes on"),
    ]
  }()

  @Test(arguments: attacks)
  func theLinkSaysWhatWasWrong(_ attack: Attack) async throws {
    // The greeting may be late where all tests run at once; attacks come after it.
    var limits = LinkLimits()
    limits.opening = .seconds(120)
    try await withServer(limits: limits) { server in
      let caller = try await HostileCaller(port: server.port, tls: Cast.workerTLS())
      try await caller.send(HostileCaller.hello())
      var links = server.links.makeAsyncIterator()
      let link = try #require(await links.next())
      try await caller.send(attack.bytes)
      let error = await receiveFailure(link)
      #expect(error.map { "\($0)".contains(attack.words) } == true, "\(String(describing: error))")
      #expect(await sendFailure(link) == error)
      // Hung up on.
      _ = await caller.read()
      let honest = try await WebSocketDialer.connect(
        to: "wss://127.0.0.1:\(server.port)", tls: Cast.workerTLS(), within: .seconds(60))
      try await honest.send(LinkMessage(header: [1]))
      let accepted = try #require(await links.next())
      #expect(try await accepted.receive(within: patience).header == [1])
      await honest.close()
    }
  }

  @Test func aPeerThatSendsMoreThanItMayIsRefused() async throws {
    var limits = LinkLimits()
    limits.queuedMessageCount = 3
    try await withServer(limits: limits) { server in
      let caller = try await HostileCaller(port: server.port, tls: Cast.workerTLS())
      try await caller.send(HostileCaller.hello())
      var links = server.links.makeAsyncIterator()
      let link = try #require(await links.next())
      for number in 0..<200 {
        try? await caller.send(HostileCaller.frame(HostileCaller.prefix(1, number: UInt64(number))))
      }
      _ = await caller.read()
      // What was allowed is there.
      var count = 0
      while await receiveFailure(link) == nil { count += 1 }
      #expect((3...40).contains(count))
      let error = await receiveFailure(link)
      #expect(error.map { "\($0)".contains("not asked for") } == true)
    }
  }

  @Test func announcingMuchAndSendingLittleCostsNothing() async throws {
    var limits = LinkLimits()
    limits.healing = .milliseconds(10)
    limits.opening = .seconds(120)
    try await withServer(limits: limits) { server in
      let before = LinkBenchmark.peakMegabytes
      var links = server.links.makeAsyncIterator()
      for _ in 0..<10 {
        let caller = try await HostileCaller(port: server.port, tls: Cast.workerTLS())
        var generator = SystemRandomNumberGenerator()
        let session = (0..<32).map { _ in String(generator.next() % 10) }.joined()
        try await caller.send(HostileCaller.hello(session: session))
        let link = try #require(await links.next())
        try await caller.send(HostileCaller.frame(HostileCaller.prefix(1, body: 4, count: 1 << 30) + [1, 2]))
        await caller.close()
        #expect(await receiveFailure(link) == .lost(peer: "w0", after: .milliseconds(10)))
      }
      // Ten gibibytes were announced; other tests run beside this one.
      #expect(LinkBenchmark.peakMegabytes - before < 2000)
    }
  }

  @Test func noiseInsteadOfAnUpgradeIsDropped() async throws {
    var limits = LinkLimits()
    limits.opening = .milliseconds(400)
    try await withServer(limits: limits) { server in
      for bytes in [[], Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), [UInt8](repeating: 0xC3, count: 5000)] {
        let caller = try await HostileCaller(port: server.port, tls: Cast.workerTLS(), upgrades: false)
        // The server may have hung up before all is sent: that is what it should do.
        try? await caller.send(bytes)
        if bytes.isEmpty { await caller.close() }
        _ = await caller.read()
      }
    }
  }
}
