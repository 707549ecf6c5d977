import Arithmetic
import Crypto
import Foundation
import Identity
import Learning
import Sharing
import Tensors

/// An encrypted job as it will run: the parties' program, its cost, and what must be the same when it goes on.
struct JobPlan {
  let program: TrainingProgram
  let scheme: ClusterScheme
  let counts: RowCounts
  /// Of the whole; without the rows where their owners share them by themselves.
  let traffic: TrainingPlan
  let digest: String

  var cost: Cost { traffic.cost }

  /// - Parameter stopped: the training to go on with, if it is not a new one.
  /// - Throws: ``ServingError/badRequest(_:)`` where the job cannot run on shares, or is not the one that stopped.
  init(_ prepared: PreparedJob, _ counts: RowCounts, stopped: TrainingLedger.Entry?) async throws {
    self.counts = counts
    scheme = ClusterScheme(prepared.job.encrypted ?? Job.EncryptedPart())
    program = try TrainingProgram(
      prepared, rows: counts.training.reduce(0, +), testRows: counts.test.reduce(0, +))
    try program.validate()
    digest = try Self.digest(program, prepared)
    guard stopped == nil || stopped?.digest == digest else {
      throw ServingError.badRequest(
        "the training that stopped was of another job, other data or another version: start without --resume")
    }
    let isHere = !prepared.job.hasSeparateOwners
    traffic = try await TrainingPlan(
      of: program, counts: counts, areHere: isHere, scheme: scheme)
  }

  /// Steps on their way to who watches the training.
  func reporting(to progress: @escaping (EncryptedTrainer.Progress) -> Void) -> (TrainingStep) -> Void {
    { [program] step in
      progress(
        EncryptedTrainer.Progress(
          epoch: min(step.step / program.stepsPerEpoch + 1, program.epochs), epochs: program.epochs,
          share: Double(step.step) / Double(step.stepCount), loss: step.loss))
    }
  }

  /// Of program, job, rows and code.
  private static func digest(_ program: TrainingProgram, _ prepared: PreparedJob) throws -> String {
    var hash = SHA256()
    hash.update(data: try program.encoded())
    hash.update(data: Data(try prepared.job.dataset.utf8))
    let test = prepared.testRows
    for tensor in [prepared.features, prepared.targets, test.features, test.targets] {
      tensor.scalars.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    hash.update(data: Data(TacitVersion.current.utf8))
    return Hexadecimal.text(hash.finalize())
  }
}

extension ClusterScheme {
  /// How a job wants its parties to share.
  init(_ part: Job.EncryptedPart) {
    switch part.scheme {
    case .replicated: self = .replicated
    case .replicatedMalicious: self = .replicatedMalicious
    case .additive: self = .additive(partyCount: part.parties)
    case .spdz: self = .spdz(partyCount: part.parties)
    }
  }

  /// - Throws: ``ServingError/badRequest(_:)`` where the parties of a cluster share otherwise.
  func check(_ cluster: ClusterFile, file: String) throws {
    let found = try ClusterScheme(cluster)
    guard found == self else {
      throw ServingError.badRequest(
        "the job asks for \(self), and \(file) is a cluster of \(found): change encrypted.scheme and encrypted.parties "
          + "of the job, or its cluster")
    }
  }
}

extension RowCounts {
  /// Where an owner's rows stand among all.
  func range(of owner: Int, _ part: RowPart) -> Range<Int> {
    let counts = part == .training ? training : test
    let start = counts[..<owner].reduce(0, +)
    return start..<start + counts[owner]
  }
}
