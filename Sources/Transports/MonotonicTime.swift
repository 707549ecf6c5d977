#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A moment on the machine's monotonic clock, in nanoseconds; cheap enough to be read while spinning.
struct MonotonicTime: Comparable, Sendable {
  var nanoseconds: UInt64

  static var now: MonotonicTime {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  static func < (a: MonotonicTime, b: MonotonicTime) -> Bool { a.nanoseconds < b.nanoseconds }

  static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
    MonotonicTime(nanoseconds: time.nanoseconds &+ duration.nanoseconds)
  }

  /// How long until this moment; zero where it has passed.
  func remaining(from now: MonotonicTime) -> Duration {
    self > now ? .nanoseconds(Int64(nanoseconds - now.nanoseconds)) : .zero
  }
}
