import NIOConcurrencyHelpers

/// The places for watchers, of which there are only so many.
final class WatcherSeats: Sendable {
  /// A place that is free again when nobody holds it any more, however its connection ended.
  final class Seat: Sendable {
    private let seats: WatcherSeats

    fileprivate init(_ seats: WatcherSeats) { self.seats = seats }

    deinit { seats.taken.withLockedValue { $0 -= 1 } }
  }

  private let limit: Int
  private let taken = NIOLockedValueBox(0)

  init(limit: Int) { self.limit = limit }

  /// A place, or nothing where all are taken.
  func take() -> Seat? {
    let isFree = taken.withLockedValue { taken in
      guard taken < limit else { return false }
      taken += 1
      return true
    }
    return isFree ? Seat(self) : nil
  }
}
