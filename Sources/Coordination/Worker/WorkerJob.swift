import Federation
import Learning
import Links
import SecureAggregation
import Tensors

/// What one worker does for one job: prepares its rows, trains, judges, and contributes to sums.
///
/// It belongs to its ``Worker``, which lets one question at a time in.
final class WorkerJob {
  let id: String
  let job: Job
  let federated: Job.FederatedPart
  private let name: String
  private let table: WorkerTable
  private var prepared: PreparedWorker?
  /// The worker's control variate of SCAFFOLD, and the change that counts once the next round begins: a round that is asked
  /// for again starts from the same.
  private var control: [Float] = []
  private var controlChange: (round: Int, change: [Float])?
  /// The vector that the aggregation under way is to add.
  private var pending: (task: TaskHeader, values: [UInt32])?
  private var contribution: (task: Int, client: any HidingClient)?

  init(_ id: String, _ job: Job, name: String, rows: WorkerRows) throws {
    guard let federated = job.federated else { throw CoordinationError.protocolBreach("a job that is not federated") }
    self.id = id
    self.job = job
    self.federated = federated
    self.name = name
    table = try rows.table(for: job, worker: name)
  }

  func prepare(_ preprocessing: Preprocessing?) throws {
    prepared = try PreparedWorker(job, federated, table, preprocessing)
  }

  /// Computes a vector. Under an open aggregation it goes out as it is, else it waits for the aggregation's stages.
  func perform(_ header: TaskHeader, _ body: LinkBody) throws -> (WorkerMessage.Reply, LinkBody) {
    switch header.kind {
    case .statistics: return try tell(try table.statistics(job), header)
    case .train: return try train(header, body)
    case .evaluate:
      let judged = try ready().evaluate(try weights(body, header).model)
      return try tell(judged, header)
    }
  }
}
