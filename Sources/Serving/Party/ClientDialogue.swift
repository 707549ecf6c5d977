import Crypto
import Foundation
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
  let meter: LinkMeter
  /// How pages reach the party, if they do.
  let page: PartyPage?
  /// Names this conversation.
  let caller: UInt64

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
    // What waits for a client that is gone is not run.
    await connection.whenBroken { [state, caller] in Task { await state.abandon(caller) } }
    while true {
      let message = try await connection.receive(within: Self.idle)
      do {
        try await answer(try ServingFrame<Request>(message), of: CallerID(peer))
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

  private func answer(_ frame: ServingFrame<Request>, of client: CallerID) async throws {
    try await check(frame.control)
    switch frame.control {
    case .hello: throw ServingError.malformedMessage
    case .share(let offer): try await share(offer, parcel: frame.body, by: client)
    case .withdraw(let name):
      if let key = try await state.withdraw(name, by: client) { await forget(key) }
      try await send(.withdrawn)
    case .models(let name): try await send(.models(try await state.listings(for: client, named: name)))
    case .health: try await send(.health(await state.health))
    case .links: try await send(.links(await meter.reports()))
    case .page:
      guard let page else {
        throw ServingError.badRequest("it has no door for pages: start it with --web, --web-certificate and --web-key")
      }
      try await send(.page(page))
    case .query: try await follow(try await query(frame, of: client))
    case .prepare(let name, let batch, let runs):
      try Self.check(batch: batch)
      try await prepare(try await state.model(name, for: client), batch: batch, runs: runs)
    case .rows, .count, .train, .resume: try await train(frame, by: client)
    case .aggregationKey, .collect, .contribution, .aggregate:
      throw ServingError.badRequest("only a coordinator may ask for sums of workers' shares")
    }
  }

  /// Workers share their rows, and ask for nothing.
  private func check(_ request: Request) async throws {
    guard await connection.peer?.role == Role.worker.rawValue else { return }
    guard case .rows = request else { throw ServingError.badRequest("a worker may share rows alone") }
  }

  private func share(_ offer: ModelOffer, parcel: ArraySlice<UInt8>, by client: CallerID) async throws {
    let key = try offer.key
    let model = try SharedModel(offer, key: key, parcel: parcel, scheme: scheme, party: party)
    try dealing?.used.takeName(key)
    if let replaced = try await state.share(model, offer, parcel: parcel, by: client, key: await ownerKey) {
      await forget(replaced)
    }
    try await send(.shared)
  }

  /// The key that signs tokens for pages.
  private var ownerKey: Data? {
    get async {
      guard let peer = await connection.peer else { return nil }
      return (try? CertifiedKey.key(of: peer.certificate))?.x963Representation
    }
  }

  /// What was dealt for a model is of no use any more.
  private func forget(_ key: String) async {
    await dealing?.keeper?.forget { $0.content.label.hasSuffix(" " + key) }
  }

  /// The query, if it may be asked; the other parties hear of it where it may not.
  private func query(_ frame: ServingFrame<Request>, of client: CallerID) async throws -> QueryStream {
    guard case .query(let id, let name, let batch, let waits, let trace) = frame.control else {
      throw ServingError.malformedMessage
    }
    do {
      try Self.check(batch: batch)
      let model = try await state.admit(name, for: client, batch: batch)
      let input = try scheme.unpack(
        frame.body, party: party, shapes: [try model.description.shape(batch: batch)],
        answers: [Shape([batch] + (try model.description.outputShape).extents)])
      let stream = try await state.start(
        PendingQuery(
          id: id, client: client, model: model, input: input, batch: batch, caller: caller,
          patience: waits.flatMap { (0...86_400).contains($0) ? .seconds($0) : nil }, trace: trace))
      // A client that went before its query was there was not missed.
      if await connection.isBroken { await state.abandon(caller) }
      return stream
    } catch {
      await state.noteRefused(id)
      throw error
    }
  }

  private static func check(batch: Int) throws {
    guard (1...largestBatch).contains(batch) else {
      throw ServingError.badRequest("a batch has 1 to \(largestBatch) examples, not \(batch)")
    }
  }

  /// Passes on that a query waits, and its answer.
  private func follow(_ stream: QueryStream) async throws {
    for try await news in stream {
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
      throw ServingError.badRequest("only the last of the parties with a dealer has correlated randomness dealt")
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

  private func refuse(_ error: any Error) async throws { try await Self.refuse(error, on: connection) }

  static func refuse(_ error: any Error, on connection: FrameConnection) async throws {
    if case .declined(let party) = error as? ServingError {
      return try await connection.send(try ServingFrame(Reply.declined(by: party)).message)
    }
    let exitCode: Int =
      switch error {
      case let error as ServingError: error.exitCode
      case is ChannelError: 3
      default: 2
      }
    try await connection.send(try ServingFrame(Reply.refused(reason: "\(error)", exitCode: exitCode)).message)
  }

  func send(_ reply: Reply, body: [UInt8] = []) async throws {
    try await connection.send(try ServingFrame(reply, body: body).message)
  }
}

extension CallerID {
  init(_ peer: PeerIdentity) {
    self.init(fingerprint: Fingerprint.text(peer.fingerprint), name: peer.name)
  }
}
