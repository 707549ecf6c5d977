import Datasets

/// What a coordinator tells a worker. Numbers in bulk stand in the body of the link's message.
enum CoordinatorMessage: Codable, Sendable {
  /// Asks whether the worker takes part in a job.
  case offer(JobOffer)
  /// How rows become features, as round 0 found it; none where they are numbers already.
  case prepare(Preprocessing?)
  /// Computes a vector, from the model's weights in the body where there are any.
  case task(TaskHeader)
  /// The next step of an aggregation among those who are ready; its data are in the body.
  case stage(task: Int, number: Int, clients: [String])
  /// The job is over, for the reason given where it did not succeed.
  case finished(job: String, failure: String?)
  /// Asks the worker to share its rows among parties, for a training on shares.
  case shareRows(RowsRequest)
}

/// A training on shares for which workers are asked for their rows.
struct RowsRequest: Codable, Hashable, Sendable {
  /// The job's text, so that the worker reads it as strictly as any file.
  let text: String
  /// In place of the job's own seed.
  let seed: UInt64
  /// The SHA-256 of the certificates of the parties that the job's owner means, in their order.
  let parties: [String]
}

/// A job as it is offered: its text, so that the worker reads it as strictly as any file.
struct JobOffer: Codable, Hashable, Sendable {
  let job: String
  let text: String
  /// In place of the job's own seed.
  let seed: UInt64
  /// The workers that are meant, by name; all where there are none.
  let workers: [String]
  /// Names the key under which workers encrypt, where the job asks them to: they take part if it is the one they know.
  let paillierKey: String?
  /// The SHA-256 of the certificates of the parties, in their order, where updates are shared among them: workers take part
  /// if they are those they know.
  let parties: [String]?
}

/// What a worker computes, and how the result is to be told.
struct TaskHeader: Codable, Hashable, Sendable {
  enum Kind: Codable, Hashable, Sendable {
    /// Sums over the worker's training rows, by columns that all agreed on; the number of rows alone where there are no columns.
    case statistics(Schema?)
    /// Local training; the worker judges the weights that it was given as well.
    case train
    /// Judging alone.
    case evaluate
  }

  /// The attempt: never used twice, over all runs of the coordinator.
  let number: Int
  let kind: Kind
  /// From 1; 0 for what comes before training.
  let round: Int
  /// How the vector is told where the aggregation hides it; `nil` where it does not.
  let hiding: HidingPlan?
  /// Whether the server's control variate follows the weights in the body.
  var hasControl = false
  /// The length that updates are clipped to, in a training that hides each worker.
  var clip: Double?
}
