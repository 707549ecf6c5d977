import Foundation
import Links
import TestSupport
import Testing

/// The door itself: callers who hold it, and its end.
@Suite struct BrowserDoorTests {
  /// A door that repeats what it is told, with limits of this test.
  private func with(
    _ limits: BrowserLimits, _ body: (BrowserDoor, _ call: (String?) async throws -> PageCaller) async throws -> Void
  ) async throws {
    var limits = limits
    // Where the clock is not what is tried, a busy machine has time.
    if limits.opening == BrowserLimits().opening { limits.opening = .seconds(120) }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("door-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let authority = try WebAuthority()
    let trust = folder.path + "/authority.pem"
    try authority.save(to: trust)
    let web = try authority.issue(in: folder.path)
    let door = try await BrowserDoor.open(
      listen: "localhost:0", certificate: try WebCertificate(certificate: web.certificate, key: web.key),
      limits: limits,
      allows: { $0 == "https://bank.example" },
      talk: { page in
        while true {
          let message = try await page.receive()
          page.letIn()
          page.expectNews(within: .seconds(60))
          try await page.send(message)
        }
      })
    try await body(door) { try await PageCaller(port: door.port, origin: $0, trust: trust) }
    await door.close()
  }

  @Test func whoSaysNothingMakesRoom() async throws {
    var limits = BrowserLimits()
    limits.openingCount = 2
    try await with(limits) { _, call in
      let first = try await call("https://bank.example")
      try await first.send([1])
      #expect(await first.next() == [1])
      let silent = try await call("https://bank.example")
      let (third, fourth) = (try await call("https://bank.example"), try await call("https://bank.example"))
      // Three wait where two may: the oldest of them goes, and not the one who has been let in.
      #expect(await silent.next() == nil)
      for caller in [first, third, fourth] {
        try await caller.send([2])
        #expect(await caller.next() == [2])
      }
    }
  }

  @Test func callersAreCounted() async throws {
    var limits = BrowserLimits()
    limits.connectionCount = 1
    try await with(limits) { _, call in
      let talking = try await call("https://bank.example")
      try await talking.send([1])
      #expect(await talking.next() == [1])
      await #expect(throws: (any Error).self) { _ = try await call("https://bank.example") }
      try await talking.send([2])
      #expect(await talking.next() == [2])
    }
  }

  @Test func callersAreOnTheClock() async throws {
    var limits = BrowserLimits()
    limits.opening = .milliseconds(200)
    try await with(limits) { _, call in
      // On a busy machine the time may be over before the connection is open.
      if let silent = try? await call("https://bank.example") { #expect(await silent.next() == nil) }
    }
  }

  @Test func theEndOfTheDoorIsTheEndOfConversations() async throws {
    try await with(BrowserLimits()) { door, call in
      let caller = try await call("https://bank.example")
      await #expect(throws: PageCaller.Refused.self) { _ = try await call("https://other.example") }
      await door.close()
      #expect(await caller.next() == nil)
    }
  }
}
