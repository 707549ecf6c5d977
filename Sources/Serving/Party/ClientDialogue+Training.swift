import Identity
import Learning
import Sharing
import Tensors
import Transports

/// Trainings on shares: their rows, their news.
extension ClientDialogue {
  /// Takes part in a training on shares.
  func train(_ frame: ServingFrame<Request>, by client: CallerID) async throws {
    switch frame.control {
    case .hello, .share, .models, .health, .links, .page, .withdraw, .query, .prepare, .aggregationKey, .collect,
      .contribution,
      .aggregate:
      throw ServingError.malformedMessage
    case .rows(let header):
      let (rows, width) = (header.rowCount, header.width)
      guard (1...1 << 20).contains(rows), (1...SharedModel.Description.largestInput / rows).contains(width) else {
        throw ServingError.badRequest("\(rows) rows of \(width) numbers are more than a party takes at once")
      }
      let block = try SharedRows.Block(frame.body, rowCount: rows, width: width, party: party, scheme: scheme)
      try await state.store(block, header, from: await place)
      try await send(.stored)
    case .count(let dataset, let owners):
      let counts = await state.rowCounts(of: dataset, owners: owners)
      try await send(.counts(training: counts.map(\.training), test: counts.map(\.test)))
    case .train(let id, let dataset, let owners, let program):
      try program.validate()
      let rows = try await state.takeRows(of: dataset, owners: owners, for: program)
      let weights = try scheme.unpack(
        frame.body, party: party, shapes: program.weightNames.map { program.shape(of: $0) },
        answers: scheme.masks(of: program))
      let checkpoints = scheme.fileScheme == .spdz ? nil : try store.map { try place(of: id, by: client, in: $0) }
      try await follow(
        PendingTraining(
          id: id, program: program,
          origin: .fresh(rows: rows, weights: weights, place: checkpoints)))
    case .resume(let id, let program):
      try program.validate()
      guard scheme.fileScheme != .spdz else {
        throw ServingError.badRequest(
          "parties of a cluster with scheme: spdz keep no checkpoints, as MACs outlive no session: "
            + "start anew, without --resume")
      }
      guard let store else { throw ServingError.badRequest("this party keeps no checkpoints: start it with --state") }
      let place = try place(of: id, by: client, in: store)
      let answers = scheme.masks(of: program)
      let masks = scheme.isChecked ? try scheme.unpack(frame.body, party: party, shapes: [], answers: answers) : nil
      try await follow(PendingTraining(id: id, program: program, origin: .resumed(place, masks: masks)))
    }
  }

  private func place(of id: String, by client: CallerID, in store: TrainingStore) throws -> TrainingPlace {
    try store.place(of: id, party: party, scheme: scheme, client: client.name)
  }

  /// Passes on the news of a training until it ends.
  private func follow(_ training: PendingTraining) async throws {
    for try await news in try await state.start(training) {
      switch news {
      case .step(let step): try await send(.training(step: step))
      case .epoch(let epoch, let loss):
        try await send(.epoch(epoch), body: loss.map { WordBytes.bytes(of: $0.scalars) } ?? [])
      case .waiting(let progress): try await send(.waiting(progress))
      case .finished(let words, let figures):
        try await send(.trained(figures), body: WordBytes.bytes(of: words.scalars))
      }
    }
  }

  /// What the caller's rows are kept by.
  private var place: String {
    get async {
      guard let peer = await connection.peer else { return "" }
      return peer.role == Role.worker.rawValue ? Job.EncryptedPart.Owner.place(ofWorker: peer.name) : peer.name
    }
  }
}
