public import Learning

/// What a worker is asked to take part in, as its owner sees it: nothing in the job speaks against it by the owner's policy.
public struct JobProposal: Hashable, Sendable {
  /// The name of the coordinator's certificate.
  public let coordinator: String
  /// What would be trained, on which columns, under which aggregation and privacy.
  public let job: Job
}

/// Whether an owner agrees to a job. The coordinator waits for the answer no longer than the job's `deadlineSeconds`.
public typealias OwnersConsent = @Sendable (JobProposal) async -> Bool
