import Arithmetic
import Tensors

/// Models that audits train in the clear, by a job's recipe.
package enum AuditedTraining {
  /// - Throws: ``LearningError`` where the job is none whose models are trained in the clear, or a confidence is none.
  package static func check(_ job: Job, confidence: Double) throws(LearningError) {
    guard confidence > 0.5, confidence < 1 else {
      throw .invalidSetting("confidence", reason: "must be above 0.5 and below 1")
    }
    guard job.mode == .plain else {
      throw .invalidSetting("mode", reason: "must be plain: the model is audited, however it came to be trained")
    }
    guard job.privacy?.unit ?? .example == .example, job.privacy?.method != .statistics else {
      throw .invalidSetting("privacy", reason: "must hide examples in gradients, or be left out, for this audit")
    }
  }

  /// A model of its own first weights and order, and ε where the training is private.
  ///
  /// - Parameter rows: of the job's training rows, in the order given.
  /// - Throws: ``LearningError``, and `AccountingError` for privacy that cannot be bounded.
  package static func model(
    _ prepared: PreparedJob, rows: [Int], seed: UInt64
  ) throws -> (model: Model, epsilon: Double?) {
    let training = prepared.job.training
    let trainer = try Trainer(
      prepared.description, loss: training.loss, optimizer: training.optimizer, schedule: training.schedule,
      epochs: training.epochs, batch: training.batch, seed: seed)
    let features = prepared.features.gatherRows(rows)
    let targets = prepared.targets.gatherRows(rows)
    let first = prepared.description.initialWeights(seed: SeedTree(seed: seed).child("weights"))
    guard let privacy = prepared.job.privacy else {
      return (try trainer.train(features: features, targets: targets, initialWeights: first).model, nil)
    }
    let (model, report) = try PrivateRun(trainer, privacy, rows: rows.count).train(
      features: features, targets: targets, from: first, accuracy: { _ in nil }, progress: { _ in })
    return (model, report.epsilon)
  }
}
