import Crypto
import Links
import NIOConcurrencyHelpers
import Transports

/// The workers a coordinator knows, by the names in their certificates.
final class WorkerRegistry: Sendable {
  private struct State {
    var seats: [String: WorkerSeat] = [:]
    var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextWatcher = 0
  }

  private let state = NIOLockedValueBox(State())

  /// Gives a worker that has connected its seat.
  ///
  /// - Parameter key: in place of its certificate's, where it has none.
  func admit(_ link: any Link, key: P256.Signing.PublicKey? = nil) {
    let name = link.peer.name
    let seat = state.withLockedValue { state in
      let seat = state.seats[name] ?? WorkerSeat(name: name)
      state.seats[name] = seat
      return seat
    }
    seat.attach(link, key: key) { [weak self] in self?.notify() }
  }

  /// All that are known, by name.
  var seats: [WorkerSeat] {
    state.withLockedValue { state in state.seats.values.sorted { $0.name < $1.name } }
  }

  func seat(of name: String) -> WorkerSeat? { state.withLockedValue { $0.seats[name] } }

  /// A value whenever a worker has come or gone.
  func changes() -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let number = state.withLockedValue { state in
        state.nextWatcher += 1
        state.watchers[state.nextWatcher] = continuation
        return state.nextWatcher
      }
      continuation.onTermination = { [weak self] _ in
        _ = self?.state.withLockedValue { $0.watchers.removeValue(forKey: number) }
      }
      continuation.yield()
    }
  }

  /// Waits until the condition holds for the workers that are there, or the time is over; whether it holds.
  func wait(within patience: Duration, until condition: @escaping @Sendable ([WorkerSeat]) -> Bool) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await _ in self.changes() where condition(self.seats) { return true }
        return false
      }
      group.addTask {
        try? await Task.sleep(for: patience)
        return false
      }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }

  private func notify() {
    for watcher in state.withLockedValue({ Array($0.watchers.values) }) { watcher.yield() }
  }

  func closeAll() async {
    for seat in seats { await seat.close() }
  }
}
