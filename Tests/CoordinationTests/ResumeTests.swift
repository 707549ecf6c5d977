import Coordination
import Foundation
import Links
import Testing

@Suite struct ResumeTests {
  /// The coordinator is gone after some rounds, and another one takes over its state: the same bits as an undisturbed run.
  /// Models lie in the state's rows after one round, in files of their own after three.
  @Test(arguments: [1, 3], ["fedAvg", "{fedAdam: {learningRate: 0.05}}"])
  func goesOnFromTheLastRound(stopAfter: Int, strategy: String) async throws {
    let text = Federations.job("rounds: 6, aggregation: open, strategy: \(strategy)")
    let undisturbed = try await Federations.run(text)

    let database = try Federations.database(largestRow: stopAfter == 1 ? 1 << 20 : 0)
    let (result, job) = try await Federations.interrupted(text, after: stopAfter, database)
    #expect(result.weights == undisturbed.weights)
    let rounds = try database.rounds(of: job)
    #expect(rounds.map(\.round) == Array(1...6))
    // No number serves two attempts, though the first coordinator had taken some that it did not use.
    #expect(zip(rounds, rounds.dropFirst()).allSatisfy { $0.attempt < $1.attempt })
    #expect(try database.job(job).status == .done)
  }

  @Test func stopsWhenAsked() async throws {
    let database = try Federations.database()
    let federation = await MemoryFederation(
      tables: try Federations.tables(), policy: Federations.policy, database: database, logger: Federations.quiet)
    let failure = await #expect(throws: JobFailure.self) {
      let link = await federation.submitter()
      _ = try await Submission(link).run(Federations.job("rounds: 100000, aggregation: open"), seed: 5) { news in
        if case .accepted(let job) = news { try? database.requestStop(of: job) }
      }
    }
    await federation.stop()
    #expect(failure?.reason.contains("was stopped after round") == true)
  }

  /// What the job's owner sends is what workers begin with, and what a coordinator that is started again begins with.
  @Test func beginsWithAGivenModel() async throws {
    let text = Federations.job("rounds: 1, aggregation: open", optimizer: "{sgd: {learningRate: 1.0e-30}}")
      .replacingOccurrences(of: "softmax]}", with: "softmax], weights: some.tacit}")
    let given = (0..<58).map { Float($0 + 1) / 58 }
    func submit(_ weights: [Float]?) async throws -> [Float] {
      let federation = await MemoryFederation(
        tables: try Federations.tables(), policy: Federations.policy, database: try Federations.database(),
        logger: Federations.quiet)
      let link = await federation.submitter()
      do {
        let result = try await Submission(link).run(text, seed: 5, first: weights) { _ in }
        await federation.stop()
        return result.weights
      } catch {
        await federation.stop()
        throw error
      }
    }
    #expect(try await submit(given) == given)
    await #expect(throws: JobFailure.self) { _ = try await submit(nil) }
    await #expect(throws: JobFailure.self) { _ = try await submit(Array(given.dropLast())) }
    await #expect(throws: JobFailure.self) { _ = try await submit(given.dropLast() + [.infinity]) }
  }

  @Test func aDamagedModelIsNamed() async throws {
    let database = try Federations.database(largestRow: 0)
    let result = try await Federations.run(Federations.job("rounds: 2, aggregation: open"), database: database)
    let folder = database.path + ".models"
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasPrefix(result.outcome.job + "-2-") })
    var bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
    bytes[7] ^= 1
    try bytes.write(to: URL(fileURLWithPath: folder + "/" + name))
    #expect(throws: CoordinationError.self) { _ = try database.outcome(of: result.outcome.job) }
  }
}
