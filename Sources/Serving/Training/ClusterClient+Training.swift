import Arithmetic
package import Learning
package import Sharing
package import Tensors
import Transports

/// What a training on shares gives its client.
package struct TrainingAnswer: Sendable {
  /// The mean loss of each epoch; empty where it is not revealed.
  package var losses: [Double] = []
  /// By name; empty where the model stays in shares.
  package var weights: [String: Tensor<Float>] = [:]
  /// What the judging came to, summed over the test rows; `nil` where the model is not judged on shares.
  package var figure: Double?
  /// What was sent by the parties and the client for the training itself, its rows left out.
  package var traffic = Cost.none
  /// Of the training, at the slowest party.
  package var seconds = 0.0
  /// What a dealer took, much of it meanwhile.
  package var offlineSeconds = 0.0
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
  /// No party learns anything of them but their number and width. They take the place of what the owner shared before.
  package func share(
    _ rows: (features: Tensor<Float>, targets: Tensor<Float>), _ part: RowPart, dataset: String, owner: Int,
    agreed: Set<Job.EncryptedPart.Revealed>, fractionBits: Int
  ) async throws -> Cost {
    let agreed = Job.EncryptedPart.Revealed.allCases.filter(agreed.contains)
    var sent = Cost.none
    for range in TrainingPlan.blocks(of: rows.features.shape[0]) {
      let words = try SecretRows.encode(rows.features, rows.targets, range, fractionBits: fractionBits)
      let parcels = scheme.parcels(of: [words])
      let header = RowsHeader(
        dataset: dataset, part: part, owner: owner, start: range.lowerBound, rowCount: range.count,
        width: words.shape[1], agreed: agreed)
      _ = try await ask(parcels.map { ServingFrame(.rows(header), body: $0.bytes) })
      sent = sent + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.payloadByteCount })
    }
    return sent
  }

  /// How many rows of each part the owners have shared.
  package func rowCounts(of dataset: String, owners: [String]) async throws -> (training: [Int], test: [Int]) {
    let replies = try await ask(connections.map { _ in ServingFrame(.count(dataset: dataset, owners: owners)) })
    var counts: (training: [Int], test: [Int])?
    for (party, reply) in replies.enumerated() {
      guard case .counts(let training, let test) = reply.control, training.count == owners.count,
        test.count == owners.count
      else { throw ServingError.unexpectedReply(party: party) }
      // A parcel may have reached some parties only.
      let least = { (a: [Int], b: [Int]) in zip(a, b).map { min($0, $1) } }
      counts = counts.map { (least($0.training, training), least($0.test, test)) } ?? (training, test)
    }
    return counts ?? ([], [])
  }

  /// Has the parties train on the rows of the owners with these names in their certificates.
  package func train(
    _ program: TrainingProgram, id: String, weights: [String: Tensor<Float>], dataset: String, owners: [String],
    progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    let tensors = try SecretInput.encode(
      weights: program.weightNames, of: weights, fractionBits: program.fractionBits)
    let (parcels, masks) = scheme.question(tensors, answers: scheme.masks(of: program))
    var answer = try await follow(
      program, mask: masks.first,
      parcels.map {
        ServingFrame(.train(id: id, dataset: dataset, owners: owners, program), body: $0.bytes)
      }, progress)
    answer.traffic =
      answer.traffic + scheme.costs.starting
      + Cost(rounds: 1, byteCount: parcels.reduce(0) { $0 + $1.payloadByteCount })
    return answer
  }

  /// Has the parties go on with a training that stopped. Parties that may deviate are given new masks of all that they tell.
  package func resume(
    _ program: TrainingProgram, id: String, progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    guard scheme.isChecked else {
      return try await follow(
        program, mask: nil, connections.map { _ in ServingFrame(.resume(id: id, program)) }, progress)
    }
    let (parcels, masks) = scheme.question([], answers: scheme.masks(of: program))
    return try await follow(
      program, mask: masks.first, parcels.map { ServingFrame(.resume(id: id, program), body: $0.bytes) }, progress)
  }

  private func follow(
    _ program: TrainingProgram, mask: RingTensor?, _ requests: [ServingFrame<Request>],
    _ progress: (TrainingStep) throws -> Void
  ) async throws -> TrainingAnswer {
    var collector = TrainingCollector(program, scheme: scheme, mask: mask)
    for try await (party, frame) in try await stream(requests, until: { $0.isLastOfTraining }) {
      let news = try TrainingNews(frame, from: party)
      // The last party is the one who knows.
      if case .waiting(let progress) = news, party == connections.count - 1 { waiting(progress) }
      if let step = try collector.take(news, from: party) { try progress(step) }
    }
    return try collector.answer()
  }
}

extension TrainingNews {
  /// What a party says.
  fileprivate init(_ frame: ServingFrame<Reply>, from party: Int) throws {
    guard let words = WordBytes.words(in: frame.body) else { throw ServingError.unexpectedReply(party: party) }
    let body = RingTensor(shape: [words.count], scalars: words)
    switch frame.control {
    case .training(let step): self = .step(step)
    case .epoch(let epoch): self = .epoch(epoch, loss: words.isEmpty ? nil : body)
    case .waiting(let progress): self = .waiting(progress)
    case .trained(let figures): self = .finished(body, figures)
    case .refused(let reason, let exitCode):
      throw ServingError.refused(party: party, reason: reason, exitCode: exitCode)
    case .declined(let other): throw ServingError.declined(by: other)
    case .welcome, .shared, .withdrawn, .models, .health, .links, .page, .answer, .prepared, .stored, .counts,
      .aggregationKey,
      .contribution,
      .aggregated:
      throw ServingError.unexpectedReply(party: party)
    }
  }
}

extension Reply {
  fileprivate var isLastOfTraining: Bool {
    switch self {
    case .trained, .refused, .declined: true
    case .training, .epoch, .welcome, .shared, .withdrawn, .models, .health, .links, .page, .answer, .waiting,
      .prepared,
      .stored,
      .counts,
      .aggregationKey, .contribution, .aggregated:
      false
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
