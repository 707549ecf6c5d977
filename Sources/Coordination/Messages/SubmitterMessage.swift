import Foundation

/// What a job's owner asks of a coordinator.
enum SubmitterMessage: Codable, Sendable {
  /// Runs a job; its text is a job file. The owner names it, so that the same submission sent
  /// twice, by one who lost its link meanwhile, is one job.
  case submit(id: String, text: String, seed: UInt64, workers: [String])
}

/// What a coordinator tells a job's owner.
enum SubmitterReply: Codable, Sendable {
  case accepted(job: String)
  /// Waits for workers: who is there, and how many are needed.
  case waiting(present: [String], needed: Int)
  case round(RoundRecord)
  /// The job is done; the last weights follow in the body.
  case done(JobOutcome)
  case failed(reason: String, exitCode: Int)
}
