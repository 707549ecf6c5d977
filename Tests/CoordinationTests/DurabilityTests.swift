import Coordination
import Foundation
import Testing

/// Which commits wait for the disk.
@Suite struct DurabilityTests {
  @Test func waitsForWhatMustOutliveALossOfPowerAndOnceAnIntervalForTheRest() {
    let start = ContinuousClock.now
    var waits = DiskWaits(interval: .seconds(1))
    func mustWait(_ durability: Durability, _ milliseconds: Int) -> Bool {
      waits.mustWait(durability, at: start + .milliseconds(milliseconds))
    }
    #expect(mustWait(.kill, 0))
    #expect(!mustWait(.kill, 400))
    #expect(!mustWait(.kill, 999))
    #expect(mustWait(.kill, 1000))
    #expect(!mustWait(.kill, 1999))
    #expect(mustWait(.powerLoss, 1999))
    // With it came all before it.
    #expect(!mustWait(.kill, 2500))
    #expect(mustWait(.powerLoss, 2501))
    #expect(mustWait(.powerLoss, 2502))
  }

  /// How many commits of a run wait, where none does because of the time.
  private static func waits(_ rounds: Int, _ job: String, largestRow: Int = 1 << 20) async throws -> Int {
    let database = try RunDatabase(
      path: try Federations.database().path, largestRow: largestRow, waitInterval: .seconds(36_000))
    let result = try await Federations.run(
      Federations.job("rounds: \(rounds), minimumClients: 3, \(job)"), database: database)
    #expect(result.rounds.map(\.round) == Array(1...rounds))
    return database.waitCount
  }

  /// In the open without noise, where workers keep nothing from round to round, rounds do not wait; else each does.
  @Test(arguments: [
    ("aggregation: open", false), ("aggregation: open, strategy: {fedAdam: {learningRate: 0.05}}", false),
    ("aggregation: open, strategy: median", false), ("aggregation: masked", true),
    ("aggregation: open, strategy: scaffold", true), ("aggregation: open, compression: {topK: 0.1}", true),
  ])
  func roundsOfOpenTrainingsDoNotWait(_ job: String, wait: Bool) async throws {
    let (few, many) = (try await Self.waits(3, job), try await Self.waits(13, job))
    #expect(many - few == (wait ? 10 : 0))
  }

  /// A row that names a file must not be lost when the file before it is gone.
  @Test func roundsWithModelsInFilesWait() async throws {
    let job = "aggregation: open"
    let (few, many) = (try await Self.waits(3, job, largestRow: 0), try await Self.waits(13, job, largestRow: 0))
    #expect(many - few == 10)
  }
}
