package import Foundation
import Links
import NIOConcurrencyHelpers

/// Commits the rounds of one run in their order, and tells of each when it is in the state.
///
/// A round whose commit need outlive a kill alone waits until the workers of the next one have been asked, and is committed beside that one.
/// Until then nobody is told of it: a coordinator that is killed meanwhile does it again. No more than three rounds are not in the state.
///
/// Where rounds are done on a thread that drives connections, commits are not: the state may be locked by somebody else for seconds. They then
/// wait for the next round's first answer, since a worker is done before a commit is and would otherwise share a core with it.
package final class RoundCommits: Sendable {
  /// What is committed of one round.
  package struct Commit: Sendable {
    package let record: RoundRecord
    package let model: [Float]
    package let strategy: Data?

    package init(record: RoundRecord, model: [Float], strategy: Data?) {
      self.record = record
      self.model = model
      self.strategy = strategy
    }
  }

  /// Commits a round and tells of it; whether the job is to stop.
  package typealias Action = @Sendable (Commit) throws -> Bool

  private struct State {
    var pending: Commit?
    /// Commits that have begun, or wait for one that has.
    var begunCount = 0
    var underWay: Task<Void, Never>?
    var isStopRequested: Bool
    var failure: (any Error)?
  }

  private let durability: Durability
  private let isAside: Bool
  private let action: Action
  private let state: NIOLockedValueBox<State>
  private let alarm: Alarm

  /// How long a round waits for an answer to the next one's questions.
  private static let patience = Duration.milliseconds(50)

  /// - Parameter isAside: whether rounds are done on a thread that drives connections.
  package init(_ durability: Durability, isAside: Bool, isStopRequested: Bool, action: @escaping Action) {
    self.durability = durability
    self.isAside = isAside
    self.action = action
    let state = NIOLockedValueBox(State(isStopRequested: isStopRequested))
    self.state = state
    alarm = Alarm { _ in
      Self.begin(state, action)
      return nil
    }
  }

  /// A round is done.
  package func take(_ commit: Commit) async throws {
    if state.withLockedValue({ $0.pending != nil || $0.begunCount > 1 }) { try await settle() }
    state.withLockedValue { $0.pending = commit }
    if durability == .powerLoss {
      try await settle()
    } else if isAside {
      alarm.set(.now + Self.patience)
    }
  }

  /// Somebody else has committed a round, and has seen whether the job is to stop.
  func note(isStopRequested: Bool) { state.withLockedValue { $0.isStopRequested = isStopRequested } }

  /// The workers of the next round have been asked.
  package func asked() {
    guard !isAside else { return }
    if let commit = state.withLockedValue({ Self.takePending(&$0) }) { Self.perform(commit, state, action) }
  }

  /// One of them has answered.
  package func answered() {
    if isAside { Self.begin(state, action) }
  }

  /// Commits the round that waits, if one does.
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

  private static func takePending(_ state: inout State) -> Commit? {
    defer { state.pending = nil }
    return state.pending
  }

  private static func begin(_ state: NIOLockedValueBox<State>, _ action: @escaping Action) {
    state.withLockedValue { held in
      guard let commit = takePending(&held) else { return }
      held.begunCount += 1
      let previous = held.underWay
      held.underWay = Task {
        await previous?.value
        perform(commit, state, action)
        state.withLockedValue { $0.begunCount -= 1 }
      }
    }
  }

  /// Commits a round, unless one before it could not be.
  private static func perform(_ commit: Commit, _ state: NIOLockedValueBox<State>, _ action: Action) {
    guard state.withLockedValue({ $0.failure == nil }) else { return }
    do {
      let mustStop = try action(commit)
      state.withLockedValue { $0.isStopRequested = mustStop }
    } catch {
      state.withLockedValue { $0.failure = error }
    }
  }
}
