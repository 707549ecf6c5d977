import Crypto
import Datasets
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
  let table: WorkerTable
  let outline: TableOutline?
  private let name: String
  private var local: LocalWork?
  private var control = ControlVariate()
  /// The vector that the aggregation under way adds, and the aggregation's half here.
  private var pending: (task: TaskHeader, values: [Float], bound: Double)?
  private var contribution: (task: Int, client: any HidingClient)?

  init(_ id: String, _ job: Job, name: String, table: WorkerTable) throws {
    guard let federated = job.federated else { throw CoordinationError.protocolBreach("a job that is not federated") }
    self.id = id
    self.job = job
    self.federated = federated
    self.name = name
    self.table = table
    outline = try TableOutline(table, loss: job.training.loss)
  }

  func prepare(_ preprocessing: Preprocessing?) throws {
    local = try LocalWork(job, federated, table, preprocessing, name: name)
  }

  /// Computes a vector. Under an open aggregation it goes out as it is, else it waits for the aggregation's stages.
  func perform(_ header: TaskHeader, _ body: LinkBody) throws -> (WorkerMessage.Reply, LinkBody) {
    pending = nil
    contribution = nil
    switch header.kind {
    case .statistics(let schema):
      return try tell(try LocalStatistics.sums(of: table, schema), header)
    case .evaluate: return try tell(try working().evaluate(try weights(body, header).model), header)
    case .train: return try train(header, body)
    }
  }

  private func working() throws -> LocalWork {
    guard let local else { throw CoordinationError.protocolBreach("training before the rows were prepared") }
    return local
  }

  private func train(_ header: TaskHeader, _ body: LinkBody) throws -> (WorkerMessage.Reply, LinkBody) {
    let local = try working()
    let (model, serverControl) = try weights(body, header)
    let judged = try local.evaluate(model)
    let update = try local.train(
      model, round: header.round, serverControl: serverControl, ownControl: control.value(for: header.round, local.rule, local.layout))
    control.note(update.extras, round: header.round)
    guard !federated.aggregation.hidesUpdates else {
      let summand = Summand(
        count: local.layout.count, extraCount: local.rule.extraCount(local.layout), weightLimit: header.weightLimit)
      let values = try summand.pack(update, weighting: local.weighting) + judged.map { Float($0 / header.judgedBound) }
      pending = (header, values, federated.valueRange)
      return (.ready, .none)
    }
    var reply = VectorHeader(examples: update.exampleCount, loss: update.loss, judged: judged)
    guard let compression = local.compression else {
      return (.update(reply), .floats(update.extras.isEmpty ? update.vector : update.vector + update.extras))
    }
    reply.isCompressed = true
    return (.update(reply), .bytes(try compression.encode(update.vector, round: header.round)))
  }

  private func tell(_ sums: [Double], _ header: TaskHeader) throws -> (WorkerMessage.Reply, LinkBody) {
    guard federated.aggregation.hidesUpdates else { return (.sums(sums), .none) }
    pending = (header, sums.map { Float($0) }, 1)
    return (.ready, .none)
  }
}
