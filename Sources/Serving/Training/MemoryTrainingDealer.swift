import Logging
package import Sharing
package import Transports

/// A dealer of this process for one training at a time, and the last party's stock.
///
/// Nothing is hidden from this process; for trying and measuring.
package struct MemoryTrainingDealer<Scheme: ServedScheme>: Sendable {
  private let desk: DealerDesk
  private let keeper: StockKeeper
  private let partyCount: Int
  private let logger = Logger(label: "tacit.memory") { _ in SwiftLogNoOpLogHandler() }
  private static var generation: String { "memory" }

  package init(partyCount: Int) async throws {
    self.partyCount = partyCount
    desk = DealerDesk(Dealer(partyCount: partyCount, form: Scheme.form))
    let last = partyCount - 1
    keeper = StockKeeper(
      shelf: try TicketShelf(folder: nil, key: nil, used: try UsedSteps(folder: nil), party: last),
      dealer: MemoryDealerAccess(desk, party: last), policy: .training, logger: logger)
    try await keeper.begin(Self.generation, epoch: desk.epoch)
  }

  /// Deals until the task is cancelled.
  package func run() async { await keeper.run() }

  /// One party's session with the others and this dealer.
  func scheme(over channel: any Channel) async throws -> (Scheme, DealtStock) {
    let stock = DealtStock(key: desk.dealer.key(ofParty: channel.party), partyCount: partyCount, form: Scheme.form)
    let scheme = try await Scheme.start(
      over: channel, source: stock, session: Self.generation, keys: Self.generation)
    return (scheme, stock)
  }

  /// One party's side of trainings.
  ///
  /// - Parameters:
  ///   - stock: where the session finds what was dealt; none where it finds it elsewhere, as in tests.
  ///   - waiting: told while a step waits for the dealer.
  package func training(
    _ scheme: Scheme, stock: DealtStock? = nil, over channel: any Channel,
    waiting: @escaping (DealerProgress) -> Void
  ) throws -> DealtTraining<Scheme> {
    let turns = DealtTurns(
      over: channel, stock: stock ?? DealtStock(key: [], partyCount: partyCount, form: Scheme.form),
      keeper: channel.party == partyCount - 1 ? keeper : nil, used: try UsedSteps(folder: nil), pulse: .seconds(1),
      logger: logger)
    return DealtTraining(over: channel, scheme: scheme, turns: turns, generation: Self.generation, waiting: waiting)
  }
}
