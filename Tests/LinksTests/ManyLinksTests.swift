import Foundation
import Links
import Testing
import Transports

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Many workers at one coordinator: 40 here, as many as `LINK_COUNT` says elsewhere (`LINK_COUNT=1000`).
@Suite struct ManyLinksTests {
  private static var count: Int {
    ProcessInfo.processInfo.environment["LINK_COUNT"].flatMap { Int($0) } ?? 40
  }

  /// Two files a link, and some more.
  private static func allowFiles(_ count: Int) {
    var limit = rlimit()
    #if canImport(Darwin)
      let resource = RLIMIT_NOFILE
    #else
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #endif
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, rlim_t(count)))
    setrlimit(resource, &limit)
  }

  @Test func rounds() async throws {
    let count = ManyLinksTests.count
    ManyLinksTests.allowFiles(2 * count + 300)
    // TLS of all these at once takes its time on a busy machine.
    var limits = LinkLimits()
    limits.opening = .seconds(120)
    let model = (0..<10_000).map { Float($0) }
    try await withServer(limits: limits) { [limits] server in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<count {
          group.addTask { try await ManyLinksTests.work(index, server.port, limits) }
        }
        var links: [WebSocketLink] = []
        for await link in server.links {
          links.append(link)
          if links.count == count { break }
        }
        for round in 0..<20 { try await ManyLinksTests.coordinate(links, round, model) }
        for link in links { #expect(link.traffic.connectionCount == 1) }
        await withTaskGroup(of: Void.self) { closing in
          for link in links { closing.addTask { await link.close() } }
        }
        try await group.waitForAll()
      }
    }
  }

  private static func coordinate(_ links: [WebSocketLink], _ round: Int, _ model: [Float]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for link in links {
        group.addTask {
          try await link.send(LinkMessage(header: [UInt8(round)], body: .floats(model)))
          let answer = try await link.receive(within: patience)
          #expect(answer.header == [UInt8(round)])
          #expect(answer.body == .floats(model.map { $0 + Float(round) }))
        }
      }
      try await group.waitForAll()
    }
  }

  private static func work(_ index: Int, _ port: Int, _ limits: LinkLimits) async throws {
    let link = try await WebSocketDialer.connect(
      to: "wss://127.0.0.1:\(port)", tls: Cast.workerTLS(index % 3), limits: limits, within: .seconds(300))
    while true {
      let message: LinkMessage
      do throws(LinkError) {
        message = try await link.receive(within: patience)
      } catch {
        #expect(error == .closed(by: "coordinator"))
        return
      }
      guard case .floats(let model) = message.body, let round = message.header.first else { return }
      try await link.send(LinkMessage(header: [round], body: .floats(model.map { $0 + Float(round) })))
    }
  }

  @Test func thousandsInMemory() async throws {
    let pairs = (0..<3000).map { MemoryLink.pair(worker: "w\($0)") }
    let model = LinkBody.floats([Float](repeating: 1, count: 10_000))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, pair) in pairs.enumerated() {
        group.addTask {
          for _ in 0..<5 { try await pair.worker.send(try await pair.worker.receive(within: patience)) }
        }
        group.addTask {
          for round in 0..<5 {
            let message = LinkMessage(header: [UInt8(round), UInt8(index % 256)], body: model)
            try await pair.coordinator.send(message)
            let answer = try await pair.coordinator.receive(within: patience)
            #expect(answer == message)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
