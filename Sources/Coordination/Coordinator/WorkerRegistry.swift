import Crypto
import Links
import NIOConcurrencyHelpers
import Transports

/// The workers a coordinator knows, by the names in their certificates.
final class WorkerRegistry: Sendable {
  private let known = NIOLockedValueBox([String: WorkerSeat]())
  /// They hear whenever a worker has come or gone.
  private let watchers = Watchers<Void>()

  /// Gives a worker that has connected its seat.
  ///
  /// - Parameter key: in place of its certificate's, where it has none.
  func admit(_ link: any Link, key: P256.Signing.PublicKey? = nil) {
    let name = link.peer.name
    let seat = known.withLockedValue { known in
      let seat = known[name] ?? WorkerSeat(name: name)
      known[name] = seat
      return seat
    }
    seat.attach(link, key: key) { [watchers] in watchers.tell(()) }
  }

  /// All that are known, by name.
  var seats: [WorkerSeat] {
    known.withLockedValue { known in known.values.sorted { $0.name < $1.name } }
  }

  /// The thread that one of their links' messages come in on.
  var executor: (any TaskExecutor)? { seats.lazy.compactMap(\.executor).first }

  func seat(of name: String) -> WorkerSeat? { known.withLockedValue { $0[name] } }

  /// A value whenever a worker has come or gone.
  func changes() -> AsyncStream<Void> { watchers.news(keeping: 1, first: ()) }

  /// Waits until the condition holds for the workers that are there, or the time is over; whether it holds.
  func wait(within patience: Duration, until condition: @escaping @Sendable ([WorkerSeat]) -> Bool) async -> Bool {
    await watchers.wait(within: patience) { condition(self.seats) }
  }

  /// Who is known on which connection: what changes when somebody comes or comes back.
  var generations: [String: Int] { Dictionary(uniqueKeysWithValues: seats.map { ($0.name, $0.generation) }) }

  /// Waits until somebody comes or comes back after ``generations`` were these, or the time is over; whether one did.
  func wait(within patience: Duration, forOthersThan known: [String: Int]) async -> Bool {
    await wait(within: patience) { _ in self.generations != known }
  }

  func closeAll() async {
    for seat in seats { await seat.close() }
  }
}
