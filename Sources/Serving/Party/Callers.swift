import NIOConcurrencyHelpers

/// Who is connected to a party, counted: a bound on what one certificate, or all, can make it hold.
final class Callers: Sendable {
  static let most = 4096
  static let mostOfOne = 512

  private let counts = NIOLockedValueBox<(byCaller: [[UInt8]: Int], total: Int)>(([:], 0))

  /// Counts a connection, if there is room for it.
  func enter(_ caller: [UInt8]) -> Bool {
    counts.withLockedValue { counts in
      guard counts.total < Self.most, counts.byCaller[caller] ?? 0 < Self.mostOfOne else { return false }
      counts.byCaller[caller, default: 0] += 1
      counts.total += 1
      return true
    }
  }

  var count: Int { counts.withLockedValue { $0.total } }

  func leave(_ caller: [UInt8]) {
    counts.withLockedValue { counts in
      counts.byCaller[caller, default: 1] -= 1
      if counts.byCaller[caller] == 0 { counts.byCaller[caller] = nil }
      counts.total -= 1
    }
  }
}
