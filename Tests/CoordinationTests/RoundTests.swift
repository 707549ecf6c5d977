import Arithmetic
import Coordination
import Datasets
import Federation
import Foundation
import Learning
import Links
import Tensors
import Testing

@Suite struct RoundTests {
  /// The oracle: local training of each worker by hand, averaged by examples in double precision.
  private static func byHand(rounds: Int, localEpochs: Int) throws -> [Float] {
    let job = try Job.parse(Federations.job("rounds: \(rounds), localEpochs: \(localEpochs), aggregation: open"))
    let federated = try #require(job.federated)
    let description = try ModelDescription(layers: job.model.layers, inputShape: [4])
    let layout = WeightLayout(description)
    var trainers: [(name: String, trainer: LocalTrainer, rows: Int)] = []
    for (name, rows) in try Federations.tables() {
      guard case .memory(.tensors(let train, _)) = rows else { continue }
      trainers.append(
        (
          name,
          try LocalTrainer(
            description, LocalSettings(job.training, federated), rule: LocalRule(.fedAvg), features: train.features,
            targets: train.targets.tensor), train.rowCount
        ))
    }
    var weights = try layout.flatten(description.initialWeights(seed: SeedTree(seed: 5).child("weights")))
    for round in 1...rounds {
      var sum = [Double](repeating: 0, count: weights.count)
      for (name, trainer, rows) in trainers {
        let update = try trainer.train(LocalTask(worker: name, round: round, weights: weights))
        for index in sum.indices { sum[index] += Double(update.vector[index]) * Double(rows) }
      }
      for index in sum.indices { weights[index] += Float(sum[index] / 90) }
    }
    return weights
  }

  @Test func averagesWhatWorkersTrain() async throws {
    let result = try await Federations.run(
      Federations.job("rounds: 3, localEpochs: 2, aggregation: open, minimumClients: 3"))
    let expected = try Self.byHand(rounds: 3, localEpochs: 2)
    // Sums of three floats in single precision.
    #expect(zip(result.weights, expected).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(result.rounds.map(\.round) == [1, 2, 3])
    #expect(result.rounds.allSatisfy { $0.contributors == ["a", "b", "c"] })
    #expect(result.outcome.rows == 90)
    #expect(result.outcome.testRows == 30)
    #expect((result.outcome.metrics.accuracy ?? 0) > 0.7)
  }

  @Test func theSameJobGivesTheSameBits() async throws {
    let text = Federations.job("rounds: 3, aggregation: open, cohort: 0.67, minimumClients: 2")
    let first = try await Federations.run(text)
    let second = try await Federations.run(text)
    #expect(first.weights == second.weights)
    #expect(first.rounds.map(\.cohort) == second.rounds.map(\.cohort))
    #expect(first.rounds.allSatisfy { $0.cohort.count == 2 })
  }

  /// A coordinator that gives one worker other weights than the rest could take its update out of the sum: it does not take part.
  @Test func whoIsAskedSomethingElseIsNotInTheSum() async throws {
    let relay = await Relay(
      workers: try Federations.tables(5), altered: ["b"], database: try Federations.database(),
      questions: { message, _ in
        guard case .floats(let weights) = message.body else { return [message] }
        return [LinkMessage(header: message.header, body: .floats(weights.map { $0 + 0.25 }))]
      }, { message, _ in [message] })
    let result = try await relay.run(
      Federations.job("rounds: 1, aggregation: masked, quorum: 0.7, deadlineSeconds: 8", workers: 5))
    #expect(result.rounds.map(\.contributors) == [["a", "c", "d", "e"]])
  }

  /// A coordinator that chose ranges could learn from refusals what is in them: they follow from the job and from one number of rows.
  @Test(arguments: [
    ("\"weightLimit\":200", "\"weightLimit\":40"), ("\"bound\":200", "\"bound\":140"), ("\"bound\":8", "\"bound\":0.5"),
  ]) func anotherRangeThanTheJobsIsRefused(own: String, other: String) async throws {
    let relay = await Relay(
      workers: try Federations.tables(5), altered: ["b"], database: try Federations.database(),
      questions: { message, _ in
        let header = String(decoding: message.header, as: UTF8.self).replacing(own, with: other)
        return [LinkMessage(header: Array(header.utf8), body: message.body)]
      }, { message, _ in [message] })
    let result = try await relay.run(
      Federations.job("rounds: 1, aggregation: masked, quorum: 0.7, deadlineSeconds: 8, valueRange: 8", workers: 5))
    #expect(result.rounds.map(\.contributors) == [["a", "c", "d", "e"]])
  }

  /// The bound of the issue: 2^-15 of the agreed range a coordinate and round; three rounds add up.
  @Test func maskedGivesTheOpenAverage() async throws {
    let keys = "rounds: 1, localEpochs: 2, minimumClients: 3, valueRange: 4"
    let open = try await Federations.run(Federations.job(keys + ", aggregation: open"))
    let masked = try await Federations.run(Federations.job(keys + ", aggregation: masked"))
    let largest = zip(open.weights, masked.weights).map { abs($0 - $1) }.max() ?? 1
    #expect(largest <= 4 * 0x1p-15)
    #expect(masked.outcome.rows == 90)
    #expect(masked.outcome.testRows == 30)
    let (a, b) = (open.outcome.metrics.accuracy ?? 0, masked.outcome.metrics.accuracy ?? 1)
    #expect(abs(a - b) < 0.05)
  }

  @Test(arguments: [
    "fedAvg", "{fedProx: {mu: 0.1}}", "{fedAdam: {learningRate: 0.05}}", "{fedYogi: {learningRate: 0.05}}",
    "{fedAdagrad: {learningRate: 0.05}}", "scaffold", "{trimmedMean: {trim: 0.2}}", "median", "{krum: {byzantine: 0}}",
    "{multiKrum: {byzantine: 0, keep: 2}}", "{normBound: {limit: 1}}",
  ])
  func everyStrategyLearns(strategy: String) async throws {
    let result = try await Federations.run(
      Federations.job("rounds: 15, localEpochs: 2, aggregation: open, minimumClients: 3, strategy: \(strategy)"))
    #expect((result.outcome.metrics.accuracy ?? 0) >= 0.8)
  }

  @Test(arguments: ["{quantize: 8}", "{quantize: 16}", "{topK: 0.3}"])
  func compressedUpdatesLearn(compression: String) async throws {
    let result = try await Federations.run(
      Federations.job("rounds: 12, localEpochs: 2, aggregation: open, compression: \(compression)"))
    #expect((result.outcome.metrics.accuracy ?? 0) >= 0.8)
    let plain = try await Federations.run(Federations.job("rounds: 12, localEpochs: 2, aggregation: open"))
    #expect(result.outcome.bytesSent < plain.outcome.bytesSent)
  }

  @Test func refusesAnUpdateBeyondTheAgreedRange() async throws {
    await #expect(throws: JobFailure.self) {
      _ = try await Federations.run(
        Federations.job("rounds: 1, localEpochs: 5, aggregation: masked, valueRange: 0.001, deadlineSeconds: 5"))
    }
  }

  @Test func aPolicyRefusesWithItsReason() async throws {
    let policy = WorkerPolicy(smallestCohort: 5, aggregations: [.masked])
    for (keys, reason) in [
      ("aggregation: open", "accepts masked"), ("aggregation: masked, minimumClients: 3", "at least 5"),
    ] {
      let failure = await #expect(throws: JobFailure.self) {
        _ = try await Federations.run(Federations.job("rounds: 1, " + keys), policy: policy)
      }
      #expect(failure?.exitCode == 4)
      #expect(failure?.reason.contains(reason) == true)
    }
  }
}
