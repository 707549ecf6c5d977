import Identity
import Sharing
import Tensors
import Transports

/// A party's side of the conversation with one client.
struct ClientDialogue {
  let connection: FrameConnection
  let state: PartyState
  let party: PartyID
  /// Where trainings keep their checkpoints, if anywhere.
  let store: TrainingStore?

  /// How long a client may be silent.
  static let idle = Duration.seconds(3600)
  static let largestBatch = 1 << 20

  /// Answers requests until the client goes.
  func run(first: Message) async throws {
    guard await connection.peer?.role == Role.client.rawValue else {
      return try await refuse(ServingError.badRequest("only a client may ask for predictions"))
    }
    guard case .hello(let version) = try ServingFrame<Request>(first).control else {
      throw ServingError.malformedMessage
    }
    try await send(.welcome(party: party, version: Request.version))
    guard version == Request.version else { throw ServingError.wrongVersion(found: version) }
    while true {
      let message = try await connection.receive(within: Self.idle)
      do {
        try await answer(try ServingFrame<Request>(message))
      } catch let error as ChannelError {
        throw error
      } catch {
        try await refuse(error)
      }
    }
  }

  private func answer(_ frame: ServingFrame<Request>) async throws {
    switch frame.control {
    case .hello: throw ServingError.malformedMessage
    case .share(let name, let description):
      let parcel = try InputSharing.Parcel(bytes: frame.body)
      await state.store(try SharedModel(description, parcel: parcel, party: party), as: name)
      try await send(.shared)
    case .withdraw(let name):
      try await state.withdraw(name)
      try await send(.withdrawn)
    case .query(let id, let name, let batch):
      guard (1...Self.largestBatch).contains(batch) else {
        throw ServingError.badRequest("a batch has 1 to \(Self.largestBatch) examples, not \(batch)")
      }
      let model = try await state.model(name)
      let parcel = try InputSharing.Parcel(bytes: frame.body)
      let input = try InputSharing.unpack(
        parcel, party: party, shapes: [try model.description.shape(batch: batch)])[0]
      let answer = try await state.answer(to: PendingQuery(id: id, model: model, input: input, batch: batch))
      try await send(
        .answer(rounds: answer.traffic.rounds, bytesSent: answer.traffic.byteCount, seconds: answer.seconds),
        body: WordBytes.bytes(of: answer.summand.scalars))
    case .rows(let header):
      let (rows, width) = (header.rowCount, header.width)
      guard (1...1 << 20).contains(rows), (1...SharedModel.Description.largestInput / rows).contains(width) else {
        throw ServingError.badRequest("\(rows) rows of \(width) numbers are more than a party takes at once")
      }
      let parcel = try InputSharing.Parcel(bytes: frame.body)
      let block = try SharedRows.Block(parcel, rowCount: rows, width: width, party: party)
      try await state.store(block, header, from: await connection.peer?.name ?? "")
      try await send(.stored)
    case .count(let dataset, let owners):
      let counts = await state.rowCounts(of: dataset, owners: owners)
      try await send(.counts(training: counts.map(\.training), test: counts.map(\.test)))
    case .train(let id, let dataset, let owners, let program):
      try program.validate()
      let rows = try await state.takeRows(of: dataset, owners: owners, for: program)
      let parcel = try InputSharing.Parcel(bytes: frame.body)
      let weights = try InputSharing.unpack(
        parcel, party: party, shapes: program.weightNames.map { program.shape(of: $0) })
      try await follow(
        PendingTraining(
          id: id, program: program,
          origin: .fresh(rows: rows, weights: weights, place: try store?.place(of: id, party: party))))
    case .resume(let id, let program):
      try program.validate()
      guard let store else { throw ServingError.badRequest("this party keeps no checkpoints: start it with --storage") }
      try await follow(
        PendingTraining(id: id, program: program, origin: .resumed(try store.place(of: id, party: party))))
    }
  }

  /// Passes on the news of a training until it ends.
  private func follow(_ training: PendingTraining) async throws {
    for try await news in try await state.start(training) {
      switch news {
      case .step(let step): try await send(.training(step: step))
      case .epoch(let epoch, let loss):
        try await send(.epoch(epoch), body: loss.map { WordBytes.bytes(of: $0.scalars) } ?? [])
      case .finished(let words, let traffic, let seconds):
        try await send(
          .trained(rounds: traffic.rounds, bytesSent: traffic.byteCount, seconds: seconds),
          body: WordBytes.bytes(of: words.scalars))
      }
    }
  }

  private func refuse(_ error: any Error) async throws {
    let exitCode: Int =
      switch error {
      case let error as ServingError: error.exitCode
      case is ChannelError: 3
      default: 2
      }
    try await send(.refused(reason: "\(error)", exitCode: exitCode))
  }

  private func send(_ reply: Reply, body: [UInt8] = []) async throws {
    try await connection.send(try ServingFrame(reply, body: body).message)
  }
}
