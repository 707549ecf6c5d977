/// What a commit outlives once it has returned.
package enum Durability: Hashable, Sendable {
  /// A loss of power: it is on disk.
  case powerLoss
  /// A kill of the process: the system has it. A loss of power may take what was committed within a second after the last commit
  /// that waited for the disk.
  case kill
}

/// Which commits wait for the disk: all that must outlive a loss of power, and of the others the first and then one a second. With it
/// all that came before it is on disk.
package struct DiskWaits: Sendable {
  private let interval: Duration
  private var last: ContinuousClock.Instant?

  package init(interval: Duration = .seconds(1)) { self.interval = interval }

  /// Whether a commit that begins at an instant waits.
  package mutating func mustWait(_ durability: Durability, at now: ContinuousClock.Instant) -> Bool {
    if durability == .kill, let last, now - last < interval { return false }
    last = now
    return true
  }
}
