import CoreMetrics
import NIOConcurrencyHelpers

/// A number that only grows.
final class CounterCell: CounterHandler, FloatingPointCounterHandler {
  private let value = NIOLockedValueBox(0.0)

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func increment(by amount: Double) { value.withLockedValue { $0 += max(0, amount) } }
  func reset() { value.withLockedValue { $0 = 0 } }

  var current: Double { value.withLockedValue { $0 } }
}

/// A number as it is now.
final class GaugeCell: MeterHandler, RecorderHandler {
  private let value = NIOLockedValueBox(0.0)

  func set(_ number: Int64) { set(Double(number)) }
  func set(_ number: Double) { value.withLockedValue { $0 = number } }
  func increment(by amount: Double) { value.withLockedValue { $0 += amount } }
  func decrement(by amount: Double) { value.withLockedValue { $0 -= amount } }
  func record(_ number: Int64) { set(number) }
  func record(_ number: Double) { set(number) }

  var current: Double { value.withLockedValue { $0 } }
}

/// How often values came, by their size. Durations are told in seconds.
final class HistogramCell: TimerHandler, RecorderHandler {
  struct Contents: Sendable {
    /// How many values were no larger than each bound, and not counted by the one before; the last place is for all others.
    var counts: [Int]
    var sum = 0.0
  }

  let bounds: [Double]
  private let contents: NIOLockedValueBox<Contents>

  init(bounds: [Double]) {
    self.bounds = bounds
    contents = NIOLockedValueBox(Contents(counts: [Int](repeating: 0, count: bounds.count + 1)))
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
  func record(_ number: Int64) { record(Double(number)) }

  func record(_ number: Double) {
    let place = bounds.firstIndex { number <= $0 } ?? bounds.count
    contents.withLockedValue { contents in
      contents.counts[place] += 1
      contents.sum += number
    }
  }

  var current: Contents { contents.withLockedValue { $0 } }
}
