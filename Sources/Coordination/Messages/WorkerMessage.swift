/// What a worker tells the coordinator: one reply to each message that asks for one.
struct WorkerMessage: Codable, Sendable {
  /// Counts up from 0 with each question that the coordinator put to this worker, so that late replies are known as such.
  let question: Int
  let reply: Reply

  enum Reply: Codable, Sendable {
    /// Takes part in the job.
    case accepted
    /// Does not, for a reason of its policy.
    case refused(reason: String)
    /// Done, and nothing is told yet.
    case ready
    /// The vector in the clear, in the body.
    case vector(VectorHeader)
    /// The answer of one stage of an aggregation, in the body.
    case stage
    /// Cannot do what was asked; the worker stays.
    case failed(reason: String)
  }
}

/// What comes with a vector in the clear.
struct VectorHeader: Codable, Hashable, Sendable {
  /// Training rows.
  var examples = 0
  /// Bytes of a compressed vector, where it is.
  var isCompressed = false
  /// Of the weights that were given, over the worker's held-out rows.
  var judged: [Double] = []
}
