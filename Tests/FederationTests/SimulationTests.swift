import Arithmetic
import Datasets
import Federation
import Learning
import Tensors
import Testing

@Suite struct SimulationTests {
  private func dataset(_ rows: Int, seed: UInt64) throws -> Dataset {
    var random = SeedTree(seed: seed).generator()
    let classes = (0..<rows).map { _ in Int(random.next() % 3) }
    let x = Tensor<Float>(
      shape: [rows, 4],
      scalars: classes.flatMap { label in (0..<4).map { Float(random.normal() * 0.5) + ($0 == label ? 1 : 0) } })
    return try Dataset(name: "d", source: "", features: x, targets: .classes(classes, count: 3))
  }

  private func simulation(
    _ strategy: StrategySpec, cohort: CohortSpec = .fraction(1), partition: Partition = .iid, epochs: Int = 1,
    batch: Int = 1_000, rounds: Int = 8
  ) throws -> FederatedSimulation {
    let (train, test) = (try dataset(120, seed: 1), try dataset(60, seed: 2))
    let settings = LocalSettings(
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.3), batch: batch, epochs: epochs, rounds: rounds,
      seed: 5)
    return try FederatedSimulation(
      ModelDescription(layers: [.dense(units: 8), .tanh, .dense(units: 3), .softmax], inputShape: [4]), settings,
      strategy: strategy, cohort: cohort,
      parts: partition.deal(strata: train.targets.classes ?? [], workers: 6, seed: 3), train: train, test: test)
  }

  /// One whole-batch step a worker, averaged by examples, is one step on the pooled rows: the trainer is the oracle.
  @Test(arguments: [Partition.iid, .quantity(0.5), .dirichlet(0.5)])
  func oneStepAWorkerIsOneStepOnAllRows(partition: Partition) async throws {
    let simulation = try simulation(.fedAvg, partition: partition)
    let train = try dataset(120, seed: 1)
    let trainer = try Trainer(
      simulation.description, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.3), epochs: 8, batch: 1_000,
      seed: 5)
    let expected = try trainer.train(features: train.features, targets: train.targets.tensor).model.weights
    var rounds: [FederatedSimulation.Round] = []
    let found = try await simulation.run { round in
      rounds.append(round)
      return true
    }
    for name in expected.names {
      for (a, b) in zip(expected[name]?.scalars ?? [], found[name]?.scalars ?? []) { #expect(abs(a - b) < 1e-5) }
    }
    #expect(rounds.map(\.round) == Array(1...8))
    #expect((rounds.last?.loss ?? 9) < (rounds.first?.loss ?? 0))
  }

  @Test(arguments: [StrategySpec.fedAvg, .scaffold(learningRate: 1), .median, .fedAdam(.init())])
  func threadsDoNotMatter(strategy: StrategySpec) async throws {
    let simulation = try simulation(strategy, cohort: .count(4), partition: .shards(2), epochs: 2, batch: 7, rounds: 4)
    let one = try await simulation.run(threads: 1) { _ in true }
    let three = try await simulation.run(threads: 3) { _ in true }
    #expect(one == three)
  }

  @Test func aRunEndsWhereItIsTold() async throws {
    var count = 0
    _ = try await simulation(.fedAvg).run { round in
      count += 1
      return round.round < 3
    }
    #expect(count == 3)
  }
}
