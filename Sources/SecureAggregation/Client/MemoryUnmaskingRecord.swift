import Synchronization

/// A record that is forgotten with the process: for simulations and tests.
public final class MemoryUnmaskingRecord: UnmaskingRecord {
  private let answered = Mutex<Set<AttemptID>>([])

  public init() {}

  public func note(_ attempt: AttemptID) throws(SecureAggregationError) {
    let isNew = answered.withLock { $0.insert(attempt).inserted }
    guard isNew else { throw .alreadyAnswered(attempt) }
  }
}
