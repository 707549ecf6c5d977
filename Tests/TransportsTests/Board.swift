import Synchronization

/// A table that several parties of a test write into.
final class Board<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let entries = Mutex<[Key: Value]>([:])

  subscript(key: Key) -> Value? {
    get { entries.withLock { $0[key] } }
    set { entries.withLock { $0[key] = newValue } }
  }
}
