import Graphs
package import Learning
import Sharing
import Tensors

extension TrainingProgram {
  /// The program of a job: the trainer's batches, order, schedule and masks.
  package init(_ prepared: PreparedJob) throws {
    guard let part = prepared.job.encrypted else { throw ServingError.badRequest("the job is not an encrypted one") }
    let training = prepared.job.training
    let rows = prepared.features.shape[0]
    let batch = min(training.batch, rows)
    let revealsLoss = part.reveal.contains(.loss)
    let step = { (size: Int) throws -> StepGraph in
      try StepGraph(
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
      masks: whole.masks.map { Mask(name: $0.name, rate: $0.rate) }, revealsLoss: revealsLoss,
      revealsModel: part.reveal.contains(.model), rowCount: rows, epochs: training.epochs, seed: training.seed,
      numbers: numbers, fractionBits: part.fractionBits, comparisonWidth: 64,
      options: ReplicatedOptions(optimise: part.optimise == .rounds ? .rounds : .bytes),
      checkpointEvery: part.checkpoint ?? (part.transport == .memory ? 0 : perEpoch))
  }
}
