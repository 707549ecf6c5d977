import Learning

/// What a worker tells the coordinator: one reply to each message that asks for one.
struct WorkerMessage: Codable, Sendable {
  /// Counts up from 0 with each question that the coordinator put to this worker, so that late replies are known as such.
  let question: Int
  let reply: Reply

  enum Reply: Codable, Sendable {
    /// Takes part in the job, with a table of these columns, or with examples of this shape.
    case accepted(outline: TableOutline?, example: [Int]?)
    /// Does not, for a reason of its policy.
    case refused(reason: String)
    /// Done, and nothing is told yet.
    case ready
    /// An update in the clear, in the body.
    case update(VectorHeader)
    /// Sums over the worker's rows in the clear.
    case sums([Double])
    /// The answer of one stage of an aggregation, in the body.
    case stage
    /// Its rows are shared: so many to train on and to judge by.
    case shared(rows: Int, testRows: Int)
    /// Cannot do what was asked; the worker stays.
    case failed(reason: String)
  }
}
