import Arithmetic
import Graphs
package import Sharing
package import Tensors

/// Where a training stands: what a checkpoint holds, besides the keys.
package struct TrainingState: Sendable {
  /// Steps that are done.
  package var step = 0
  /// Weights and optimizer state by name.
  package var values: [String: ReplicatedShare]
  /// The sum of the losses of this epoch's examples so far, where the loss is revealed.
  package var loss: ReplicatedShare?
  /// What this party has told of the losses of epochs that are done, so that a training that goes on tells it again.
  package var toldLosses: [UInt64] = []

  package init(
    step: Int = 0, values: [String: ReplicatedShare], loss: ReplicatedShare? = nil, toldLosses: [UInt64] = []
  ) {
    self.step = step
    self.values = values
    self.loss = loss
    self.toldLosses = toldLosses
  }
}

/// What a party has to tell of a training that runs.
package enum TrainingNews: Sendable {
  /// Nothing new but that it goes on.
  case step(Int)
  /// An epoch is done, from 1; with this party's summand of the sum of its losses, if they are revealed.
  case epoch(Int, loss: RingTensor?)
  /// The end: this party's summands of the weights one after the other and of the judging's figure, if they are revealed.
  case finished(RingTensor, traffic: Cost, seconds: Double)
}

/// One party's part in a training: the same steps on shares as the trainer takes in the clear.
struct TrainingRun {
  let program: TrainingProgram
  let rows: SharedRows
  let testRows: SharedRows
  let scheme: ReplicatedScheme
  /// Told of what happens, at least once a second.
  let report: (TrainingNews) -> Void
  /// Called with the state at the program's interval.
  let checkpoint: (TrainingState) async throws -> Void

  private var party: Int { scheme.party }

  /// Runs from the state to the end.
  func run(from start: TrainingState) async throws -> TrainingState {
    var state = start
    let clock = ContinuousClock()
    let began = clock.now
    var lastNews = began
    for (epoch, word) in state.toldLosses.enumerated() {
      report(.epoch(epoch + 1, loss: RingTensor(shape: [1], scalars: [word])))
    }
    var order: [Int] = []
    var orderEpoch = -1
    while state.step < program.stepCount {
      let (epoch, batch) = program.place(of: state.step)
      if orderEpoch != epoch {
        order = Self.order(epoch: epoch, program)
        orderEpoch = epoch
      }
      try await step(&state, rows: order[batch * program.batch..<batch * program.batch + program.size(of: state.step)])
      if batch == program.stepsPerEpoch - 1 {
        let summand = state.loss.map { scheme.summandForOutside($0) }
        state.toldLosses += summand?.scalars ?? []
        state.loss = nil
        report(.epoch(epoch + 1, loss: summand))
      }
      if program.checkpointEvery > 0, state.step % program.checkpointEvery == 0 { try await checkpoint(state) }
      if clock.now - lastNews > .milliseconds(500) {
        lastNews = clock.now
        report(.step(state.step))
      }
    }
    let seconds = (clock.now - began) / .seconds(1)
    let figure = try await judge(state)
    try scheme.beginStep()
    let weights = program.revealsModel ? program.weightNames.compactMap { state.values[$0] } : []
    let words = (weights + (figure.map { [$0] } ?? [])).flatMap { scheme.summandForOutside($0).scalars }
    report(.finished(RingTensor(shape: [words.count], scalars: words), traffic: scheme.traffic, seconds: seconds))
    return state
  }

  /// The figure of the judging, summed over all test rows.
  private func judge(_ state: TrainingState) async throws -> ReplicatedShare? {
    guard let judging = program.judging else { return nil }
    let engine = SecureEngine(
      scheme, fractionBits: program.fractionBits, comparisonWidth: program.comparisonWidth)
    var total: ReplicatedShare?
    for step in 0..<judging.stepCount {
      try scheme.beginStep()
      let graph = judging.graph(of: step)
      var inputs = state.values
      inputs.merge(
        batch(testRows, Array(judging.rows(of: step))[...], targets: judging.targetWidth, of: graph)
      ) { _, new in new }
      let sum = try await engine.run(graph, inputs: inputs)[0]
      total = total.map { scheme.add($0, sum) } ?? sum
      report(.step(state.step))
    }
    return total
  }

  /// The order in which an epoch, from 0, meets the rows: the trainer's.
  static func order(epoch: Int, _ program: TrainingProgram) -> [Int] {
    var random = SeedTree(seed: program.seed).child("shuffle").child(epoch + 1).generator()
    return random.shuffled(program.rowCount)
  }

  private func step(_ state: inout TrainingState, rows indices: ArraySlice<Int>) async throws {
    try scheme.beginStep()
    let graph = program.graph(of: state.step)
    let engine = SecureEngine(
      scheme, fractionBits: program.fractionBits, comparisonWidth: program.comparisonWidth)
    var inputs = state.values
    inputs.merge(batch(rows, indices, targets: program.rowWidths.targets, of: graph)) { _, new in new }
    for mask in program.masks { inputs[mask.name] = self.mask(mask, graph, step: state.step) }
    let outputs = try await engine.run(graph, inputs: inputs, numbers: program.numbers(of: state.step))
    if program.revealsLoss {
      let loss = scheme.scale(outputs[0], by: UInt64(indices.count))
      state.loss = state.loss.map { scheme.add($0, loss) } ?? loss
    }
    for (name, value) in zip(program.valueNames, outputs.suffix(program.valueNames.count)) {
      state.values[name] = value
    }
    state.step += 1
  }

  /// The features and targets of some rows, by the names of their inputs.
  private func batch(
    _ rows: SharedRows, _ indices: ArraySlice<Int>, targets: Int, of graph: Graph
  ) -> [String: ReplicatedShare] {
    let batch = rows.gather(indices, party: party)
    let features = program.rowWidths.features
    return [
      program.featureName: part(of: batch, 0..<features, graph.shape(ofInput: program.featureName)),
      program.targetName: part(
        of: batch, features..<features + targets, graph.shape(ofInput: program.targetName)),
    ]
  }

  private func part(of rows: ReplicatedShare, _ columns: Range<Int>, _ shape: Shape?) -> ReplicatedShare {
    let shape = shape ?? []
    return scheme.map(rows, to: shape) { $0.sliced(axis: 1, columns).reshaped(to: shape) }
  }

  private func mask(_ mask: TrainingProgram.Mask, _ graph: Graph, step: Int) -> ReplicatedShare {
    var random = SeedTree(seed: program.seed).child("dropout").child(mask.name).child(step).generator()
    let shape = graph.shape(ofInput: mask.name) ?? []
    let kept = UInt64((Double(1 << program.fractionBits) / (1 - mask.rate)).rounded())
    let words = (0..<shape.count).map { _ in random.uniform() < mask.rate ? 0 : kept }
    return scheme.constant(RingTensor(shape: shape, scalars: words))
  }
}
