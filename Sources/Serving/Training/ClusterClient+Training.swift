import Arithmetic
package import Sharing
package import Tensors
import Transports

/// What a training on shares gives its client.
package struct TrainingAnswer: Sendable {
  /// The mean loss of each epoch; empty where it is not revealed.
  package var losses: [Double] = []
  /// By name; empty where the model stays in shares.
  package var weights: [String: Tensor<Float>] = [:]
  /// What was sent by the parties and the client for the training itself, its rows left out.
  package var traffic = Cost.none
  /// Of the training, at the slowest party.
  package var seconds = 0.0
}

/// How far a training is.
package struct TrainingStep: Sendable {
  /// Steps that are done, of so many.
  package var step: Int
  package var stepCount: Int
  /// The loss of the last epoch, if it is known and revealed.
  package var loss: Double?
}

extension ClusterClient {
  /// Shares rows of features and targets, in pieces; returns what was sent.
  ///
  /// No party learns anything of them but their number and width.
  package func share(
    features: Tensor<Float>, targets: Tensor<Float>, dataset: String, owner: Int, fractionBits: Int
  ) async throws -> Cost {
    let count = features.shape[0]
    var sent = Cost.none
    for rows in TrainingPlan.blocks(of: count) {
      let words = try SecretRows.encode(features, targets, rows, fractionBits: fractionBits)
      let parcels = InputSharing.parcels(of: [words])
      _ = try await ask(
        parcels.map {
          ServingFrame(
            .rows(dataset: dataset, owner: owner, rows: rows.count, width: words.shape[1]), body: $0.bytes)
        })
      sent = sent + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.byteCount })
    }
    return sent
  }

  /// Has the parties train on the rows of so many owners.
  package func train(
    _ program: TrainingProgram, id: String, weights: [String: Tensor<Float>], dataset: String, owners: Int,
    progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    let tensors = try program.weightNames.map { name in
      try SecretInput.encode(
        weights[name] ?? Tensor(shape: [0], scalars: []), named: "the weight \(name)", fractionBits: program.fractionBits)
    }
    let parcels = InputSharing.parcels(of: tensors)
    var answer = try await follow(
      program,
      parcels.map {
        ServingFrame(.train(id: id, dataset: dataset, owners: owners, program), body: $0.bytes)
      }, progress)
    answer.traffic = answer.traffic + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.byteCount })
    return answer
  }

  /// Has the parties go on with a training that stopped.
  package func resume(
    _ program: TrainingProgram, id: String, progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    try await follow(program, (0..<3).map { _ in ServingFrame(.resume(id: id, program)) }, progress)
  }

  private func follow(
    _ program: TrainingProgram, _ requests: [ServingFrame<Request>], _ progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    var collector = TrainingCollector(program)
    for try await (party, frame) in try await stream(requests, until: { $0.isLastOfTraining }) {
      if let step = try collector.take(frame, from: party) { try progress(step) }
    }
    return try collector.answer()
  }
}

/// Puts together what three parties say of a training.
private struct TrainingCollector {
  private let program: TrainingProgram
  private var answer_ = TrainingAnswer()
  private var epochs: [Int: [RingTensor]] = [:]
  private var summands: [[UInt64]] = []

  init(_ program: TrainingProgram) { self.program = program }

  /// Takes one reply; how far the training is, where the reply tells.
  mutating func take(_ frame: ServingFrame<Reply>, from party: Int) throws -> TrainingStep? {
    switch frame.control {
    case .training(let step):
      return party == 0 ? TrainingStep(step: step, stepCount: program.stepCount, loss: nil) : nil
    case .epoch(let epoch):
      guard let words = WordBytes.words(in: frame.body), words.count == (program.revealsLoss ? 1 : 0) else {
        throw ServingError.unexpectedReply(party: party)
      }
      return try takeEpoch(epoch, words)
    case .trained(let rounds, let bytesSent, let seconds):
      guard let words = WordBytes.words(in: frame.body) else { throw ServingError.unexpectedReply(party: party) }
      summands.append(words)
      answer_.traffic.rounds = max(answer_.traffic.rounds, rounds)
      answer_.traffic.byteCount += bytesSent
      answer_.seconds = max(answer_.seconds, seconds)
      return nil
    case .refused(let reason, let exitCode):
      throw ServingError.refused(party: party, reason: reason, exitCode: exitCode)
    case .welcome, .shared, .withdrawn, .answer, .stored: throw ServingError.unexpectedReply(party: party)
    }
  }

  private mutating func takeEpoch(_ epoch: Int, _ words: [UInt64]) throws -> TrainingStep? {
    epochs[epoch, default: []].append(RingTensor(shape: [words.count], scalars: words))
    guard let parts = epochs[epoch], parts.count == 3 else { return nil }
    epochs[epoch] = nil
    var step = TrainingStep(step: epoch * program.stepsPerEpoch, stepCount: program.stepCount, loss: nil)
    guard program.revealsLoss else { return step }
    answer_.traffic = answer_.traffic + Cost(rounds: 1, byteCount: 24)
    let sum = FixedTensor(ring: parts[0] + parts[1] + parts[2], fractionBits: program.fractionBits).decoded()
    step.loss = Double(sum.scalars[0]) / Double(program.rowCount)
    answer_.losses.append(step.loss ?? 0)
    return step
  }

  /// The whole, when all parties are done.
  mutating func answer() throws -> TrainingAnswer {
    guard program.revealsModel else { return answer_ }
    let counts = program.weightNames.map { program.shape(of: $0).count }
    let total = counts.reduce(0, +)
    for (party, words) in summands.enumerated() where words.count != total {
      throw ServingError.unexpectedReply(party: party)
    }
    answer_.traffic = answer_.traffic + Cost(rounds: 1, byteCount: 24 * total)
    var offset = 0
    for (name, count) in zip(program.weightNames, counts) {
      let shape = program.shape(of: name)
      let parts = summands.map { RingTensor(shape: shape, scalars: Array($0[offset..<offset + count])) }
      let sum = parts.dropFirst().reduce(parts[0]) { $0 + $1 }
      answer_.weights[name] = FixedTensor(ring: sum, fractionBits: program.fractionBits).decoded()
      offset += count
    }
    return answer_
  }
}

extension Reply {
  fileprivate var isLastOfTraining: Bool {
    switch self {
    case .trained, .refused: true
    case .training, .epoch, .welcome, .shared, .withdrawn, .answer, .stored: false
    }
  }
}

/// Rows on their way into the ring.
package enum SecretRows {
  /// Features and targets of the given rows side by side: `[rows, features + targets]`.
  package static func encode(
    _ features: Tensor<Float>, _ targets: Tensor<Float>, _ rows: Range<Int>, fractionBits: Int
  ) throws -> RingTensor {
    func part(_ tensor: Tensor<Float>, _ name: String) throws -> RingTensor {
      let piece = tensor.sliced(axis: 0, rows)
      return try SecretInput.encode(
        piece.reshaped(to: [rows.count, piece.count / max(rows.count, 1)]), named: name, fractionBits: fractionBits)
    }
    return RingTensor.concatenated([try part(features, "the features"), try part(targets, "the targets")], axis: 1)
  }
}
