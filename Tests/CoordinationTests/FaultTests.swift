import Coordination
import Foundation
import Links
import TestSupport
import Testing

@Suite struct FaultTests {
  /// Its third answer is altered: its first update, after the offer and the sums.
  @Test(arguments: UpdateFault.allCases) func aFaultyWorkerIsLeftOut(fault: UpdateFault) async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database()
    ) { message, _ in fault.alter(message) }
    let result = try await relay.run(
      Federations.job("rounds: 2, aggregation: open, minimumClients: 2, quorum: 0.6, deadlineSeconds: 5"))
    let expected: [String] = fault == .replay ? ["a", "b", "c"] : ["a", "c"]
    #expect(result.rounds.map(\.contributors) == [expected, expected])
    #expect(result.weights.allSatisfy { $0.isFinite })
  }

  /// A coordinator that names a round as no job has gets no update; the worker is there for the next question.
  @Test(arguments: [UInt64(bitPattern: .min), 1 << 62, UInt64.max])
  func roundsThatNoJobHasAreRefused(round: UInt64) async throws {
    let renumber: Relay.Alteration = { message, _ in
      [message.header.first == 1 ? message.replacing(at: 18, with: round) : message]
    }
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database(), questions: renumber
    ) { message, _ in [message] }
    let result = try await relay.run(
      Federations.job("rounds: 2, aggregation: open, minimumClients: 2, quorum: 0.6, deadlineSeconds: 5"))
    #expect(result.rounds.map(\.contributors) == [["a", "c"], ["a", "c"]])
  }

  @Test func tooFewAnswersEndTheJobNamingWhoIsMissing() async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database()
    ) { message, _ in UpdateFault.silence.alter(message) }
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await relay.run(Federations.job("rounds: 2, aggregation: open, minimumClients: 3, deadlineSeconds: 5"))
    }
    #expect(failure?.exitCode == 3)
    #expect(failure?.reason.contains("round 1 failed: 2 of at least 3 workers answered (b") == true)
  }

  /// Two of seven workers send the opposite of what they found, tenfold.
  private static func poisoned(_ strategy: String) async throws -> Double {
    let relay = await Relay(
      workers: try Federations.tables(7), altered: ["b", "e"], database: try Federations.database()
    ) { message, _ in
      guard case .floats(let floats) = message.body else { return [message] }
      return [LinkMessage(header: message.header, body: .floats(floats.map { $0 * -10 }))]
    }
    let result = try await relay.run(
      Federations.job(
        "rounds: 15, localEpochs: 2, aggregation: open, strategy: \(strategy)", workers: 7))
    return result.outcome.metrics.accuracy ?? 0
  }

  @Test(arguments: ["median", "{trimmedMean: {trim: 0.3}}", "{krum: {byzantine: 2}}", "{multiKrum: {byzantine: 2}}"])
  func robustStrategiesWithstandPoison(strategy: String) async throws {
    #expect(try await Self.poisoned(strategy) >= 0.8)
  }

  @Test func thePlainAverageDoesNot() async throws {
    #expect(try await Self.poisoned("fedAvg") < 0.7)
  }

  /// A poisoned update is no longer than an honest one, so two of seven cannot turn the sum.
  @Test func aNormBoundWithstandsPoison() async throws {
    #expect(try await Self.poisoned("{normBound: {limit: 0.5}}") >= 0.8)
  }
}
