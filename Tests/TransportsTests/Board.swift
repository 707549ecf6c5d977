import NIOConcurrencyHelpers

/// A table that several parties of a test write into.
final class Board<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let entries = NIOLockedValueBox<[Key: Value]>([:])

  subscript(key: Key) -> Value? {
    get { entries.withLockedValue { $0[key] } }
    set { entries.withLockedValue { $0[key] = newValue } }
  }
}
