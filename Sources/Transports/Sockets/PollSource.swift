#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Something with a descriptor that a ``SocketLoop`` looks after. All calls come from the loop's thread.
protocol PollSource: AnyObject {
  var descriptor: Int32 { get }
  /// The poll events to look for.
  var interest: Int16 { get }
  /// When ``expire(at:)`` has something to do.
  var nextDeadline: MonotonicTime? { get }

  func ready(_ events: Int16)
  func expire(at now: MonotonicTime)
  /// The loop ends: breaks every wait and removes itself.
  func loopStops()
}

/// A reusable list of descriptors for poll(2).
struct Poller {
  static let readable = Int16(POLLIN)
  static let writable = Int16(POLLOUT)

  private var entries: [pollfd] = []

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func add(_ descriptor: Int32, events: Int16) {
    entries.append(pollfd(fd: descriptor, events: events, revents: 0))
  }

  /// What was seen at an entry; an error or a hang-up counts as both readable and writable.
  func events(at index: Int) -> Int16 {
    guard index < entries.count else { return 0 }
    let events = entries[index].revents
    let isBroken = events & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
    return isBroken ? Poller.readable | Poller.writable : events
  }

  /// Looks at all entries, waiting until `limit` or for ever; whether there is anything to see.
  mutating func poll(waitingAtMost limit: Duration?) -> Bool {
    // Rounded up, so that a wake-up for a deadline comes after it.
    let milliseconds = limit.map { Int32(clamping: ($0.nanoseconds + 999_999) / 1_000_000) } ?? -1
    #if canImport(Darwin)
      let count = Darwin.poll(&entries, nfds_t(entries.count), milliseconds)
    #else
      let count = Glibc.poll(&entries, nfds_t(entries.count), milliseconds)
    #endif
    if count < 0 { for index in entries.indices { entries[index].revents = 0 } }
    return count > 0
  }
}

/// A pipe to oneself, by which other threads end a loop's sleep.
final class Waker: Sendable {
  let descriptor: Int32
  private let writeEnd: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    _ = pipe(&ends)
    (descriptor, writeEnd) = (ends[0], ends[1])
    for end in ends { Socket.makeNonBlocking(end) }
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  func wake() {
    var byte: UInt8 = 0
    _ = write(writeEnd, &byte, 1)
  }

  func drain() {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { bytes in
      while read(descriptor, bytes.baseAddress, bytes.count) == bytes.count {}
    }
  }
}
