import Arithmetic
import Federation
import Learning
import Tensors
import Testing

@Suite struct LocalTrainerTests {
  private func data(_ rows: Int, inputs: Int, seed: UInt64 = 2) -> (x: Tensor<Float>, y: Tensor<Float>) {
    var random = SeedTree(seed: seed).generator()
    return (
      Tensor(shape: [rows, inputs], scalars: (0..<rows * inputs).map { _ in Float(random.normal()) }),
      Tensor(shape: [rows, 1], scalars: (0..<rows).map { _ in Float(random.normal()) })
    )
  }

  private func settings(
    _ optimizer: Optimizer = .sgd(learningRate: 0.1), batch: Int = 100, epochs: Int = 1, schedule: Schedule = .constant
  ) -> LocalSettings {
    LocalSettings(
      loss: .meanSquaredError, optimizer: optimizer, schedule: schedule, batch: batch, epochs: epochs, rounds: 5,
      seed: 4)
  }

  /// Linear regression by whole batches in double precision: the gradient of the mean squared error at `w`, bias last.
  private func gradient(_ w: [Double], _ x: Tensor<Float>, _ y: Tensor<Float>, rows: Range<Int>) -> [Double] {
    let inputs = w.count - 1
    var gradient = [Double](repeating: 0, count: w.count)
    for row in rows {
      let values = (0..<inputs).map { Double(x.scalars[row * inputs + $0]) } + [1]
      let error = zip(values, w).reduce(0) { $0 + $1.0 * $1.1 } - Double(y.scalars[row])
      for index in w.indices { gradient[index] += 2 * error * values[index] / Double(rows.count) }
    }
    return gradient
  }

  /// With whole batches the order of rows does not matter, so rounds of one worker are epochs of the trainer.
  @Test(arguments: [Schedule.constant, .cosine(final: 0.1), .step(every: 2, factor: 0.5)])
  func oneWorkerTrainsAsTheTrainerDoes(schedule: Schedule) throws {
    let description = try ModelDescription(layers: [.dense(units: 4), .tanh, .dense(units: 1)], inputShape: [3])
    let (x, y) = data(20, inputs: 3)
    let start = description.initialWeights(seed: SeedTree(seed: 1))
    let trainer = try Trainer(
      description, loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.1), schedule: schedule, epochs: 10,
      batch: 100, seed: 9)
    let expected = try trainer.train(features: x, targets: y, initialWeights: start)
    let local = try LocalTrainer(
      description, settings(epochs: 2, schedule: schedule), rule: LocalRule(), features: x, targets: y)
    var weights = try local.layout.flatten(start)
    for round in 1...5 {
      let update = try local.train(LocalTask(worker: "a", round: round, weights: weights))
      #expect(abs(update.loss - (expected.losses[2 * round - 2] + expected.losses[2 * round - 1]) / 2) < 1e-5)
      #expect(update.exampleCount == 20 && update.extras.isEmpty)
      for index in weights.indices { weights[index] += update.vector[index] }
    }
    // Sums of 20 rows in another order, and a difference added back: a few units of 2⁻²⁴ a round.
    for (a, b) in zip(weights, try local.layout.flatten(expected.model.weights)) { #expect(abs(a - b) < 2e-5) }
  }

  /// Oracle: `w ← w − η (∇ + μ (w − w₀))` in double precision.
  @Test func proximalTermPullsBack() throws {
    let description = try ModelDescription(layers: [.dense(units: 1)], inputShape: [2])
    let (x, y) = data(12, inputs: 2)
    let local = try LocalTrainer(
      description, settings(epochs: 6), rule: LocalRule(.fedProx(mu: 0.7)), features: x, targets: y)
    let start: [Float] = [1, -2, 0.5]
    var w = start.map(Double.init)
    for _ in 0..<6 {
      let g = gradient(w, x, y, rows: 0..<12)
      for index in w.indices { w[index] -= 0.1 * (g[index] + 0.7 * (w[index] - Double(start[index]))) }
    }
    let update = try local.train(LocalTask(worker: "a", round: 1, weights: start))
    for index in w.indices { #expect(abs(Double(update.vector[index] + start[index]) - w[index]) < 1e-5) }
  }

  /// Oracle: algorithm 1 of the paper with option II in double precision, two workers of three, three rounds.
  @Test func scaffoldFollowsThePaper() throws {
    let description = try ModelDescription(layers: [.dense(units: 1)], inputShape: [2])
    let (x, y) = data(18, inputs: 2)
    let parts = [0..<10, 10..<18]
    let spec = StrategySpec.scaffold(learningRate: 0.8)
    let local = try LocalTrainer(description, settings(epochs: 4), rule: LocalRule(spec), features: x, targets: y)
    let server = spec.server(layout: local.layout, workers: 3)
    var (weights, state, own): ([Float], _, _) = (
      [1, -2, 0.5], ServerState(), [[Float]](repeating: [0, 0, 0], count: 2)
    )
    var (w, c, ck) = ([1.0, -2, 0.5], [0.0, 0, 0], [[Double]](repeating: [0, 0, 0], count: 2))
    for round in 1...3 {
      let updates = try parts.indices.map { index in
        try local.train(
          LocalTask(
            worker: "\(index)", round: round, weights: weights, rows: Array(parts[index]),
            serverControl: state.control(count: 3), ownControl: own[index]))
      }
      for index in parts.indices { own[index] = zip(own[index], updates[index].extras).map { $0 + $1 } }
      weights = try server.aggregate(updates, into: weights, state: &state)

      var (steps, changes): ([[Double]], [[Double]]) = ([], [])
      for index in parts.indices {
        var v = w
        for _ in 0..<4 {
          let g = gradient(v, x, y, rows: parts[index])
          v = v.indices.map { v[$0] - 0.1 * (g[$0] - ck[index][$0] + c[$0]) }
        }
        let next = v.indices.map { ck[index][$0] - c[$0] + (w[$0] - v[$0]) / (4 * 0.1) }
        changes.append(zip(next, ck[index]).map { $0 - $1 })
        steps.append(zip(v, w).map { $0 - $1 })
        ck[index] = next
      }
      w = w.indices.map { w[$0] + 0.8 * (steps[0][$0] + steps[1][$0]) / 2 }
      c = c.indices.map { c[$0] + (changes[0][$0] + changes[1][$0]) / 3 }
    }
    for index in w.indices {
      #expect(abs(Double(weights[index]) - w[index]) < 1e-4)
      #expect(abs(Double(state.control[index]) - c[index]) < 1e-4)
    }
  }

  private func convolutional() throws -> (ModelDescription, Tensor<Float>, Tensor<Float>) {
    let description = try ModelDescription(
      layers: [
        .conv2d(filters: 3, kernel: 3), .batchNorm, .relu, .flatten, .dropout(rate: 0.3), .dense(units: 1),
      ], inputShape: [1, 6, 6])
    let (x, y) = data(17, inputs: 36)
    return (description, x.reshaped(to: [17, 1, 6, 6]), y)
  }

  /// What a round gives depends on its task alone, whatever the trainer did before.
  @Test(arguments: [Optimizer.adam(learningRate: 0.01), .sgd(learningRate: 0.05, momentum: 0.9)])
  func aRoundFollowsFromItsTask(optimizer: Optimizer) throws {
    let (description, x, y) = try convolutional()
    func trainer() throws -> LocalTrainer {
      try LocalTrainer(
        description, settings(optimizer, batch: 5, epochs: 2), rule: LocalRule(), features: x, targets: y)
    }
    let used = try trainer()
    let weights = try used.layout.flatten(description.initialWeights(seed: SeedTree(seed: 1)))
    let task = LocalTask(worker: "a", round: 2, weights: weights, rows: [0, 3, 4, 7, 8, 9, 15])
    let update = try used.train(task)
    var others = [task, task, task]
    others[0].worker = "b"
    others[1].round = 3
    others[2].rows = nil
    for other in others { #expect(try used.train(other).vector != update.vector) }
    #expect(try used.train(task) == update)
    #expect(try trainer().train(task) == update)
    let rows = [0, 3, 4, 7, 8, 9, 15]
    let owner = try LocalTrainer(
      description, settings(optimizer, batch: 5, epochs: 2), rule: LocalRule(), features: x.gatherRows(rows),
      targets: y.gatherRows(rows))
    var own = task
    own.rows = nil
    #expect(try owner.train(own) == update)
    // Running statistics move too.
    let statistics = update.vector[used.layout.trainedCount...]
    #expect(statistics.count == 6 && statistics.allSatisfy { $0 != 0 })
  }

  @Test func layoutKeepsNamesAndOrder() throws {
    let (description, _, _) = try convolutional()
    let layout = WeightLayout(description)
    let weights = description.initialWeights(seed: SeedTree(seed: 3))
    #expect(layout.count == weights.scalarCount && layout.trainedCount == layout.count - 6)
    let flat = try layout.flatten(weights)
    #expect(try layout.weights(flat) == weights)
    #expect(layout.entries.map(\.name).suffix(2) == ["batchNorm1.mean", "batchNorm1.variance"])
    #expect(throws: FederationError.self) { try layout.weights(flat + [1]) }
    var missing = weights
    missing["dense1.bias"] = nil
    #expect(throws: FederationError.weightsDoNotFit("dense1.bias")) { try layout.flatten(missing) }
    missing["dense1.bias"] = Tensor(shape: [2], scalars: [0, 0])
    #expect(throws: FederationError.weightsDoNotFit("dense1.bias")) { try layout.flatten(missing) }
  }

  @Test func workersBoundTheirUpdates() throws {
    let description = try ModelDescription(layers: [.dense(units: 1)], inputShape: [2])
    let (x, y) = data(12, inputs: 2)
    let task = LocalTask(worker: "a", round: 1, weights: [3, 3, 3])
    func update(_ spec: StrategySpec) throws -> Update {
      try LocalTrainer(description, settings(), rule: LocalRule(spec), features: x, targets: y).train(task)
    }
    let (free, bound) = (try update(.fedAvg), try update(.normBound(limit: 0.25)))
    #expect(free.norm > 0.5 && abs(bound.norm - 0.25) < 1e-6)
    for (a, b) in zip(free.vector, bound.vector) { #expect(abs(a / Float(free.norm) - b / 0.25) < 1e-5) }
    #expect(try update(.normBound(limit: 100)) == free)
  }

  @Test func mistakesAreErrors() throws {
    let description = try ModelDescription(layers: [.dense(units: 1)], inputShape: [2])
    let (x, y) = data(12, inputs: 2)
    func trainer(_ spec: StrategySpec, _ optimizer: Optimizer) throws -> LocalTrainer {
      try LocalTrainer(description, settings(optimizer, epochs: 40), rule: LocalRule(spec), features: x, targets: y)
    }
    let wild = try trainer(.fedAvg, .sgd(learningRate: 1e6))
    #expect(throws: FederationError.self) { try wild.train(LocalTask(worker: "a", round: 3, weights: [0, 0, 0])) }
    let good = try trainer(.scaffold(learningRate: 1), .sgd(learningRate: 0.1))
    #expect(throws: FederationError.self) { try good.train(LocalTask(worker: "a", round: 1, weights: [0, 0])) }
    #expect(throws: FederationError.self) { try good.train(LocalTask(worker: "a", round: 1, weights: [0, 0, 0])) }
    #expect(throws: FederationError.self) {
      try good.train(LocalTask(worker: "a", round: 1, weights: [0, 0, 0], rows: [12]))
    }
    for optimizer in [Optimizer.adam(learningRate: 0.1), .sgd(learningRate: 0.1, momentum: 0.9)] {
      #expect(throws: FederationError.self) { try trainer(.scaffold(learningRate: 1), optimizer) }
    }
    #expect(throws: LearningError.self) {
      try LocalTrainer(description, settings(), rule: LocalRule(), features: x, targets: y.gatherRows([0]))
    }
  }
}
