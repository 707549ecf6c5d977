import Foundation

/// Commits the rounds of one run, and tells of each when it is in the state.
///
/// A round whose commit need outlive a kill alone waits until the workers of the next one have been asked: it is committed while they
/// compute. Until then nobody is told of it; a coordinator that is killed meanwhile does it again.
final class RoundCommits {
  private let run: FederatedRun
  private let durability: Durability
  private var pending: (record: RoundRecord, model: [Float], strategy: Data?)?
  private var isStopRequested: Bool

  init(_ run: FederatedRun, _ durability: Durability) throws(CoordinationError) {
    self.run = run
    self.durability = durability
    isStopRequested = try run.database.job(run.record.id).stopRequested
  }

  /// A round is done.
  func take(_ record: RoundRecord, model: [Float], strategy: Data?) throws(CoordinationError) {
    try settle()
    pending = (record, model, strategy)
    if durability == .powerLoss { try settle() }
  }

  /// Somebody else has committed a round, and has seen whether the job is to stop.
  func note(isStopRequested: Bool) { self.isStopRequested = isStopRequested }

  /// Commits the round that waits, if one does.
  func settle() throws(CoordinationError) {
    guard let (record, model, strategy) = pending else { return }
    pending = nil
    isStopRequested = try run.database.commit(record, model: model, strategy: strategy, outliving: durability)
    run.events.tell(.round(record))
  }

  /// - Throws: ``CoordinationError/stopped(job:round:)`` where the job was to stop when its last round was committed.
  func checkStop(after round: Int) throws(CoordinationError) {
    if isStopRequested { throw .stopped(job: run.record.id, round: round) }
  }
}
