import Crypto
import Foundation
import Sharing
import Tensors
package import Transports

/// The news of a training on their way to its client.
typealias TrainingStream = AsyncThrowingStream<TrainingNews, any Error>

/// A training that waits at a party.
package struct PendingTraining: Sendable {
  package enum Origin: Sendable {
    /// From the client's weights; checkpoints go to the place, if the program asks for any.
    case fresh(rows: TrainingRows, weights: HeldShares, place: TrainingPlace?)
    /// - Parameter masks: of all that is told, where parties tell it under masks.
    case resumed(TrainingPlace, masks: HeldShares? = nil)
  }

  let id: String
  let program: TrainingProgram
  let origin: Origin

  package init(id: String, program: TrainingProgram, origin: Origin) {
    self.id = id
    self.program = program
    self.origin = origin
  }
}

/// One training among the parties, from the agreement on keys or on a checkpoint to the end.
package struct TrainingSession<Scheme: TrainingScheme> {
  private let channel: any Channel
  private let training: PendingTraining
  private let scheme: Scheme

  package init(channel: any Channel, training: PendingTraining, scheme: Scheme) {
    self.channel = channel
    self.training = training
    self.scheme = scheme
  }

  private var program: TrainingProgram { training.program }

  package func run(report: @escaping (TrainingNews) -> Void) async throws {
    switch training.origin {
    case .fresh(let rows, let weights, let place):
      let place = program.checkpointEvery > 0 ? place : nil
      try require(rows)
      let keys = try await scheme.begin(training.id)
      let noiseKey = StepNoise.freshKey()
      try place?.begin(keys, noiseKey: noiseKey, digest: try digest, rows: rows)
      let steps = try await scheme.steps(of: program, keys: keys, after: 0)
      let admitted: (weights: [HeldShare], rows: TrainingRows)
      do { admitted = try await steps.admit(weights, rows) } catch {
        // Nobody goes on with what was refused.
        place?.remove()
        throw error
      }
      let state = start(admitted.weights)
      try place?.save(state, names: program.valueNames)
      try await run(steps, from: state, rows: admitted.rows, noiseKey: noiseKey, place: place, report: report)
    case .resumed(let place, let masks):
      let found = Result { try place.beginning(digest: try digest) }
      let step = try await commonStep((try? found.get()) == nil ? [] : place.steps)
      let (keys, noiseKey, rows) = try found.get()
      guard let step else {
        throw ServingError.badRequest("the parties have no checkpoint of training \(training.id) in common")
      }
      let kept = try place.load(step: step, names: program.valueNames, program: program)
      // Nobody takes a step before all have said that theirs are gone: a later stop must not find some of now and some of
      // then.
      try place.forget(after: step)
      let steps = try await scheme.steps(of: program, keys: keys, after: step)
      let state = try await steps.readmit(kept, rows, masks: masks)
      try await run(steps, from: state, rows: rows, noiseKey: noiseKey, place: place, report: report)
    }
  }

  private func run(
    _ steps: Scheme.Steps, from state: TrainingState, rows: TrainingRows, noiseKey: [UInt8], place: TrainingPlace?,
    report: @escaping (TrainingNews) -> Void
  ) async throws {
    let run = TrainingRun(
      program: program, rows: rows, steps: steps,
      noise: Scheme.Steps.bringsNoise ? try StepNoise(program, key: noiseKey) : nil, report: report, place: place)
    try await run.run(from: state)
    place?.remove()
  }

  private func require(_ rows: TrainingRows) throws {
    for part in RowPart.allCases {
      let (shared, wanted) = (rows[part], (part == .training ? program.rowCount : program.judging?.rowCount ?? 0))
      guard shared.rowCount == wanted, wanted == 0 || shared.width == program.rowWidth(of: part) else {
        throw ServingError.badRequest(
          "\(shared.rowCount) \(part.rawValue) rows of \(shared.width) numbers were shared, not \(wanted) of "
            + "\(program.rowWidth(of: part))")
      }
    }
  }

  /// The state before the first step, with the masks of what will be told, where there are any.
  private func start(_ weights: [HeldShare]) -> TrainingState {
    var values = Dictionary(uniqueKeysWithValues: zip(program.weightNames, weights))
    let components = 0..<Scheme.Steps.Scheme.Share.componentCount
    for name in program.stateNames {
      let zero = RingTensor(repeating: 0, shape: program.shape(of: name))
      values[name] = HeldShare(components: components.map { _ in zero })
    }
    return TrainingState(values: values, mask: weights.dropFirst(program.weightNames.count).first)
  }

  /// The last step of which every party has a checkpoint. One round.
  private func commonStep(_ own: [Int]) async throws -> Int? {
    let message = WordBytes.bytes(of: own.map { UInt64($0) })
    let answers = try await channel.exchange(channel.peers.map { Outgoing(message, to: $0) }, from: channel.peers)
    var common = Set(own)
    for answer in answers {
      guard let words = WordBytes.words(in: answer[...]) else { throw ServingError.malformedMessage }
      common.formIntersection(words.map { Int(truncatingIfNeeded: $0) })
    }
    return common.max()
  }

  /// What must be the same when a training goes on: the program and the code.
  private var digest: [UInt8] {
    get throws {
      Array(SHA256.hash(data: try program.encoded() + Data("|\(TacitVersion.current)|\(channel.party)".utf8)))
    }
  }
}

extension ServingError {
  /// Whether the parties are out of step after it; a refusal that all of them come to is not.
  var endsSession: Bool {
    switch self {
    case .badRequest, .unknownModel, .dealerFails, .untrusted, .policy, .busy, .declined: false
    case .malformedMessage, .wrongVersion, .unexpectedReply, .refused, .queryMissing, .sessionBroken, .partyExited,
      .partySilent, .dealerExited, .storage, .abandoned, .cheated:
      true
    }
  }
}
