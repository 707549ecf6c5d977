import SecureAggregation
import Testing

/// Clients' replies that the server does not count, and why.
@Suite struct RefusalTests {
  static let header = 18

  private func simulation(clients: Int = 6) throws -> Simulation {
    let plan = try AggregationPlan(clientCount: clients, vectorLength: 20, valueBits: 16)
    return try Simulation(plan, inputs: Inputs(plan, seed: 3).all)
  }

  @Test func repliesAreRefusedByName() throws {
    var simulation = try simulation(clients: 10)
    let names = simulation.names
    var first: [ClientID: [UInt8]] = [:]
    let result = try simulation.run { stage, replies in
      switch stage {
      case .advertisement:
        first = replies
        replies["stranger"] = replies[names[1]]
      case .shares: replies[names[0]] = first[names[0]]
      case .maskedInput:
        replies[names[1]]?.removeLast()
        if var other = replies[names[2]] {
          other[5] ^= 1
          replies[names[2]] = other
        }
      case .agreement, .unmasking: break
      case .announcement, .keyList, .delivery, .survivors, .agreements: break
      }
    }
    #expect(result.contributors == Array(names[3...]))
    #expect(
      simulation.server.refusals == [
        "stranger": .stranger("stranger"),
        names[0]: .unexpected(.advertisement, expected: .shares),
        names[1]: .malformed(
          .maskedInput,
          reason:
            "\(simulation.plan.vectorByteCount - 1) bytes are left where \(simulation.plan.vectorByteCount) should be"),
        names[2]: .wrongAttempt(.maskedInput),
      ])
  }

  @Test func secondRepliesAreRefused() throws {
    var simulation = try simulation()
    let messages = simulation.server.begin()
    let replies = simulation.answers(to: messages)
    for (client, reply) in replies { simulation.server.accept(reply, from: client) }
    #expect(simulation.server.awaited.isEmpty)
    let (client, reply) = try #require(replies.first)
    simulation.server.accept(reply, from: client)
    #expect(simulation.server.refusals == [client: .duplicate(.advertisement)])
    guard case .ask(let next) = try simulation.server.advance() else { return }
    #expect(next.count == 6)
  }

  @Test(arguments: [18, 50, 82, 120]) func forgedKeysAreRefused(byte: Int) throws {
    var simulation = try simulation(clients: 10)
    let victim = simulation.names[2]
    let result = try simulation.run { stage, replies in
      if stage == .advertisement { replies[victim]?[byte] ^= 4 }
    }
    #expect(simulation.server.refusals == [victim: .badSignature(of: victim, on: .advertisement)])
    #expect(result.contributors.count == 9)
  }

  @Test func forgedAgreementsAreRefused() throws {
    var simulation = try simulation(clients: 10)
    let names = simulation.names
    let result = try simulation.run { stage, replies in
      if stage == .agreement { replies[names[1]] = replies[names[2]] }
    }
    #expect(simulation.server.refusals == [names[1]: .badSignature(of: names[1], on: .agreement)])
    #expect(result.contributors.count == 10)
  }

  /// A share that fits nothing is noticed, and the sum is not given.
  @Test func wrongSharesFailClosed() throws {
    var simulation = try simulation()
    let name = simulation.names[0]
    #expect(throws: SecureAggregationError.wrongSecret(of: simulation.names[1])) {
      try simulation.run { stage, replies in
        if stage == .unmasking { replies[name]?[Self.header + 32] ^= 1 }
      }
    }
  }
}
