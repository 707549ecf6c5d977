import Datasets
import Graphs
package import Learning
import Sharing
import Tensors

extension TrainingProgram {
  /// Test rows that are judged at once.
  private static let judgingBatch = 256

  /// The program of a job: the trainer's batches, order, schedule and masks.
  ///
  /// - Parameters:
  ///   - rows: all training rows, where their owners alone have them.
  ///   - testRows: likewise.
  package init(_ prepared: PreparedJob, rows: Int? = nil, testRows: Int? = nil) throws {
    guard let part = prepared.job.encrypted else { throw ServingError.badRequest("the job is not an encrypted one") }
    let training = prepared.job.training
    let rows = rows ?? prepared.features.shape[0]
    guard rows > 0 else { throw ServingError.badRequest("there are no rows to train on") }
    let batch = min(training.batch, rows)
    let revealsLoss = part.reveal.contains(.loss)
    let clipping = try Self.clipping(prepared, part)
    let step = { (size: Int) throws -> StepGraph in
      if let clipping {
        return try StepGraph(
          prepared.description, loss: training.loss, optimizer: training.optimizer, batch: size, expectedBatch: batch,
          clipping: clipping)
      }
      return try StepGraph(
        prepared.description, loss: training.loss, optimizer: training.optimizer, batch: size, withLoss: revealsLoss)
    }
    let whole = try step(batch)
    var steps = [Step(batch: batch, graph: whole.graph)]
    if rows % batch > 0 { steps.append(Step(batch: rows % batch, graph: try step(rows % batch).graph)) }
    let perEpoch = (rows + batch - 1) / batch
    var numbers: [String: [Float]] = [:]
    for index in 0..<training.epochs * perEpoch {
      let (epoch, place) = (index / perEpoch + 1, index % perEpoch)
      let progress = (Double(epoch - 1) + Double(place * batch) / Double(rows)) / Double(training.epochs)
      let factor = training.schedule.factor(progress: progress, epoch: epoch)
      for (name, number) in whole.numbers(step: index + 1, factor: factor) { numbers[name, default: []].append(number) }
    }
    self.init(
      steps: steps, featureName: ModelDescription.inputName, targetName: TrainingGraph.targetName,
      weightNames: whole.weightNames, stateNames: whole.stateNames,
      masks: whole.masks.map { Mask(name: $0.name, rate: $0.rate) },
      noise: clipping.map { Noise(names: whole.noiseNames, bits: $0.noiseBits) }, revealsLoss: revealsLoss,
      revealsModel: part.reveal.contains(.model), rowCount: rows, epochs: training.epochs, seed: training.seed,
      numbers: numbers, fractionBits: part.fractionBits, comparisonWidth: 64,
      options: ReplicatedOptions(optimise: part.optimise == .rounds ? .rounds : .bytes),
      checkpointEvery: part.checkpoint
        ?? (part.transport == .memory || !part.scheme.keepsCheckpoints ? 0 : perEpoch),
      judging: part.reveal.contains(.metrics)
        ? try Self.judging(prepared, rows: testRows ?? prepared.data.test.rowCount) : nil)
  }

  /// How a private training clips and how much noise each party adds.
  private static func clipping(_ prepared: PreparedJob, _ part: Job.EncryptedPart) throws -> SharedClipping? {
    guard let privacy = try EncryptedPrivacy(prepared.job) else { return nil }
    guard prepared.features.scalars.allSatisfy({ abs($0) <= 1.001 }) else {
      throw ServingError.badRequest("a private training on shares takes features in -1...1: declare their ranges")
    }
    let sharing: SharedClipping.Sharing =
      switch part.scheme {
      case .replicated: .replicated
      case .additive: .additive
      case .replicatedMalicious: .replicatedMalicious
      case .spdz: .spdz
      }
    return try SharedClipping(
      prepared.description, loss: prepared.job.training.loss, norm: privacy.clip,
      noiseMultiplier: privacy.stepMultiplier, fractionBits: part.fractionBits, sharing: sharing)
  }

  private static func judging(_ prepared: PreparedJob, rows: Int) throws -> Judging {
    guard rows > 0 else { throw ServingError.badRequest("there are no test rows to judge the model on") }
    let batch = min(judgingBatch, rows)
    let sizes = [batch] + (rows % batch > 0 ? [rows % batch] : [])
    let steps = try sizes.map { size in
      Step(
        batch: size,
        graph: try JudgingGraph(
          prepared.description, loss: prepared.job.training.loss, targets: prepared.data.test.targets, batch: size
        ).graph)
    }
    return Judging(steps: steps, rowCount: rows, targetWidth: 1)
  }
}
