/// What a process of the project may be; its certificate says so.
public enum Role: String, Hashable, Sendable, CaseIterable {
  /// One of the computing parties.
  case party
  /// Makes correlated randomness for additive schemes.
  case dealer
  /// A data owner's agent.
  case worker
  /// Runs federated jobs.
  case coordinator
  /// Asks for predictions or training.
  case client
  /// Keeps a share of a key, and helps to open sums.
  case keyholder
}
