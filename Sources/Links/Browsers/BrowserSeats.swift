import NIOConcurrencyHelpers
import NIOCore
import Transports

/// The connections of a door for browsers, counted and timed.
final class BrowserSeats: Sendable {
  private struct State {
    var all: [ObjectIdentifier: BrowserSeat] = [:]
    /// Who has not been let in yet, the longest there first.
    var opening: [BrowserSeat] = []
    var isClosed = false
  }

  let limits: BrowserLimits
  private let state = NIOLockedValueBox(State())

  init(_ limits: BrowserLimits) { self.limits = limits }

  /// A seat for a new connection; `nil` where all are taken. Where too many wait at the door, the first of them goes.
  func take(for channel: any NIOCore.Channel) -> BrowserSeat? {
    let seat = BrowserSeat(channel, self)
    let (isFree, oldest) = state.withLockedValue { state -> (Bool, BrowserSeat?) in
      guard !state.isClosed, state.all.count < limits.connectionCount else { return (false, state.opening.first) }
      state.all[ObjectIdentifier(seat)] = seat
      state.opening.append(seat)
      return (true, state.opening.count > limits.openingCount ? state.opening.removeFirst() : nil)
    }
    oldest?.close()
    guard isFree else { return nil }
    seat.expectNews(within: limits.opening)
    channel.closeFuture.whenComplete { _ in self.leave(seat) }
    return seat
  }

  private func leave(_ seat: BrowserSeat) {
    seat.end()
    state.withLockedValue { state in
      state.all[ObjectIdentifier(seat)] = nil
      state.opening.removeAll { $0 === seat }
    }
  }

  /// Ends all connections, and takes no more.
  func closeAll() {
    let all = state.withLockedValue { state in
      state.isClosed = true
      return Array(state.all.values)
    }
    for seat in all { seat.close() }
  }

  func letIn(_ seat: BrowserSeat) {
    state.withLockedValue { state in state.opening.removeAll { $0 === seat } }
  }
}

/// One connection's place, with its alarm.
final class BrowserSeat: Sendable {
  private let channel: any NIOCore.Channel
  private let seats: BrowserSeats
  private let alarm = NIOLockedValueBox<Scheduled<Void>?>(nil)

  init(_ channel: any NIOCore.Channel, _ seats: BrowserSeats) {
    self.channel = channel
    self.seats = seats
  }

  /// Closes the connection after so long, unless it is told otherwise before.
  func expectNews(within limit: Duration) {
    let channel = channel
    let next = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) { channel.close(promise: nil) }
    set(next)
  }

  var limits: BrowserLimits { seats.limits }

  func letIn() { seats.letIn(self) }

  func close() { channel.close(promise: nil) }

  func end() { set(nil) }

  private func set(_ next: Scheduled<Void>?) {
    let last = alarm.withLockedValue { alarm in
      defer { alarm = next }
      return alarm
    }
    last?.cancel()
  }
}
