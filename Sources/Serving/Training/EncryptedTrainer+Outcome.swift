import Datasets
import Learning
import Sharing
import Tensors

extension EncryptedTrainer {
  /// The report, and the model where it is revealed.
  func outcome(
    _ prepared: PreparedJob, _ answer: TrainingAnswer, _ plan: JobPlan, seconds: Double
  ) throws -> Outcome {
    let reveal = job.encrypted?.reveal ?? []
    var report = prepared.report(losses: answer.losses, seconds: seconds, versions: versions)
    let (rows, testRows) = (plan.counts.training.reduce(0, +), plan.counts.test.reduce(0, +))
    (report.data.train, report.data.test, report.data.rows) = (rows, testRows, rows + testRows)
    report.secondsPerEpoch = answer.seconds / Double(job.training.epochs)
    report.rounds = answer.traffic.rounds
    report.privacy = try EncryptedPrivacy(job)?.report(steps: plan.program.stepCount)
    report.bytesSent = answer.traffic.byteCount
    report.planned = .init(rounds: plan.cost.rounds, bytesSent: plan.cost.byteCount)
    if plan.scheme.engine.hasDealer {
      report.dealtBytes = answer.traffic.dealtByteCount
      report.offlineSeconds = answer.offlineSeconds
      report.planned?.dealtBytes = plan.cost.dealtByteCount
    }
    report.ownerRows = plan.counts.training.count > 1 ? plan.counts.training : nil
    report.opened = Job.EncryptedPart.Revealed.allCases.filter(reveal.contains).map {
      "\($0.rawValue): the job's owner"
    }
    if let figure = answer.figure {
      prepared.judge(figure, rows: testRows, into: &report)
      report.judgedBy = "the parties, on shares"
    }
    guard reveal.contains(.model) else { return Outcome(report: report, result: nil) }
    let names = prepared.description.weightNames + prepared.description.statisticNames
    let model = try Model(
      description: prepared.description,
      weights: Weights(names.compactMap { name in answer.weights[name].map { (name, $0) } }))
    if answer.figure == nil, prepared.data.test.rowCount > 0 {
      try prepared.judge(model, into: &report)
      report.judgedBy = "the model's owner, in the clear"
    }
    return Outcome(
      report: report,
      result: JobRunner.Result(model: model, preprocessing: prepared.data.preprocessing, report: report))
  }
}
