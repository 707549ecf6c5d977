import Datasets

/// What a coordinator tells a worker. Numbers in bulk stand in the body of the link's message.
enum CoordinatorMessage: Codable, Sendable {
  /// Asks whether the worker takes part in a job.
  case offer(JobOffer)
  /// How rows become features, as round 0 found it; answered by ``WorkerMessage/Reply/ready``.
  case prepare(Preprocessing?)
  /// Computes a vector, from the model's weights in the body where there are any.
  case task(TaskHeader)
  /// The next step of an aggregation among those who are ready; its data are in the body.
  case stage(task: Int, number: Int, clients: [String])
  /// The job is over, for the reason given where it did not succeed.
  case finished(job: String, failure: String?)
}

/// A job as it is offered: its text, so that the worker reads it as strictly as any file.
struct JobOffer: Codable, Hashable, Sendable {
  let job: String
  let text: String
  /// In place of the job's own seed.
  let seed: UInt64
  /// All workers that may take part, by name.
  let workers: [String]
}

/// What a worker computes, and how the result is to be told.
struct TaskHeader: Codable, Hashable, Sendable {
  enum Kind: String, Codable, Sendable {
    /// Sums over the worker's rows, for standardisation.
    case statistics
    /// Local training; the worker judges the weights that it was given as well.
    case train
    /// Judging alone.
    case evaluate
  }

  /// The attempt: never used twice, over all runs of the coordinator.
  let number: Int
  let kind: Kind
  let round: Int
  /// Those who are asked, in the order of their indices in an aggregation.
  let cohort: [String]
  /// Bits of a value, where the aggregation hides the vector.
  let bits: Int
  /// All rows of all workers, by which weights are divided; 0 before that is known.
  let rows: Int
  /// The server's control variate follows the weights in the body.
  var hasControl = false
}
