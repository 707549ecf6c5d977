import Foundation
import Testing
import Transports

@Suite struct SocketLoopTests {
  /// Where a piece of code runs, asked of the thread itself.
  private static func here() -> ObjectIdentifier { ObjectIdentifier(Thread.current) }

  @Test func tasksAndTheirChildrenStayOnOneThread() async throws {
    let loop = SocketLoop(name: "test")
    defer { loop.shutdown() }
    let places = try await loop.run {
      async let child = Self.here()
      let group = await withTaskGroup(of: ObjectIdentifier.self) { group in
        for _ in 0..<10 { group.addTask { Self.here() } }
        return await group.reduce(into: Set()) { $0.insert($1) }
      }
      await Task.yield()
      return group.union([Self.here(), await child])
    }
    #expect(places.count == 1)
  }

  @Test func errorsComeOut() async {
    struct Marker: Error {}
    let loop = SocketLoop(name: "test")
    defer { loop.shutdown() }
    await #expect(throws: Marker.self) { try await loop.run { throw Marker() } }
  }

  @Test func shuttingDownEndsWaits() async throws {
    let loop = SocketLoop(name: "test")
    let listener = try await Listener.open(
      on: loop, host: "127.0.0.1", port: 0, protection: .insecurePlainTCP, logger: quiet)
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    async let error = failure { () async throws(ChannelError) in
      start.yield()
      return try await listener.accept()
    }
    for await _ in started { break }
    loop.shutdown()
    #expect(await error == .closedHere)
    let later = await failure { () async throws(ChannelError) in try await listener.accept() }
    #expect(later == .closedHere)
  }

  @Test func aBusyLoopStillServesItsSockets() async throws {
    // Two tasks that only yield to each other never leave the loop idle.
    try await simulate(over: .plain, parties: 2) { channel in
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<2 {
          group.addTask { while !Task.isCancelled { await Task.yield() } }
        }
        let peer = 1 - channel.party
        for _ in 0..<20 {
          let answer = try? await channel.exchange([Outgoing([1], to: peer)], from: [peer])
          #expect(answer == [[1]])
        }
        group.cancelAll()
      }
    }
  }
}
