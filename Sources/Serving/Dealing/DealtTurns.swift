import Logging
import Sharing
import Transports

/// Whose turn it is among additive parties.
///
/// Before each run the last party says which run of its program it is to be, as soon as it has the dealer's ticket for it,
/// and until then how long the wait is; no party begins a run twice.
final class DealtTurns {
  private let channel: any Channel
  private let stock: DealtStock
  /// At the last party.
  private let keeper: StockKeeper?
  private let used: UsedSteps
  /// How often those who wait hear that they wait.
  private let pulse: Duration
  private let logger: Logger

  private var last: PartyID { channel.partyCount - 1 }

  init(
    over channel: any Channel, stock: DealtStock, keeper: StockKeeper?, used: UsedSteps, pulse: Duration, logger: Logger
  ) {
    self.channel = channel
    self.stock = stock
    self.keeper = keeper
    self.used = used
    self.pulse = pulse
    self.logger = logger
  }

  /// Which run of its program comes next.
  ///
  /// - Parameter coming: what is known of the runs from this one on; asked at the last party alone.
  func next(
    of computation: DealtComputation, coming: () throws -> [StockKeeper.Coming] = { [] },
    waiting: (DealerProgress) -> Void
  ) async throws -> UInt32 {
    guard let keeper else {
      let step = try await awaitTurn(waiting)
      try used.use(step, of: computation.program)
      return step
    }
    do {
      try await keeper.expect(try coming())
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
    of computation: DealtComputation, _ keeper: StockKeeper, _ waiting: (DealerProgress) -> Void
  ) async throws -> (UInt32, Message) {
    try await keeper.open(computation)
    var hasWaited = false
    while true {
      if let found = try await keeper.take(computation.program, hasWaited: hasWaited) { return found }
      // A short wait is nobody's business.
      if hasWaited {
        let progress = await keeper.progress(of: computation.program)
        logger.notice("\(progress)", metadata: ["program": "\(computation.program)"])
        waiting(progress)
        try await tell(.wait(progress))
      }
      try await keeper.change(of: computation.program, within: pulse)
      hasWaited = true
    }
  }

  /// What the dealer took for the runs of these computations; nothing at other parties.
  func dealingSeconds(of computations: [DealtComputation]) async -> Double {
    await keeper?.dealingSeconds(of: computations.map(\.program)) ?? 0
  }

  private func tell(_ turn: Turn) async throws {
    for peer in channel.peers { try await channel.send(turn.message, to: peer) }
  }

  private func awaitTurn(_ waiting: (DealerProgress) -> Void) async throws -> UInt32 {
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
