import Coordination
import Foundation
import Links
import Testing

/// Workers that do not wait for each other (FedBuff), in memory.
@Suite struct AsynchronousTests {
  @Test(arguments: ["fedAvg", "{fedAdam: {learningRate: 0.05}}", "{normBound: {limit: 1}}"])
  func learns(strategy: String) async throws {
    let result = try await Federations.run(
      Federations.job(
        "rounds: 30, localEpochs: 2, aggregation: open, minimumClients: 2, asynchronous: 2, strategy: \(strategy)"))
    #expect((result.outcome.metrics.accuracy ?? 0) >= 0.8)
    #expect(result.rounds.map(\.round) == Array(1...30))
    #expect(result.rounds.allSatisfy { $0.contributors.count == 2 })
  }

  /// A buffer of all workers is a round of all workers: nobody trains twice on a model, so that nothing is stale.
  @Test func aBufferOfAllWorkersIsARound() async throws {
    let keys = "rounds: 4, aggregation: open, minimumClients: 3"
    let rounds = try await Federations.run(Federations.job(keys))
    let buffered = try await Federations.run(Federations.job(keys + ", asynchronous: 3"))
    // Sums of three floats in another order, four times.
    #expect(zip(rounds.weights, buffered.weights).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(buffered.rounds.allSatisfy { $0.contributors.sorted() == ["a", "b", "c"] })
  }

  /// A worker that never answers holds up nobody.
  @Test func oneThatIsSilentHoldsUpNobody() async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database()
    ) { message, number in number < 3 ? [message] : [] }
    let result = try await relay.run(
      Federations.job(
        "rounds: 5, aggregation: open, minimumClients: 2, quorum: 0.6, asynchronous: 2, deadlineSeconds: 5"))
    #expect(result.rounds.allSatisfy { $0.contributors.sorted() == ["a", "c"] })
  }

  @Test func goesOnAfterARestart() async throws {
    let text = Federations.job("rounds: 12, localEpochs: 2, aggregation: open, minimumClients: 2, asynchronous: 2")
    let database = try Federations.database()
    let (result, job) = try await Federations.interrupted(text, after: 3, database)
    #expect(try database.rounds(of: job).map(\.round) == Array(1...12))
    #expect((result.outcome.metrics.accuracy ?? 0) >= 0.8)
  }

  @Test func aBufferLargerThanTheCohortIsRefused() async throws {
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await Federations.run(Federations.job("rounds: 2, aggregation: open, asynchronous: 4"))
    }
    #expect(failure?.exitCode == 2 && failure?.reason.contains("lower it") == true)
  }
}
