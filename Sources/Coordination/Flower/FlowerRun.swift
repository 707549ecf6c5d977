import Datasets
import Federation
import Flower
import Learning
import SecureAggregation
import Tensors

/// What one worker does for one run of a Flower federation: its job, its account, and its rows, prepared.
///
/// It belongs to its ``FlowerWorker``, which lets one message at a time in.
final class FlowerRun {
  /// The job as it was accepted.
  let job: Job
  private let federated: Job.FederatedPart
  private let name: String
  private let text: String
  private let id: String
  private let table: WorkerTable
  private let account: WorkerAccount
  private let privacy: FlowerPrivacy?
  private let policy: WorkerPolicy
  private let masking: FlowerMasking?
  /// The masked sum for which a vector is ready, or which is under way.
  private var sum: FlowerSum?
  private var local: (settings: Job, work: LocalWork)?
  /// What the ServerApp says that any worker has rows; it says so once, or refusals would tell how many this one has.
  private var mostRows: Int?

  /// - Throws: ``CoordinationError/flower(_:)`` with the reason why the job is not for this worker.
  init(
    _ text: String, id: String, name: String, rows: WorkerRows, policy: WorkerPolicy, masking: FlowerMasking?
  ) throws {
    let job = try Job.parse(text)
    if let objection = policy.objection(to: job) { throw CoordinationError.flower("the job is refused: \(objection)") }
    guard let federated = job.federated, [.open, .masked].contains(federated.aggregation) else {
      throw CoordinationError.flower(
        "the job is refused: a Flower ServerApp carries out aggregation: open and aggregation: masked, and no other")
    }
    if federated.aggregation == .masked, masking?.roster[ClientID(name)] == nil {
      throw CoordinationError.flower(
        "the job is refused: for aggregation: masked start the worker with --identity, and name the certificates of all "
          + "workers, its own too, in the policy's roster")
    }
    guard federated.compression == .none, !LocalRule(federated.strategy).usesControl else {
      throw CoordinationError.flower("the job is refused: compression and scaffold need a coordinator of Tacit")
    }
    guard job.privacy == nil || job.hidesClients else {
      throw CoordinationError.flower(
        "the job is refused: privacy of rows is not carried out here; write privacy: {unit: client, …}")
    }
    table = try rows.table(for: job, policy)
    account = try WorkerAccount(policy, worker: name) { try FlowerPrivacy.privacy($0, weightCount: $1) }
    if let objection = try account.objection(to: job, named: id, example: table.exampleShape) {
      throw CoordinationError.flower("the job is refused: \(objection)")
    }
    privacy = job.hidesClients ? try FlowerPrivacy(job) : nil
    (self.job, self.federated, self.name, self.id) = (job, federated, name, id)
    self.text = text
    self.policy = policy
    self.masking = federated.aggregation == .masked ? masking : nil
  }

  func train(_ request: FlowerRequest) throws -> Entries<Record> {
    let local = try work(request)
    let weights = try request.weights(local.layout)
    sum = nil
    try account.spend(on: request.round, of: id)
    if let masking { return try ready(try summand(of: request, local, weights), masking) }
    var metrics = Entries<RecordValue>()
    let vector: [Float]
    if let privacy {
      vector = try privacy.hidden(try local.trainHidden(weights, round: request.round))
      // All workers count alike: how many rows there are is not told.
      try metrics.append("num-examples", .integer(1))
    } else {
      let update = try local.train(weights, round: request.round, serverControl: [], ownControl: [])
      vector = update.vector
      try metrics.append("num-examples", .integer(Int64(update.exampleCount)))
      try metrics.append("loss", .double(update.loss))
    }
    let moved = zip(weights, vector).map { $0 + $1 }
    return try Entries([(request.arraysName, try request.answer(moved, local.layout)), ("metrics", .metrics(metrics))])
  }

  func evaluate(_ request: FlowerRequest) throws -> Entries<Record> {
    guard privacy == nil else {
      throw CoordinationError.flower(
        "figures of a worker's rows are not covered by the job's privacy; evaluate elsewhere")
    }
    let local = try work(request)
    sum = nil
    let weights = try request.weights(local.layout)
    let sums = try local.judge(weights)
    if let masking {
      return try ready(
        try FlowerSum(
          job.training.loss == .meanSquaredError ? .judgedNumbers : .judged,
          .judgement(federated, rows: try mostRows(request)), Judgement.blocks(sums),
          context: request.digest("evaluate", job: text, weights: weights)), masking)
    }
    guard sums[0] > 0 else {
      throw CoordinationError.flower(
        "this worker keeps no rows back to judge by; give the job a share of them, data.test")
    }
    var metrics = Entries<RecordValue>()
    try metrics.append("num-examples", .integer(Int64(sums[0])))
    try metrics.append("loss", .double(sums[1] / sums[0]))
    if job.training.loss == .meanSquaredError {
      try metrics.append("mse", .double(sums[3] / sums[0]))
    } else {
      try metrics.append("accuracy", .double(sums[2] / sums[0]))
    }
    return try Entries([("metrics", .metrics(metrics))])
  }

  /// The answer to a stage of the masked sum for which the last message asked.
  func answer(_ stage: FlowerStage) throws -> Entries<Record> {
    guard let masking, sum != nil else {
      throw CoordinationError.flower("a stage of a sum that no message asked for: send train or evaluate before it")
    }
    let bytes = try sum?.answer(stage, name: name, masking, policy: policy)
    return try FlowerStage.answer(bytes ?? [])
  }

  /// Nothing but what is public goes back before the sum.
  private func ready(_ sum: FlowerSum, _ masking: FlowerMasking) throws -> Entries<Record> {
    self.sum = sum
    return try sum.description(name: name, masking)
  }

  private func summand(of request: FlowerRequest, _ local: LocalWork, _ weights: [Float]) throws -> FlowerSum {
    let names = local.layout.entries.map(\.name)
    let context = request.digest("train", job: text, weights: weights)
    if let privacy {
      return try privacy.summand(
        try local.trainHidden(weights, round: request.round), arrays: names,
        minimumClients: federated.leastContributors, context: context)
    }
    let update = try local.train(weights, round: request.round, serverControl: [], ownControl: [])
    let limit = local.weighting == .examples ? try mostRows(request) : 1
    let summand = Summand(count: local.layout.count, weightLimit: limit)
    return try FlowerSum(
      .weighted, .training(federated, summand: summand, rows: nil),
      try summand.blocks(update, weighting: local.weighting), arrays: names, context: context)
  }

  private func mostRows(_ request: FlowerRequest) throws(CoordinationError) -> Int {
    guard let rows = request.mostRows else {
      throw .flower("a masked sum needs a bound of weights: send tacit-most-rows, the most rows that any worker has")
    }
    guard rows == mostRows ?? rows else {
      throw .flower("tacit-most-rows was another number before, and is the same in a whole run: leave it as it was")
    }
    mostRows = rows
    return rows
  }

  /// Rows are prepared by what the job declares of its columns alone: a Flower server adds up no statistics.
  private func work(_ request: FlowerRequest) throws -> LocalWork {
    let settings = request.adapted(job)
    if let local, local.settings == settings { return local.work }
    guard let part = settings.federated else { throw CoordinationError.flower("the job is no federated job") }
    var preprocessing: Preprocessing?
    if table.exampleShape == nil { preprocessing = try job.declaredPreprocessing() }
    let work = try LocalWork(settings, part, table, preprocessing, worker: name)
    local = (settings, work)
    return work
  }

  /// Memory for the rows of a run that pauses is given back.
  func rest() { local = nil }
}
