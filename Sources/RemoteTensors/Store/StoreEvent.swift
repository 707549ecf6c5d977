/// What a worker's owner sees of what was asked: everything that was refused, and everything that left.
public struct StoreEvent: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Something left the worker, or its own data went on to another worker.
    case released
    case refused(exitCode: Int)
  }

  /// Counts up; a gap shows that the log has dropped events.
  public let number: Int
  /// The name in the asking peer's certificate.
  public let client: String
  public let kind: Kind
  /// What was asked, and why it was refused; no values.
  public let text: String
}
