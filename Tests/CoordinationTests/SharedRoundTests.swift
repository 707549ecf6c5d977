import Arithmetic
import Coordination
import Federation
import Foundation
import Identity
import Learning
import Links
import NIOConcurrencyHelpers
import Serving
import Testing

/// `aggregation: shared` with a coordinator, workers and three parties in memory.
@Suite struct SharedRoundTests {
  /// Three parties with something between them and the coordinator.
  private final class Between: AggregationCluster {
    typealias Change = @Sendable ([Int: SealedUpdate], SharedSum, Int) async throws -> [Int: SealedUpdate]

    let parties: any AggregationCluster
    let change: Change
    private let sums = NIOLockedValueBox<[(sum: SharedSum, opened: OpenedSum)]>([])

    init(_ parties: any AggregationCluster, _ change: @escaping Change) {
      self.parties = parties
      self.change = change
    }

    var fingerprints: [[UInt8]] { parties.fingerprints }
    /// All that was asked, with what was opened.
    var asked: [(sum: SharedSum, opened: OpenedSum)] { sums.withLockedValue { $0 } }

    func credentials(within patience: Duration) async throws -> [PartyCredential] {
      try await parties.credentials(within: patience)
    }

    func add(
      _ updates: [Int: SealedUpdate], of sum: SharedSum, needed: Int, within patience: Duration
    ) async throws -> OpenedSum {
      let altered = try await change(updates, sum, asked.count)
      let opened = try await parties.add(altered, of: sum, needed: needed, within: patience)
      sums.withLockedValue { $0.append((sum, opened)) }
      return opened
    }

    func close() async {}
  }

  private static let nothing: Between.Change = { updates, _, _ in updates }

  private static func names(_ count: Int) -> [String] {
    (0..<count).map { String(UnicodeScalar(UInt8(97 + $0))) }
  }

  @Test func sharedGivesTheOpenAverage() async throws {
    let keys = "rounds: 1, localEpochs: 2, minimumClients: 3, valueRange: 4"
    let open = try await Federations.run(Federations.job(keys + ", aggregation: open"))
    let shared = try await Federations.run(Federations.job(keys + ", aggregation: shared"), hasParties: true)
    #expect(zip(open.weights, shared.weights).allSatisfy { abs($0 - $1) <= 4 * 0x1p-15 })
    #expect(shared.outcome.rows == 90 && shared.outcome.testRows == 30)
    #expect(abs((open.outcome.metrics.accuracy ?? 0) - (shared.outcome.metrics.accuracy ?? 1)) < 0.05)
  }

  /// Each strategy that goes with shares, in few rounds.
  @Test(arguments: ["{fedAdam: {learningRate: 0.05}}", "scaffold", "{normBound: {limit: 1}}"])
  func strategiesLearn(strategy: String) async throws {
    let result = try await Federations.run(
      Federations.job("rounds: 10, localEpochs: 2, aggregation: shared, minimumClients: 3, strategy: \(strategy)"),
      hasParties: true)
    #expect((result.outcome.metrics.accuracy ?? 0) >= 0.8)
  }

  /// When a worker says nothing more: after which of its messages, from its first on. Its messages: the answer to the offer; its
  /// sums are ready; their shares; its rows are prepared; its update is ready; its shares.
  enum Silence: Int, CaseIterable, Sendable {
    case beforeItsSums = 1
    case beforeTheirShares = 2
    case beforeItsUpdate = 4
    case beforeItsShares = 5
  }

  /// Ten workers of which some drop out at a stage, against the plain average of those who stay, by hand.
  @Test(arguments: Silence.allCases, [["b"], ["b", "e", "j"]])
  func dropoutsAreJustNotInTheSum(silence: Silence, gone: [String]) async throws {
    let relay = await Relay(
      workers: try Federations.tables(10), altered: gone, database: try Federations.database(), hasParties: true
    ) { message, number in number < silence.rawValue ? [message] : [] }
    let text = Federations.job(
      "rounds: 1, localEpochs: 1, aggregation: shared, minimumClients: 5, deadlineSeconds: 12", workers: 10)
    let result = try await relay.run(text)
    let stayed = Self.names(10).filter { !gone.contains($0) }
    #expect(result.rounds.map(\.contributors) == [stayed])
    let expected = try Federations.averaged(text, workers: 10, contributors: stayed)
    #expect(zip(result.weights, expected).allSatisfy { abs($0 - $1) <= 4 * 0x1p-15 })
  }

  @Test func belowTheThresholdNothingIsOpened() async throws {
    let spy = NIOLockedValueBox<Between?>(nil)
    let relay = await Relay(
      workers: try Federations.tables(), altered: ["b"], database: try Federations.database(), hasParties: true,
      wrapping: { parties in
        let between = Between(parties, Self.nothing)
        spy.withLockedValue { $0 = between }
        return between
      }, { message, number in number < 5 ? [message] : [] })
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await relay.run(
        Federations.job("rounds: 1, aggregation: shared, minimumClients: 3, deadlineSeconds: 8"))
    }
    #expect(failure?.reason.contains("2 of at least 3 workers answered") == true, "\(failure?.reason ?? "")")
    // The sums of round 0 alone.
    #expect(spy.withLockedValue { $0?.asked.count } == 1)
  }

  /// A worker whose code does not shorten its update is found on shares, and left out.
  @Test func anUpdateBeyondTheNormBoundIsLeftOut() async throws {
    let names = Self.names(4)
    let trust = NIOLockedValueBox<MemoryTrust?>(nil)
    let relay = await Relay(
      workers: try Federations.tables(4), altered: [], database: try Federations.database(), hasParties: true,
      wrapping: { parties in
        Between(parties) { updates, sum, _ in
          guard let bound = sum.bound, let house = trust.withLockedValue({ $0 }), let sharing = house.workers["b"]
          else {
            return updates
          }
          // Rows of weight 0.1, coordinates of 0.35 of the range: longer than a norm of 0.5 in 58 dimensions of range 4.
          let limit = Double((UInt64(1) << UInt64(bound.bits - 1)) - 1)
          let words = (0..<sum.count).map { place in
            UInt64((place < bound.valueCount ? 0.035 : place == bound.valueCount ? 0.1 : 0) * limit + limit)
          }
          var updates = updates
          updates[1] = try SealedUpdate(
            words, of: sum, worker: "b", certificate: sharing.certificateBytes, key: sharing.signingKey,
            credentials: try await parties.credentials(within: .seconds(1)), pins: parties.fingerprints)
          return updates
        }
      }, trusted: { house in trust.withLockedValue { $0 = house } }, { message, _ in [message] })
    let text = Federations.job(
      "rounds: 1, aggregation: shared, minimumClients: 3, strategy: {normBound: {limit: 0.5}}", workers: 4)
    let result = try await relay.run(text)
    #expect(result.rounds.map(\.contributors) == [names.filter { $0 != "b" }])
    let expected = try Federations.averaged(text, workers: 4, contributors: ["a", "c", "d"])
    #expect(zip(result.weights, expected).allSatisfy { abs($0 - $1) <= 4 * 0x1p-15 })
  }

  /// Parties that fail in a round: it is told, and tried again with shares of its own.
  @Test func aRoundIsTriedAgainWhenThePartiesAreBack() async throws {
    let relay = await Relay(
      workers: try Federations.tables(), altered: [], database: try Federations.database(), hasParties: true,
      wrapping: { parties in
        let failures = NIOLockedValueBox(2)
        return Between(parties) { updates, sum, _ in
          let fails = failures.withLockedValue { left in
            left -= 1
            return left >= 0
          }
          if fails { throw ServingError.sessionBroken("party 1 is gone") }
          return updates
        }
      }, { message, _ in [message] })
    var news: [String] = []
    let result = try await relay.run(Federations.job("rounds: 2, aggregation: shared, minimumClients: 3")) { item in
      if case .delayed(let reason) = item { news.append(reason) }
    }
    #expect(result.rounds.map(\.round) == [1, 2])
    #expect(
      news.count == 2 && news.allSatisfy { $0.contains("party 1 is gone") && $0.contains("tried again") }, "\(news)")
  }

  /// What the coordinator really sees of two federations with different rows: messages of equal lengths, in the same order.
  @Test func theRecordHasEqualLengthsForDifferentUpdates() async throws {
    var seen: [[Int]] = []
    for seed in [UInt64(0), 50] {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-record-\(UUID().uuidString)")
      let tables: [(name: String, rows: WorkerRows)] = try Self.names(3).enumerated().map { index, name in
        (
          name,
          .memory(
            .tensors(
              train: try Federations.rows(30, seed: seed + UInt64(index)),
              test: try Federations.rows(10, seed: seed + 20 + UInt64(index))))
        )
      }
      _ = try await Federations.run(
        Federations.job("rounds: 2, aggregation: shared, minimumClients: 3"), tables: tables,
        recorder: try RunRecorder(folder: folder.path), hasParties: true)
      let index = try String(contentsOf: folder.appendingPathComponent("index.jsonl"), encoding: .utf8)
      struct Entry: Decodable {
        let file: String
        let worker: String
        let round: Int
      }
      let entries = try index.split(separator: "\n").map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
      seen.append(
        try entries.sorted { ($0.round, $0.worker) < ($1.round, $1.worker) }.map { entry in
          // The certificate comes first, which is the same in all messages of a worker and new in each federation.
          let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(entry.file)))
          return bytes.count - bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        })
      try FileManager.default.removeItem(at: folder)
    }
    // Three workers: round 0, two rounds, a judgement.
    #expect(seen[0] == seen[1] && seen[0].count == 12)
  }

  /// Who comes back to a job that was refused is told the same.
  @Test func withoutPartiesTheJobIsRefused() async throws {
    let federation = await MemoryFederation(
      tables: try Federations.tables(), policy: Federations.policy, database: try Federations.database(),
      logger: Federations.quiet)
    for _ in 0..<2 {
      let link = await federation.submitter()
      let failure = await #expect(throws: JobFailure.self) {
        let job = Federations.job("rounds: 1, aggregation: shared")
        _ = try await Submission(link).run(job, seed: 5, id: "0123abcd") { _ in }
      }
      #expect(failure?.reason.contains("start it with --cluster") == true)
      #expect(failure?.exitCode == 2)
    }
    await federation.stop()
  }
}
