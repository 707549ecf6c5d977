internal import NIOConcurrencyHelpers

/// Rings when a wait is over that is put off again and again: one task sleeps, however many waits there are.
///
/// A task that sleeps for one wait alone leaves its timer behind when it is cancelled, until it would have rung.
package final class Alarm: Sendable {
  private struct State {
    var due: ContinuousClock.Instant?
    var sleeper: Task<Void, Never>?
  }

  private let state = NIOLockedValueBox(State())
  private let ring: @Sendable (ContinuousClock.Instant) -> ContinuousClock.Instant?

  /// - Parameter ring: ends the waits that are over at an instant, and says when the next one will be.
  package init(_ ring: @escaping @Sendable (ContinuousClock.Instant) -> ContinuousClock.Instant?) { self.ring = ring }

  deinit { cancel() }

  /// Has it ring at `instant`, or before.
  package func set(_ instant: ContinuousClock.Instant) {
    state.withLockedValue { state in
      if let due = state.due, due <= instant { return }
      state.sleeper?.cancel()
      state.due = instant
      state.sleeper = Task { [weak self] in
        do { try await Task.sleep(until: instant, clock: .continuous) } catch { return }
        self?.wake(at: instant)
      }
    }
  }

  /// Has it not ring any more.
  package func cancel() {
    state.withLockedValue { state in
      state.sleeper?.cancel()
      state = State()
    }
  }

  private func wake(at instant: ContinuousClock.Instant) {
    let isMeant = state.withLockedValue { state in
      guard state.due == instant else { return false }
      state = State()
      return true
    }
    if isMeant, let next = ring(.now) { set(next) }
  }
}
