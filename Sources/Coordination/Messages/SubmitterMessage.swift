import Foundation

/// What a job's owner asks of a coordinator.
enum SubmitterMessage: Codable, Sendable {
  /// Runs a job; its text is a job file. The owner names it, so that the same submission sent
  /// twice, by one who lost its link meanwhile, is one job. The weights to begin with may follow in the body.
  case submit(id: String, text: String, seed: UInt64, workers: [String])
  /// Has the workers that a job names share their rows among parties.
  case shareRows(RowsRequest)
}

/// What a coordinator tells a job's owner.
enum SubmitterReply: Codable, Sendable {
  case accepted(job: String)
  /// Waits for workers: who is there, and how many are needed.
  case waiting(present: [String], needed: Int)
  /// Rounds that are over since the last message.
  case rounds([RoundRecord])
  /// A round could not be finished and is tried again.
  case delayed(reason: String)
  /// The job is done; the last weights follow in the body.
  case done(JobOutcome)
  /// All workers have shared their rows: so many to train on and to judge by, in the order of the job's owners.
  case rowsShared(rows: [Int], testRows: [Int])
  case failed(reason: String, exitCode: Int)
}
