import Coordination
import Foundation
import Links
import Testing

@Suite struct FaultTests {
  /// What a broken or hostile worker may send in place of its third answer: its first update, after the offer and the sums.
  enum Fault: String, CaseIterable, Sendable {
    case nan, wrongLength, wrongKind, replay, oldQuestion, garbage, silence

    func alter(_ message: LinkMessage, _ number: Int) -> [LinkMessage] {
      guard case .floats(let floats) = message.body, !floats.isEmpty else { return [message] }
      switch self {
      case .nan: return [LinkMessage(header: message.header, body: .floats(floats.map { _ in .nan }))]
      case .wrongLength: return [LinkMessage(header: message.header, body: .floats(Array(floats.dropLast())))]
      case .wrongKind: return [LinkMessage(header: message.header, body: .bytes([1, 2, 3]))]
      case .replay: return [message, message]
      case .oldQuestion:
        let header = String(decoding: message.header, as: UTF8.self)
          .replacing(/"question":\d+/, with: "\"question\":1")
        return [LinkMessage(header: Array(header.utf8), body: message.body)]
      case .garbage: return [LinkMessage(header: [0x7b, 0xff], body: .none)]
      case .silence: return []
      }
    }
  }

  @Test(arguments: Fault.allCases) func aFaultyWorkerIsLeftOut(fault: Fault) async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database()
    ) { fault.alter($0, $1) }
    let result = try await relay.run(
      Federations.job("rounds: 2, aggregation: open, minimumClients: 2, quorum: 0.6, deadlineSeconds: 1"))
    let expected: [String] = fault == .replay ? ["a", "b", "c"] : ["a", "c"]
    #expect(result.rounds.map(\.contributors) == [expected, expected])
    #expect(result.weights.allSatisfy { $0.isFinite })
  }

  @Test func tooFewAnswersEndTheJobNamingWhoIsMissing() async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database()
    ) { Fault.silence.alter($0, $1) }
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await relay.run(Federations.job("rounds: 2, aggregation: open, minimumClients: 3, deadlineSeconds: 1"))
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
