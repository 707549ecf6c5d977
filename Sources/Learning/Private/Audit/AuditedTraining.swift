import Arithmetic
import Tensors

/// Models that audits train in the clear, by a job's recipe.
package enum AuditedTraining {
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
