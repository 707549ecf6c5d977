import Datasets
import Federation
import Learning
import Links
import SecureAggregation

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
  private var asked: AskedQuestion
  private var local: LocalWork?
  private var control = ControlVariate()
  private var compression: UpdateCompression?
  /// Where the job hides each worker.
  private let client: ClientWork?
  /// The integers that the aggregation under way adds, and the aggregation's half here.
  private var pending: (task: Int, plan: HidingPlan, context: [UInt8], words: [UInt64])?
  private var contribution: (task: Int, client: any HidingClient)?
  /// How many rows the coordinator says that all workers have; it says so once.
  private var allRows: Double?

  init(_ offer: JobOffer, _ job: Job, name: String, table: WorkerTable) throws {
    guard let federated = job.federated else { throw CoordinationError.protocolBreach("a job that is not federated") }
    id = offer.job
    asked = AskedQuestion(offer: offer, preprocessing: nil)
    self.job = job
    self.federated = federated
    self.name = name
    self.table = table
    client = job.hidesClients ? ClientWork(job) : nil
    compression = UpdateCompression(federated.compression, seed: job.training.seed, worker: name)
    // Under privacy nothing is told of a table: what its columns mean is declared.
    outline = job.hidesClients ? nil : try TableOutline(table, loss: job.training.loss)
  }

  /// Whether what is told of this worker is clipped and noised.
  var hidesClient: Bool { client != nil }

  func prepare(_ preprocessing: Preprocessing?) throws {
    local = try LocalWork(job, federated, table, preprocessing, worker: name)
    asked = AskedQuestion(offer: asked.offer, preprocessing: preprocessing)
  }

  /// More rounds than these no job has; numbers that are made of rounds stay far from overflow.
  private static let lastRound = 1 << 31

  /// Computes a vector. Under an open aggregation it goes out as it is, else it waits for the aggregation's stages.
  func perform(_ header: TaskHeader, _ body: LinkBody) throws -> (WorkerMessage.Reply, LinkBody) {
    (pending, contribution) = (nil, nil)
    guard (0...Self.lastRound).contains(header.round) else {
      throw CoordinationError.protocolBreach("a round \(header.round), which no job has")
    }
    guard (header.hiding != nil) == federated.aggregation.hidesUpdates else {
      throw CoordinationError.protocolBreach("an aggregation other than the job's")
    }
    if let client { return try perform(header, body, client) }
    switch header.kind {
    case .statistics(let schema):
      let plan = HidingPlan.statistics(
        count: LocalStatistics.count(schema), minimumClients: federated.minimumClients)
      return try tell(try LocalStatistics(table, schema).sums, as: plan, header, body)
    case .evaluate:
      let plan = try header.hiding.map { HidingPlan.judgement(federated, rows: try rows(of: $0)) }
      return try tell(try working().judge(try weights(body, header).model), as: plan, header, body)
    case .train: return try train(header, body)
    }
  }

  /// Under privacy, where nothing is told but clipped updates.
  private func perform(
    _ header: TaskHeader, _ body: LinkBody, _ client: ClientWork
  ) throws -> (WorkerMessage.Reply, LinkBody) {
    guard header.kind == .train, let clip = header.clip else {
      throw CoordinationError.protocolBreach("figures of a worker's rows, which the job's privacy does not cover")
    }
    let local = try working()
    let update = try local.trainHidden(try weights(body, header).model, round: header.round)
    guard let plan = header.hiding else {
      let (answer, vector) = try client.open(update, clip: clip)
      return (.update(answer), .floats(vector))
    }
    pending = (header.number, plan, try context(header, body), try client.hidden(update, clip: clip, plan))
    return (.ready, .none)
  }

  private func working() throws -> LocalWork {
    guard let local else { throw CoordinationError.protocolBreach("training before the rows were prepared") }
    return local
  }

  private func train(_ header: TaskHeader, _ body: LinkBody) throws -> (WorkerMessage.Reply, LinkBody) {
    let local = try working()
    let (model, serverControl) = try weights(body, header)
    var hidden: (plan: HidingPlan, summand: Summand)?
    if let plan = header.hiding {
      let rows = try rows(of: plan)
      let summand = Summand(
        count: local.layout.count, extraCount: local.rule.extraCount(local.layout),
        weightLimit: local.weighting == .examples ? (rows > 4 ? rows : min(max(plan.weightLimit, 1), rows)) : 1)
      try compare(plan, HidingPlan.training(federated, summand: summand, rows: rows))
      hidden = (plan, summand)
    }
    let judged = try local.judge(model)
    let own = local.rule.usesControl ? control.value(for: header.round, count: local.layout.trainedCount) : []
    let update = try local.train(model, round: header.round, serverControl: serverControl, ownControl: own)
    control.note(update.extras, round: header.round)
    guard let (plan, summand) = hidden else {
      let answer = VectorHeader(examples: update.exampleCount, loss: update.loss, judged: judged)
      if compression != nil {
        return (.update(answer), .bytes(compression?.encode(update.vector, round: header.round) ?? []))
      }
      return (.update(answer), .floats(update.extras.isEmpty ? update.vector : update.vector + update.extras))
    }
    let blocks = try summand.blocks(update, weighting: local.weighting)
    return try hide(blocks + Judgement.blocks(judged), plan, header, body)
  }

  private func tell(
    _ sums: [Double], as expected: HidingPlan?, _ header: TaskHeader, _ body: LinkBody
  ) throws -> (WorkerMessage.Reply, LinkBody) {
    guard let plan = header.hiding else { return (.sums(sums), .none) }
    try compare(plan, expected)
    return try hide(header.kind == .evaluate ? Judgement.blocks(sums) : [.doubles(sums)], plan, header, body)
  }

  /// Whether a plan is the one that follows from the job. Whoever chose another's ranges would learn by a refusal whether a
  /// value is in them.
  private func compare(_ plan: HidingPlan, _ expected: HidingPlan?) throws(CoordinationError) {
    guard plan == expected else {
      throw .protocolBreach("sums of fewer updates, or in another range, than the job's")
    }
  }

  private func hide(
    _ blocks: [HidingPlan.Block], _ plan: HidingPlan, _ header: TaskHeader, _ body: LinkBody
  ) throws -> (WorkerMessage.Reply, LinkBody) {
    pending = (header.number, plan, try context(header, body), try plan.encode(blocks))
    return (.ready, .none)
  }

  /// How many rows all workers have, as the plan says, which may not say another number later.
  private func rows(of plan: HidingPlan) throws(CoordinationError) -> Int {
    guard let bound = Judgement.rowBound(in: plan), bound == allRows ?? bound else {
      throw .protocolBreach("another number of rows of all workers than before")
    }
    allRows = bound
    return Int(bound)
  }

  /// What stands for the question where vectors are masked.
  private func context(_ header: TaskHeader, _ body: LinkBody) throws -> [UInt8] {
    federated.aggregation == .masked ? try asked.digest(header, body) : []
  }

  /// This worker's half of an aggregation, for its next stage; the first takes the vector that waits.
  func takeContribution(
    to task: Int, begin: (HidingPlan, [UInt8], [UInt64]) throws -> any HidingClient
  ) throws -> any HidingClient {
    if let pending, pending.task == task {
      self.pending = nil
      return try begin(pending.plan, pending.context, pending.words)
    }
    guard let current = contribution, current.task == task else {
      throw CoordinationError.protocolBreach("a stage of an aggregation that is not under way")
    }
    contribution = nil
    return current.client
  }

  func keep(_ client: any HidingClient, of task: Int) { contribution = (task, client) }

  private func weights(_ body: LinkBody, _ header: TaskHeader) throws -> (model: [Float], control: [Float]) {
    let layout = try working().layout
    let expected = layout.count + (header.hasControl ? layout.trainedCount : 0)
    guard case .floats(let floats) = body, floats.count == expected else {
      throw CoordinationError.protocolBreach("a model of another size")
    }
    guard header.hasControl else { return (floats, []) }
    return (Array(floats[..<layout.count]), Array(floats[layout.count...]))
  }
}
