import Links
import Logging
import NIOConcurrencyHelpers
import Paillier
import Transports

/// The key under which a coordinator's workers encrypt, and the key-holders it knows, by the names in their
/// certificates.
final class KeyHolders: Sendable {
  let key: ThresholdKey
  let logger: Logger
  /// They hear whenever a key-holder has come.
  private let watchers = Watchers<Void>()
  private let known = NIOLockedValueBox([String: KeyHolderSeat]())

  init(_ key: ThresholdKey, logger: Logger) {
    self.key = key
    self.logger = logger
  }

  /// Gives a key-holder that has connected its seat.
  func admit(_ link: any Link) {
    let name = link.peer.name
    let seat = known.withLockedValue { known in
      let seat = known[name] ?? KeyHolderSeat(name: name)
      known[name] = seat
      return seat
    }
    seat.attach(link)
    watchers.tell(())
  }

  /// Those that are connected, the most dependable first.
  var present: [KeyHolderSeat] {
    known.withLockedValue { known in
      known.values.filter(\.isOnline).map { ($0.faultCount, $0.name, $0) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        .map(\.2)
    }
  }

  /// Those that are connected, once they are enough or the time is over.
  func gather(within patience: Duration) async throws(CancellationError) -> [KeyHolderSeat] {
    _ = await watchers.wait(within: patience) { self.present.count >= self.key.threshold }
    if Task.isCancelled { throw CancellationError() }
    return present
  }

  func closeAll() async {
    for seat in known.withLockedValue({ Array($0.values) }) { await seat.close() }
  }
}
