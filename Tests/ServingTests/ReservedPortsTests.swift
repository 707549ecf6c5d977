import Processes
import Testing

@Suite struct ReservedPortsTests {
  /// Asked for at the same time, by many, and again while the first are held.
  @Test func nobodyGetsAReservedPort() async throws {
    let held = try await withThrowingTaskGroup(of: ReservedPorts.self) { group in
      for _ in 0..<20 { group.addTask { try ReservedPorts.take(5) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    defer { for ports in held { ports.release() } }
    let numbers = held.flatMap(\.numbers)
    #expect(numbers.count == 100 && Set(numbers).count == 100)
    // Below those that Linux and macOS give away by themselves.
    #expect(numbers.allSatisfy { (1024..<32_768).contains($0) })
  }
}
