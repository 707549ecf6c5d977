import Arithmetic
import Graphs
package import Sharing
package import Tensors

/// Where a training stands: what a checkpoint holds, besides the keys.
package struct TrainingState: Sendable {
  /// Steps that are done.
  package var step = 0
  /// Weights and optimizer state by name.
  package var values: [String: HeldShare]
  /// The sum of the losses of this epoch's examples so far, where the loss is revealed.
  package var loss: HeldShare?
  /// What this party has told of the losses of epochs that are done, so that a training that goes on tells it again.
  package var toldLosses: [UInt64] = []
  /// The losses of epochs that are done, one number each, where all parties tell the same under masks: a training that goes on tells
  /// them again, under others.
  var losses: [HeldShare] = []
  /// What the client hides with what it is told: losses of epochs, then the result. Where all parties tell the same.
  var mask: HeldShare?

  package init(
    step: Int = 0, values: [String: HeldShare], loss: HeldShare? = nil, toldLosses: [UInt64] = [],
    losses: [HeldShare] = [], mask: HeldShare? = nil
  ) {
    (self.losses, self.mask) = (losses, mask)
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
  /// The next step waits for the parties' dealer.
  case waiting(DealerProgress)
  /// The end: this party's summands of the weights one after the other and of the judging's figure, if they are revealed.
  case finished(RingTensor, TrainingFigures)
}

/// What a training took, at one party.
package struct TrainingFigures: Codable, Hashable, Sendable {
  /// Of the steps.
  var seconds: Double
  /// What a dealer took, much of it meanwhile; at the party that is dealt to.
  var offlineSeconds: Double
  var rounds: Int
  var bytesSent: Int
  var dealtBytes: Int

  package init(seconds: Double, offlineSeconds: Double = 0, rounds: Int, bytesSent: Int, dealtBytes: Int = 0) {
    (self.seconds, self.offlineSeconds) = (seconds, offlineSeconds)
    (self.rounds, self.bytesSent, self.dealtBytes) = (rounds, bytesSent, dealtBytes)
  }

  var traffic: Cost { Cost(rounds: rounds, byteCount: bytesSent, dealtByteCount: dealtBytes) }
}

/// One party's part in a training: the same steps on shares as the trainer takes in the clear.
struct TrainingRun<Steps: TrainingSteps> {
  typealias Share = Steps.Scheme.Share

  let program: TrainingProgram
  let rows: TrainingRows
  let steps: Steps
  /// What this party adds to the sums of gradients, where training is private and parties bring noise of their own.
  let noise: StepNoise?
  /// Told of what happens, at least once a second.
  let report: (TrainingNews) -> Void
  /// Where checkpoints go, if anywhere.
  let place: TrainingPlace?

  private var scheme: Steps.Scheme { steps.scheme }

  /// Runs from the state to the end.
  func run(from start: TrainingState) async throws {
    var state = start
    let clock = ContinuousClock()
    let began = clock.now
    var lastNews = began
    for (epoch, word) in state.toldLosses.enumerated() {
      report(.epoch(epoch + 1, loss: RingTensor(shape: [1], scalars: [word])))
    }
    for (epoch, loss) in state.losses.enumerated() {
      report(.epoch(epoch + 1, loss: try await tell(Share(loss), state, epoch..<epoch + 1)))
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
      if batch == program.stepsPerEpoch - 1 { try await end(epoch, &state) }
      if program.checkpointEvery > 0, state.step % program.checkpointEvery == 0 {
        try place?.save(state, names: program.valueNames)
      }
      if clock.now - lastNews > .milliseconds(500) {
        lastNews = clock.now
        report(.step(state.step))
      }
    }
    try await finish(state, seconds: (clock.now - began) / .seconds(1))
  }

  /// Tells the loss of an epoch, from 0, where it is revealed.
  private func end(_ epoch: Int, _ state: inout TrainingState) async throws {
    let loss = state.loss?.map { $0.reshaped(to: [1]) }
    state.loss = nil
    var told: RingTensor?
    if let loss {
      if Steps.tellsUnderMasks {
        state.losses.append(loss)
        try await keep(state)
      }
      told = try await tell(Share(loss), state, epoch..<epoch + 1)
      if !Steps.tellsUnderMasks { state.toldLosses += told?.scalars ?? [] }
    }
    report(.epoch(epoch + 1, loss: told))
  }

  /// Makes sure that nobody goes back before a loss that will be told: taken again, its steps would round otherwise, and tell another.
  private func keep(_ state: TrainingState) async throws {
    guard program.checkpointEvery > 0 else { return }
    try place?.save(state, names: program.valueNames)
    try await steps.keep(state.step)
    try place?.forget(before: state.step)
  }

  /// Judges the model and tells what is revealed.
  private func finish(_ state: TrainingState, seconds: Double) async throws {
    let figure = try await judge(state)
    let offlineSeconds = try await steps.finish()
    // Whoever has told anything of the result does not go on from before: it is told once.
    if Steps.tellsUnderMasks {
      try place?.forget(after: -1)
      place?.remove()
    }
    let words = try await result(state, figure)
    let traffic = steps.traffic
    report(
      .finished(
        words,
        TrainingFigures(
          seconds: seconds, offlineSeconds: offlineSeconds, rounds: traffic.rounds, bytesSent: traffic.byteCount,
          dealtBytes: traffic.dealtByteCount)))
  }

  /// What this party tells in the end: of the weights one after the other, then of the figure.
  private func result(_ state: TrainingState, _ figure: Share?) async throws -> RingTensor {
    let weights = program.revealsModel ? program.weightNames.compactMap { state.values[$0] } : []
    let parts = (weights + (figure.map { [$0.held] } ?? [])).map { $0.map { $0.reshaped(to: [$0.count]) } }
    guard let first = parts.first else { return RingTensor(shape: [0], scalars: []) }
    let components = first.components.indices.map { index in
      RingTensor.concatenated(parts.map { $0.components[index] }, axis: 0)
    }
    let start = program.revealsLoss ? program.epochs : 0
    return try await tell(
      Share(HeldShare(components: components)), state, start..<start + program.revealedCount)
  }

  private func tell(_ share: Share, _ state: TrainingState, _ places: Range<Int>) async throws -> RingTensor {
    try await steps.tell(share, under: state.mask.map { Share($0.map { $0.sliced(axis: 0, places) }) })
  }

  /// The figure of the judging, summed over all test rows.
  private func judge(_ state: TrainingState) async throws -> Share? {
    guard let judging = program.judging else { return nil }
    var total: Share?
    for part in 0..<judging.stepCount {
      let work = program.stepCount + part
      var inputs = state.values
      inputs.merge(
        batch(
          rows.test, Array(judging.rows(of: part))[...], targets: judging.targetWidth, of: program.graph(ofWork: work))
      ) { _, new in new }
      let sum = try await steps.run(work, inputs.mapValues(Share.init), own: [:])[0]
      total = total.map { scheme.add($0, sum) } ?? sum
      report(.step(state.step))
    }
    return total
  }

  /// The order in which an epoch, from 0, meets the rows: the trainer's.
  private static func order(epoch: Int, _ program: TrainingProgram) -> [Int] {
    var random = SeedTree(seed: program.seed).child("shuffle").child(epoch + 1).generator()
    return random.shuffled(program.rowCount)
  }

  private func step(_ state: inout TrainingState, rows indices: ArraySlice<Int>) async throws {
    let graph = program.graph(of: state.step)
    var held = state.values
    held.merge(batch(rows.training, indices, targets: program.rowWidths.targets, of: graph)) { _, new in new }
    var inputs = held.mapValues(Share.init)
    for mask in program.masks { inputs[mask.name] = self.mask(mask, graph, step: state.step) }
    let own = noise?.words(ofStep: state.step) { graph.shape(ofInput: $0) ?? [] } ?? [:]
    let outputs = try await steps.run(state.step, inputs, own: own)
    if program.revealsLoss {
      let loss = scheme.scale(outputs[0], by: UInt64(indices.count))
      state.loss = (state.loss.map { scheme.add(Share($0), loss) } ?? loss).held
    }
    for (name, value) in zip(program.valueNames, outputs.suffix(program.valueNames.count)) {
      state.values[name] = value.held
    }
    state.step += 1
  }

  /// The features and targets of some rows, by the names of their inputs.
  private func batch(
    _ rows: SharedRows, _ indices: ArraySlice<Int>, targets: Int, of graph: Graph
  ) -> [String: HeldShare] {
    let batch = rows.gather(indices)
    let features = program.rowWidths.features
    return [
      program.featureName: part(of: batch, 0..<features, graph.shape(ofInput: program.featureName)),
      program.targetName: part(
        of: batch, features..<features + targets, graph.shape(ofInput: program.targetName)),
    ]
  }

  private func part(of rows: HeldShare, _ columns: Range<Int>, _ shape: Shape?) -> HeldShare {
    rows.map { $0.sliced(axis: 1, columns).reshaped(to: shape ?? []) }
  }

  private func mask(_ mask: TrainingProgram.Mask, _ graph: Graph, step: Int) -> Share {
    var random = SeedTree(seed: program.seed).child("dropout").child(mask.name).child(step).generator()
    let shape = graph.shape(ofInput: mask.name) ?? []
    let kept = UInt64((Double(1 << program.fractionBits) / (1 - mask.rate)).rounded())
    let words = (0..<shape.count).map { _ in random.uniform() < mask.rate ? 0 : kept }
    return scheme.constant(RingTensor(shape: shape, scalars: words))
  }
}
