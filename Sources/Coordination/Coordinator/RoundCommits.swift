import Links
import NIOConcurrencyHelpers

/// Commits the rounds of one run in their order, and tells of each when it is in the state.
///
/// A round whose commit need outlive a kill alone waits until the workers of the next one have been asked, and is committed while they compute.
/// Where rounds are done on a thread that drives connections, commits are not, since the state may be locked by somebody else for seconds: they
/// go their own way, those of a fiftieth of a second together. Until then nobody is told of a round: a coordinator that is killed meanwhile does
/// it again.
package final class RoundCommits: Sendable {
  /// Commits rounds that follow each other and tells of them; whether the job is to stop.
  package typealias Action = @Sendable ([CompletedRound]) throws -> Bool

  private struct State {
    var pending: [CompletedRound] = []
    /// When the first of them was done.
    var since = ContinuousClock.now
    /// Commits that have begun, or wait for one that has.
    var begunCount = 0
    var underWay: Task<Void, Never>?
    var isStopRequested: Bool
    var failure: (any Error)?
  }

  private let durability: Durability
  private let isAside: Bool
  private let gathering: Duration
  private let action: Action
  private let state: NIOLockedValueBox<State>
  private let alarm: Alarm

  /// How much longer rounds wait where the next one takes long.
  private static let patience = Duration.milliseconds(30)

  /// - Parameters:
  ///   - isAside: whether rounds are done on a thread that drives connections.
  ///   - gathering: how long rounds then wait for others to be committed with.
  package init(
    _ durability: Durability, isAside: Bool, gathering: Duration = .milliseconds(20), isStopRequested: Bool,
    action: @escaping Action
  ) {
    self.durability = durability
    self.isAside = isAside
    self.gathering = gathering
    self.action = action
    let state = NIOLockedValueBox(State(isStopRequested: isStopRequested))
    self.state = state
    alarm = Alarm { _ in
      Self.begin(state, action)
      return nil
    }
  }

  /// A round is done.
  ///
  /// - Throws: Why a round could not be committed.
  package func take(_ round: CompletedRound) async throws {
    // Where the state is slow, rounds wait for it at last.
    if state.withLockedValue({ $0.begunCount > 1 }) { try await settle() }
    let now = ContinuousClock.now
    let isDue = state.withLockedValue { state in
      if state.pending.isEmpty { state.since = now }
      state.pending.append(round)
      return now - state.since >= gathering
    }
    if durability == .powerLoss {
      try await settle()
    } else if isAside {
      if isDue { Self.begin(state, action) } else { alarm.set(now + gathering + Self.patience) }
    }
  }

  /// Somebody else has committed a round, and has seen whether the job is to stop.
  func note(isStopRequested: Bool) { state.withLockedValue { $0.isStopRequested = isStopRequested } }

  /// The workers of the next round have been asked.
  package func asked() {
    guard !isAside else { return }
    let rounds = state.withLockedValue { Self.takePending(&$0) }
    if !rounds.isEmpty { Self.perform(rounds, state, action) }
  }

  /// Commits the rounds that wait, if any do.
  ///
  /// - Throws: Why a round could not be committed.
  package func settle() async throws {
    Self.begin(state, action)
    await state.withLockedValue { $0.underWay }?.value
    try check()
  }

  /// Whether the job was to stop when the last round was committed that is in the state.
  ///
  /// - Throws: Why a round could not be committed.
  package func mustStop() throws -> Bool {
    try check()
    return state.withLockedValue { $0.isStopRequested }
  }

  private func check() throws {
    if let failure = state.withLockedValue({ $0.failure }) { throw failure }
  }

  private static func takePending(_ state: inout State) -> [CompletedRound] {
    defer { state.pending = [] }
    return state.pending
  }

  private static func begin(_ state: NIOLockedValueBox<State>, _ action: @escaping Action) {
    state.withLockedValue { held in
      let rounds = takePending(&held)
      guard !rounds.isEmpty else { return }
      held.begunCount += 1
      let previous = held.underWay
      held.underWay = Task {
        await previous?.value
        perform(rounds, state, action)
        state.withLockedValue { $0.begunCount -= 1 }
      }
    }
  }

  /// Commits rounds, unless one before them could not be.
  private static func perform(_ rounds: [CompletedRound], _ state: NIOLockedValueBox<State>, _ action: Action) {
    guard state.withLockedValue({ $0.failure == nil }) else { return }
    do {
      let mustStop = try action(rounds)
      state.withLockedValue { $0.isStopRequested = mustStop }
    } catch {
      state.withLockedValue { $0.failure = error }
    }
  }
}
