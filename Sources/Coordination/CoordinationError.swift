public import PrivacyLedger

/// Why a federated job cannot start or go on: what, where and what to do.
public enum CoordinationError: Error, Hashable, Sendable {
  /// A message that no version of this program sends.
  case malformedMessage(from: String)
  /// Too few workers take part.
  case tooFewWorkers(round: Int, answered: Int, needed: Int, reasons: [String])
  /// Workers' policies forbid the job.
  case refused([String])
  /// A worker could not do what it was asked.
  case workerFailed(String, reason: String)
  /// A worker did not answer in time.
  case late(String, after: Duration)
  /// A worker's connection is gone.
  case gone(String)
  /// A coordinate of a vector is outside of the agreed range.
  case outOfRange(what: String, bound: Double)
  /// A policy file cannot be used.
  case policy(path: String, reason: String)
  /// A state file cannot be used.
  case state(path: String, reason: String)
  /// There is no such job in a state file.
  case noSuchJob(String)
  /// The owner of the job or its operator ended it.
  case stopped(job: String, round: Int)
  /// The data of a worker do not fit the job.
  case data(reason: String)
  /// A process of a federation on this machine ended.
  case exited(name: String, status: Int32, reason: String)
  /// A setting cannot be used.
  case setting(String, reason: String)
  /// Too few key-holders helped to open a sum.
  case tooFewKeyHolders(answered: Int, needed: Int, reasons: [String])
  /// A sum under encryption is no sum of vectors made by the rules.
  case unopenable(reason: String)
  /// The parties that add up workers' shares did not.
  case partiesFail(reason: String)
  /// A file of a Paillier key or of a share of one cannot be used.
  case keyFile(path: String, reason: String)
  /// What came from a coordinator is against the job both agreed on.
  case protocolBreach(String)
  /// A message of a Flower federation that is not for this worker: one clause.
  case flower(String)
  /// A privacy ledger cannot be used, or forbids the job.
  case ledger(LedgerError)
}

extension CoordinationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformedMessage(let peer):
      "\(peer) sent a message that is none of this protocol; use the same release on both"
    case .tooFewWorkers(let round, let answered, let needed, let reasons):
      "round \(round) failed: \(answered) of at least \(needed) workers answered"
        + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))")
        + "; start the missing workers, or lower federated.quorum and federated.minimumClients"
    case .refused(let reasons): "the job was refused: \(reasons.joined(separator: "; "))"
    case .workerFailed(let name, let reason): "\(name): \(reason)"
    case .late(let name, let duration): "\(name) did not answer within \(duration)"
    case .gone(let name): "\(name) is not connected"
    case .outOfRange(let what, let bound):
      "\(what) is outside of the agreed range of ±\(bound); raise federated.valueRange or lower the learning rate"
    case .policy(let path, let reason): "the policy \(path) cannot be used: \(reason)"
    case .state(let path, let reason): "the state \(path) cannot be used: \(reason)"
    case .noSuchJob(let job): "there is no job \(job) in this state; tacit coordinator jobs lists them"
    case .stopped(let job, let round): "the job \(job) was stopped after round \(round)"
    case .data(let reason): reason
    case .exited(let name, let status, let reason):
      "the process of \(name) ended with status \(status)" + (reason.isEmpty ? "" : ": \(reason)")
    case .setting(let setting, let reason): "\(setting) \(reason)"
    case .tooFewKeyHolders(let answered, let needed, let reasons):
      "the sum stays closed: \(answered) of \(needed) key-holders help to open it"
        + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))") + "; start more with tacit keyholder"
    case .unopenable(let reason): "the sum cannot be opened: \(reason)"
    case .partiesFail(let reason): "the round stays closed, as the parties did not add it up: \(reason)"
    case .keyFile(let path, let reason): "the key \(path) cannot be used: \(reason)"
    case .protocolBreach(let reason): "the coordinator asked for something that was not agreed: \(reason)"
    case .flower(let reason): reason
    case .ledger(let error): "\(error)"
    }
  }

  /// As the command line ends with it.
  public var exitCode: Int {
    switch self {
    case .malformedMessage, .tooFewWorkers, .workerFailed, .late, .gone, .exited, .tooFewKeyHolders, .unopenable,
      .partiesFail:
      3
    case .refused, .protocolBreach, .flower: 4
    case .outOfRange, .policy, .state, .noSuchJob, .data, .setting, .keyFile: 2
    case .stopped: 1
    case .ledger(let error): error.exitCode
    }
  }
}
