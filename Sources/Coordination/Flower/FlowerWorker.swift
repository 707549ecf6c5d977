import Arithmetic
public import Flower
import Foundation
import Learning
public import Logging

/// A data owner's agent in a Flower federation: trains and judges on the owner's rows what a ServerApp asks for, as far as the owner's
/// policy allows.
///
/// A ServerApp that strategies of Flower drive needs to know nothing of it: weights come as an ArrayRecord with the names and shapes of
/// the job's model, and go back with the metrics `num-examples` and `loss`. The job is the owner's, or comes in the setting
/// `tacit-job`. Under `aggregation: masked` what goes back is where the masked sum begins, whose stages come as queries. No code comes with it: an app's own code stays where it is.
public actor FlowerWorker {
  private let name: String
  private let rows: WorkerRows
  private let policy: WorkerPolicy
  private let job: String?
  private let masking: FlowerMasking?
  private let logger: Logger
  /// Part of the names under which runs stand in the ledger: after a restart nobody knows which rounds a run has had, so it
  /// counts anew.
  private let life = UUID().uuidString
  private var runs: [UInt64: (text: String, run: FlowerRun)] = [:]

  /// More runs than this are refused, so that nobody fills the memory.
  private static let mostRuns = 1000

  /// - Parameters:
  ///   - name: by which the worker's shuffles differ from those of others.
  ///   - job: the text of the only job that this worker takes part in; where there is none, ServerApps bring jobs.
  ///   - masking: its key and those of the others, for `aggregation: masked`.
  /// - Throws: `JobError` where the job cannot be read.
  public init(
    name: String, rows: WorkerRows, policy: WorkerPolicy, job: String? = nil, masking: FlowerMasking? = nil,
    logger: Logger
  ) throws {
    if let job { _ = try Job.parse(job) }
    (self.name, self.rows, self.policy, self.job, self.logger) = (name, rows, policy, job, logger)
    self.masking = masking
  }

  /// What a message's answer contains: records, or an error of one sentence.
  public func answer(_ message: FlowerMessage) -> FlowerMessage.Content {
    let what: Logger.Metadata = [
      "run": "\(message.metadata.runID)", "type": "\(message.metadata.type.filter { $0.isASCII }.prefix(40))",
    ]
    do {
      let records = try records(message)
      logger.info("a message was answered", metadata: what)
      return .records(records)
    } catch {
      logger.warning("a message could not be answered", metadata: what.merging(["reason": "\(error)"]) { $1 })
      return .error(code: ErrorCode.appFailed, reason: "\(name): \(error)")
    }
  }

  private func records(_ message: FlowerMessage) throws -> Entries<Record> {
    guard case .records(let records) = message.content else {
      throw CoordinationError.flower("the message carries an error in place of weights")
    }
    let id = message.metadata.runID
    switch message.metadata.type {
    case "train":
      let request = try FlowerRequest(records)
      return try run(id, request).train(request)
    case "evaluate":
      let request = try FlowerRequest(records)
      return try run(id, request).evaluate(request)
    case "query":
      let stage = try FlowerStage(records)
      guard let run = runs[id]?.run else { throw CoordinationError.flower("a stage of a sum before train or evaluate") }
      return try run.answer(stage)
    default:
      throw CoordinationError.flower(
        "this worker trains, evaluates and takes part in masked sums, and answers no other messages")
    }
  }

  private func run(_ id: UInt64, _ request: FlowerRequest) throws -> FlowerRun {
    guard let text = job ?? request.job else {
      throw CoordinationError.flower(
        "the message names no job: start the worker with --job FILE, or send the text of one in the setting tacit-job")
    }
    if let own = job, let other = request.job, own != other {
      throw CoordinationError.flower("the message brings another job than the one that this worker's owner named")
    }
    if let known = runs[id] {
      guard known.text == text else { throw CoordinationError.flower("the run has changed its job") }
      return known.run
    }
    guard runs.count < Self.mostRuns else {
      throw CoordinationError.flower("this worker has had too many runs; restart it")
    }
    let run = try FlowerRun(
      text, id: "flower \(id) \(life)", name: name, rows: rows, policy: policy, masking: masking)
    for other in runs.values { other.run.rest() }
    runs[id] = (text, run)
    return run
  }
}
