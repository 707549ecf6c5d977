import Datasets
import Federation
import Foundation
import Learning
import Links
import Tensors

/// What comes before training: how many rows there are, and by which statistics numbers are standardised, found under the job's own
/// aggregation.
struct RoundZero: Sendable {
  struct Result: Sendable {
    let preprocessing: Preprocessing?
    /// Training rows of all workers.
    let rows: Int
    let example: Shape
  }

  let run: FederatedRun
  let enrolment: Enrolment

  init(_ run: FederatedRun, _ enrolment: Enrolment) {
    self.run = run
    self.enrolment = enrolment
  }

  func run() async throws -> Result {
    if run.job.hidesClients {
      // Nothing is asked of the workers: not even how many rows there are.
      let declared = try run.job.declaredPreprocessing()
      return Result(preprocessing: declared, rows: 0, example: try example(declared))
    }
    let schema = try enrolment.agreedSchema()
    if let known = try run.database.preprocessing(of: run.record.id) {
      return Result(preprocessing: known.preprocessing, rows: known.rows, example: try example(known.preprocessing))
    }
    let number = try run.database.newAttempt(job: run.record.id, round: 0)
    let plan = HidingPlan.statistics(
      count: LocalStatistics.count(schema), minimumClients: run.federated.minimumClients)
    let round = SumRound(
      seats: run.registry.seats(of: enrolment.roster),
      asked: AskedQuestion(offer: enrolment.offer, preprocessing: nil),
      patience: .seconds(run.federated.deadlineSeconds),
      recorder: run.recorder, federated: run.federated, opener: run.opener,
      parties: run.parties)
    let result = try await round.run(
      TaskHeader(
        number: number, kind: .statistics(schema), round: 0,
        hiding: run.federated.aggregation.hidesUpdates ? plan : nil), body: .none, count: plan.count)
    let sums = result.segments.flatMap { $0 }
    let rows = Judgement.rows(sums.first ?? 0)
    guard rows > 0 else { throw CoordinationError.data(reason: "the workers have no rows to train on") }
    let preprocessing = try schema.map { try LocalStatistics.preprocessing(sums, $0) }
    try run.database.setPreprocessing(preprocessing, rows: rows, of: run.record.id)
    return Result(preprocessing: preprocessing, rows: rows, example: try example(preprocessing))
  }

  private func example(_ preprocessing: Preprocessing?) throws -> Shape {
    if let preprocessing { return [preprocessing.featureCount] }
    return try enrolment.agreedExample()
  }
}
