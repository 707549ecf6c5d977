import Identity
import Learning
import Sharing
import Tensors
import Transports

/// A party's side of the conversation with one client.
struct ClientDialogue {
  let connection: FrameConnection
  let state: PartyState
  let party: PartyID
  let scheme: ClusterScheme
  /// What additive parties have besides.
  let dealing: PartyDealing?
  /// Where trainings keep their checkpoints, if anywhere.
  let store: TrainingStore?

  /// How long a client may be silent.
  static let idle = Duration.seconds(3600)
  static let largestBatch = 1 << 20
  static let mostRuns = 10_001

  /// Answers requests until the client goes.
  func run(first: Message) async throws {
    guard let peer = await connection.peer, peer.role == Role.client.rawValue || peer.role == Role.worker.rawValue
    else {
      return try await refuse(ServingError.badRequest("only a client may ask for predictions"))
    }
    try await Self.greet(connection, first: first, party: party)
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

  /// Answers a caller's first message.
  static func greet(_ connection: FrameConnection, first: Message, party: PartyID) async throws {
    guard case .hello(let version) = try ServingFrame<Request>(first).control else {
      throw ServingError.malformedMessage
    }
    try await connection.send(try ServingFrame(Reply.welcome(party: party, version: Request.version)).message)
    guard version == Request.version else { throw ServingError.wrongVersion(found: version) }
  }

  private func answer(_ frame: ServingFrame<Request>) async throws {
    try await check(frame.control)
    switch frame.control {
    case .hello: throw ServingError.malformedMessage
    case .share(let name, let description):
      let model = try SharedModel(description, named: name, parcel: frame.body, scheme: scheme, party: party)
      try dealing?.used.takeName(name)
      try await state.store(model)
      try dealing?.models?.save(name, description, parcel: frame.body)
      try await send(.shared)
    case .withdraw(let name):
      try await state.withdraw(name)
      dealing?.models?.remove(name)
      await dealing?.keeper?.forget { $0.content.label.hasSuffix(" " + name) }
      try await send(.withdrawn)
    case .query(let id, let name, let batch):
      let model = try await model(name, batch: batch)
      let input = try scheme.unpack(frame.body, party: party, shapes: [try model.description.shape(batch: batch)])
      try await follow(PendingQuery(id: id, model: model, input: input, batch: batch))
    case .prepare(let name, let batch, let runs):
      try await prepare(try await model(name, batch: batch), batch: batch, runs: runs)
    case .rows, .count, .train, .resume: try await train(frame)
    case .aggregationKey, .collect, .contribution, .aggregate:
      throw ServingError.badRequest("only a coordinator may ask for sums of workers' shares")
    }
  }

  /// Workers share their rows, and ask for nothing.
  private func check(_ request: Request) async throws {
    guard await connection.peer?.role == Role.worker.rawValue else { return }
    guard case .rows = request else { throw ServingError.badRequest("a worker may share rows alone") }
  }

  /// What the caller's rows are kept by.
  private var place: String {
    get async {
      guard let peer = await connection.peer else { return "" }
      return peer.role == Role.worker.rawValue ? Job.EncryptedPart.Owner.place(ofWorker: peer.name) : peer.name
    }
  }

  private func model(_ name: String, batch: Int) async throws -> SharedModel {
    guard (1...Self.largestBatch).contains(batch) else {
      throw ServingError.badRequest("a batch has 1 to \(Self.largestBatch) examples, not \(batch)")
    }
    return try await state.model(name)
  }

  /// Passes on that a query waits, and its answer.
  private func follow(_ query: PendingQuery) async throws {
    for try await news in try await state.start(query) {
      switch news {
      case .waiting(let progress): try await send(.waiting(progress))
      case .answer(let answer):
        try await send(
          .answer(
            rounds: answer.traffic.rounds, bytesSent: answer.traffic.byteCount,
            dealtBytes: answer.traffic.dealtByteCount, seconds: answer.seconds),
          body: WordBytes.bytes(of: answer.summand.scalars))
      }
    }
  }

  /// Has the dealer fill the stock before queries come.
  private func prepare(_ model: SharedModel, batch: Int, runs: Int) async throws {
    guard (1...Self.mostRuns).contains(runs) else {
      throw ServingError.badRequest("the dealer can be asked for 1 to \(Self.mostRuns) runs, not \(runs)")
    }
    guard let dealing, let keeper = dealing.keeper else {
      throw ServingError.badRequest("only the last of additive parties has correlated randomness dealt")
    }
    let computation = try model.computation(
      batch: batch, generation: try await keeper.generation(within: dealing.patience))
    try await keeper.open(computation)
    await keeper.expect(runs, of: computation.program)
    while await !keeper.isFilled(computation.program) {
      try await keeper.pause(of: computation.program, for: dealing.pulse)
      let progress = await keeper.progress(of: computation.program)
      if await !keeper.isFilled(computation.program) { try await send(.waiting(progress)) }
    }
    try await send(.prepared(secondsPerRun: await keeper.secondsPerRun(of: computation.program)))
  }

  /// Takes part in a training on shares.
  private func train(_ frame: ServingFrame<Request>) async throws {
    switch frame.control {
    case .hello, .share, .withdraw, .query, .prepare, .aggregationKey, .collect, .contribution, .aggregate:
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
        frame.body, party: party, shapes: program.weightNames.map { program.shape(of: $0) })
      try await follow(
        PendingTraining(
          id: id, program: program,
          origin: .fresh(rows: rows, weights: weights.held, place: try store.map { try place(of: id, in: $0) })))
    case .resume(let id, let program):
      try program.validate()
      guard let store else { throw ServingError.badRequest("this party keeps no checkpoints: start it with --storage") }
      try await follow(
        PendingTraining(id: id, program: program, origin: .resumed(try place(of: id, in: store))))
    }
  }

  private func place(of id: String, in store: TrainingStore) throws -> TrainingPlace {
    try store.place(of: id, party: party, scheme: scheme)
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

  private func refuse(_ error: any Error) async throws { try await Self.refuse(error, on: connection) }

  static func refuse(_ error: any Error, on connection: FrameConnection) async throws {
    let exitCode: Int =
      switch error {
      case let error as ServingError: error.exitCode
      case is ChannelError: 3
      default: 2
      }
    try await connection.send(try ServingFrame(Reply.refused(reason: "\(error)", exitCode: exitCode)).message)
  }

  private func send(_ reply: Reply, body: [UInt8] = []) async throws {
    try await connection.send(try ServingFrame(reply, body: body).message)
  }
}
