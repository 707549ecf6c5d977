import Logging
import Sharing
import Transports

/// Queries among additive parties with a dealer.
///
/// Before each run the last party says which run of its program it is to be, as soon as it has the dealer's ticket for it,
/// and until then how long the wait is; no party begins a run twice.
final class AdditiveRunner: SessionRunner {
  private let channel: any Channel
  private let dealing: PartyDealing
  private let scheme: AdditiveScheme
  private let stock: DealtStock
  private let generation: String
  private let logger: Logger
  /// By model and batch.
  private var computations: [String: DealtComputation] = [:]
  /// Weights whose masks are kept, by model; the models that are there still.
  private var fixed: [String: [String: AdditiveShare]] = [:]
  private let knownModels: () async -> Set<String>

  private var last: PartyID { channel.partyCount - 1 }
  /// How often those who wait hear of it.
  static let pulse = Duration.seconds(1)

  init(
    over channel: any Channel, session: String, dealing: PartyDealing, knownModels: @escaping () async -> Set<String>,
    logger: Logger
  ) async throws {
    self.channel = channel
    self.dealing = dealing
    self.knownModels = knownModels
    self.logger = logger
    let key: [UInt8]
    (key, generation) = try await dealing.begin(over: channel)
    stock = DealtStock(key: key, partyCount: channel.partyCount)
    scheme = try await AdditiveScheme.start(over: channel, source: stock, session: session + generation)
  }

  func run(
    _ query: PendingQuery, waiting: @escaping @Sendable (DealerProgress) -> Void
  ) async throws -> QueryAnswer {
    guard case .additive(let input) = query.input, case .additive(let weights) = query.model.weights else {
      throw ServingError.malformedMessage
    }
    let description = query.model.description
    let computation = try await computation(for: query)
    var operands = try await fixed(weights, of: query.model, computation)
    operands[description.inputName] = input[0]
    try scheme.beginStep(of: computation.program, at: try await turn(of: computation, waiting))
    let before = scheme.traffic
    let clock = ContinuousClock()
    let start = clock.now
    let output = try await computation.run(operands, on: scheme)
    let summand = scheme.summandForOutside(output[0])
    return QueryAnswer(
      summand: summand, traffic: scheme.traffic - before, seconds: (clock.now - start) / .seconds(1))
  }

  private func computation(for query: PendingQuery) async throws -> DealtComputation {
    let key = "\(query.model.name)|\(query.batch)"
    if let known = computations[key] { return known }
    let models = await knownModels().union([query.model.name])
    computations = computations.filter { models.contains(String($0.key.prefix { $0 != "|" })) }
    fixed = fixed.filter { models.contains($0.key) }
    let made = try query.model.computation(batch: query.batch, generation: generation)
    computations[key] = made
    return made
  }

  /// The model's weights under masks that are opened once in a session: one round for the first query on a model.
  private func fixed(
    _ weights: [AdditiveShare], of model: SharedModel, _ computation: DealtComputation
  ) async throws -> [String: AdditiveShare] {
    if let known = fixed[model.name] { return known }
    let operands = Dictionary(uniqueKeysWithValues: zip(model.description.weightNames, weights))
    let made = try await computation.fix(operands, on: scheme)
    fixed[model.name] = made
    return made
  }

  // MARK: Whose turn it is

  /// Which run of its program comes next.
  private func turn(
    of computation: DealtComputation, _ waiting: @Sendable (DealerProgress) -> Void
  ) async throws -> UInt32 {
    guard let keeper = dealing.keeper else {
      let step = try await awaitTurn(waiting)
      try dealing.used.use(step, of: computation.program)
      return step
    }
    do {
      let (step, ticket) = try await nextTicket(of: computation, keeper, waiting)
      stock.open(ticket, program: computation.program, step: step)
      try await tell(.go(step))
      return step
    } catch let error as ChannelError {
      throw error
    } catch let error as ServingError where !error.endsSession {
      try await tell(.fail("\(error)"))
      throw error
    } catch {
      try await tell(.end("\(error)"))
      throw error
    }
  }

  private func nextTicket(
    of computation: DealtComputation, _ keeper: StockKeeper, _ waiting: @Sendable (DealerProgress) -> Void
  ) async throws -> (UInt32, Message) {
    try await keeper.open(computation)
    var hasWaited = false
    while true {
      if let found = try await keeper.take(computation.program, hasWaited: hasWaited) { return found }
      let progress = await keeper.progress(of: computation.program)
      logger.notice("\(progress)", metadata: ["program": "\(computation.program)"])
      waiting(progress)
      try await tell(.wait(progress))
      try await keeper.change(of: computation.program, within: Self.pulse)
      hasWaited = true
    }
  }

  private func tell(_ turn: Turn) async throws {
    for peer in channel.peers { try await channel.send(turn.message, to: peer) }
  }

  private func awaitTurn(_ waiting: @Sendable (DealerProgress) -> Void) async throws -> UInt32 {
    while true {
      switch try Turn(try await channel.receive(from: last)) {
      case .go(let step): return step
      case .wait(let progress): waiting(progress)
      case .fail(let reason): throw ServingError.dealerFails("party \(last) says: \(reason)")
      case .end(let reason): throw ServingError.sessionBroken("party \(last) says: \(reason)")
      }
    }
  }
}

/// What the last party says before a run.
private enum Turn {
  case go(UInt32)
  case wait(DealerProgress)
  /// This run fails; the session stands.
  case fail(String)
  case end(String)

  var message: Message {
    switch self {
    case .go(let step): [0] + WordBytes.bytes(of: [UInt64(step)])
    case .wait(let progress): [1] + WordBytes.bytes(of: [UInt64(progress.ready), UInt64(progress.wanted)])
    case .fail(let reason): [2] + Array(reason.utf8)
    case .end(let reason): [3] + Array(reason.utf8)
    }
  }

  /// - Throws: ``ServingError/malformedMessage``.
  init(_ message: Message) throws {
    let words = WordBytes.words(in: message.dropFirst()) ?? []
    switch (message.first, words.count) {
    case (0, 1):
      guard let step = UInt32(exactly: words[0]) else { throw ServingError.malformedMessage }
      self = .go(step)
    case (1, 2):
      guard let ready = Int(exactly: words[0]), let wanted = Int(exactly: words[1]) else {
        throw ServingError.malformedMessage
      }
      self = .wait(DealerProgress(ready: ready, wanted: wanted))
    case (2, _): self = .fail(String(decoding: message.dropFirst(), as: UTF8.self))
    case (3, _): self = .end(String(decoding: message.dropFirst(), as: UTF8.self))
    case (_, _): throw ServingError.malformedMessage
    }
  }
}
