import Foundation

/// Times the way to a server that answers how it is: small messages for latency and clock, a large one for bandwidth.
struct LinkProbe: Sendable {
  /// What was found.
  struct Figures: Sendable {
    /// The median of some small messages, in seconds.
    var roundTrip: Double
    var megabytesPerSecond: Double
    /// The other end's clock less this one's, in seconds, to half of the quickest round trip.
    var clockDifference: Double
    var health: PartyHealth
  }

  private static let probeCount = 9
  /// What a client loads the way with; parties, who may be asked by any client, take less.
  static let largeLoad = 4 << 20
  static let smallLoad = 1 << 20

  let loadByteCount: Int
  /// Asks how the other end is, with so many bytes behind the question.
  let ask: @Sendable (_ byteCount: Int) async throws -> PartyHealth

  func measure() async throws -> Figures {
    var times: [(seconds: Double, difference: Double)] = []
    var health = try await ask(0)
    for _ in 0..<Self.probeCount {
      let (sent, clock) = (Date().timeIntervalSince1970, ContinuousClock.now)
      health = try await ask(0)
      let seconds = (ContinuousClock.now - clock) / .seconds(1)
      times.append((seconds, health.time - sent - seconds / 2))
    }
    times.sort { $0.seconds < $1.seconds }
    let roundTrip = times[times.count / 2].seconds
    let start = ContinuousClock.now
    _ = try await ask(loadByteCount)
    let seconds = max((ContinuousClock.now - start) / .seconds(1) - roundTrip, 1e-6)
    return Figures(
      roundTrip: roundTrip, megabytesPerSecond: Double(loadByteCount) / 1e6 / seconds,
      clockDifference: times[0].difference, health: health)
  }
}
