import Foundation
public import Identity
public import Logging
import NIOConcurrencyHelpers
import Sharing
public import Transports

/// A computing party: keeps its shares of models and answers queries together with the others: two more that
/// share by replication, or any number of parties where the cluster file names a dealer.
///
/// One listener serves both the other parties and clients; the certificate's role tells them apart. When the session
/// breaks, queries that wait are answered with the reason, and a new session with new keys is formed.
public final class PartyServer: Sendable {
  private let listener: Listener
  private let loop: SocketLoop
  let party: PartyID
  let cluster: ClusterFile
  private let protection: Protection
  let state: PartyState
  let logger: Logger
  let deadline: Duration
  private let window: Duration
  /// Where trainings keep their checkpoints, if anywhere.
  let store: TrainingStore?
  let scheme: ClusterScheme
  /// What additive parties have besides.
  let dealing: PartyDealing?
  /// What replicated parties have for sums of workers' shares.
  let desk: AggregationDesk?
  /// Where pages come in, if they do.
  let pages: PageDoor?
  let callers = Callers()
  let meter: LinkMeter
  /// Who takes over connections of other parties at the moment, and the channel they formed, if they did.
  let meeting = NIOLockedValueBox<(builder: MeshBuilder?, channel: (any Channel)?)>((nil, nil))

  /// Listens at the address that the cluster file gives this identity.
  ///
  /// - Parameters:
  ///   - storage: where the party's shares of models, its part of trainings and its stock from the dealer are kept, sealed,
  ///     and its account of who asked how often.
  ///   - window: how long party 0 lets queries gather before a run, where several clients ask; one alone never waits.
  ///   - web: where pages come in, if they may.
  ///   - policy: how much the last of additive parties keeps on stock.
  ///   - observer: where it tells what it does.
  /// - Throws: `ChannelError` or `IdentityError`; ``ServingError/badRequest(_:)`` when the identity is none of the
  ///   cluster's parties.
  public static func start(
    identity: NodeIdentity, cluster: ClusterFile, loop: SocketLoop, storage: (folder: String, key: StorageKey)? = nil,
    policy: StockPolicy? = nil, window: Duration = defaultWindow, web: PageDoorSettings? = nil,
    observer: PartyObserver? = nil, logger: Logger
  ) async throws -> PartyServer {
    let observer = observer ?? PartyObserver(logger: logger)
    let scheme = try ClusterScheme(cluster)
    guard identity.role == .party, let party = cluster.index(ofCertificate: identity.fingerprint) else {
      throw ServingError.badRequest(
        "the cluster file names no party with the certificate of \(identity.name) (role \(identity.role.rawValue))")
    }
    let settings = try identity.tlsSettings(identity.policy(accepting: [.party, .client, .coordinator, .worker]))
    let address = cluster.parties[party]
    let dealing = try cluster.dealer.map { dealer in
      try PartyDealing(
        dealer, identity: identity, party: party, partyCount: cluster.parties.count,
        patience: cluster.deadline ?? defaultDeadline, storage: storage, policy: policy ?? StockPolicy(),
        form: DealtForm(cluster.scheme), logger: logger)
    }
    let shelf = try ModelShelf(storage: storage, scheme: scheme, party: party, logger: logger)
    let listener = try await Listener.open(
      on: loop, host: address.host, port: address.port, protection: .tls(settings), logger: logger,
      onRefusal: { observer.metrics.noteRefusedHandshake() })
    let state = PartyState(shelf: shelf, observer: observer)
    var pages: PageDoor?
    if let web {
      pages = try await PageDoor.open(
        web, scheme: scheme, party: party, key: try PageKey.open(storage: storage, party: party), state: state,
        deadline: cluster.deadline ?? defaultDeadline, logger: logger)
    }
    return PartyServer(
      listener: listener, loop: loop, party: party, cluster: cluster, protection: .tls(settings),
      store: storage.map { TrainingStore(folder: $0.folder, key: $0.key) }, scheme: scheme, dealing: dealing,
      desk: try scheme == .replicated ? AggregationDesk(identity, party: party) : nil, pages: pages, state: state,
      meter: LinkMeter(identity, cluster: cluster, party: party, patience: cluster.deadline ?? defaultDeadline),
      window: window, logger: logger)
  }

  private init(
    listener: Listener, loop: SocketLoop, party: PartyID, cluster: ClusterFile, protection: Protection,
    store: TrainingStore?, scheme: ClusterScheme, dealing: PartyDealing?, desk: AggregationDesk?, pages: PageDoor?,
    state: PartyState, meter: LinkMeter, window: Duration, logger: Logger
  ) {
    self.state = state
    self.meter = meter
    self.window = window
    self.listener = listener
    self.loop = loop
    self.party = party
    self.cluster = cluster
    self.protection = protection
    self.store = store
    self.scheme = scheme
    self.dealing = dealing
    self.desk = desk
    self.pages = pages
    self.logger = logger
    deadline = cluster.deadline ?? Self.defaultDeadline
  }

  static let defaultDeadline = Duration.seconds(60)
  /// How long queries gather where several clients ask.
  public static let defaultWindow = Duration.milliseconds(2)

  /// Serves until the task is cancelled.
  public func run() async throws {
    try await loop.run {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.acceptConnections() }
        group.addTask { await self.keepSession() }
        if let dealing = self.dealing, dealing.keeper != nil { group.addTask { await dealing.run() } }
        await group.next()
        group.cancelAll()
        await self.state.notifyAll()
        await self.state.failAll(ServingError.sessionBroken("the party stops"))
        await self.meeting.withLockedValue { $0.channel }?.close()
        await self.pages?.close()
        self.dealing?.stop()
        await self.listener.close()
      }
    }
  }

  // MARK: The session among the parties

  private func keepSession() async {
    // The same for all parties of a cluster and for no other: their certificates.
    let session = cluster.parties.flatMap(\.certificate)
    var pause = Duration.milliseconds(20)
    while !Task.isCancelled {
      let builder = MeshBuilder(
        party: party, peers: cluster.peerAddresses, session: session, loop: loop, protection: protection,
        deadline: deadline)
      meeting.withLockedValue { $0 = (builder, nil) }
      do {
        let channel = try await form(builder)
        meeting.withLockedValue { $0.channel = channel }
        logger.info("session formed", metadata: ["party": "\(party)"])
        pause = .milliseconds(20)
        let name = session.map { String($0, radix: 16) }.joined()
        do {
          let runner = try await runner(over: channel, session: name)
          await state.noteSession(fault: nil)
          try await PartySession(channel: channel, state: state, patience: deadline, window: window)
            .serve(with: runner)
        } catch {
          await channel.close()
          throw error
        }
      } catch {
        guard !Task.isCancelled else { return }
        logger.warning("session broken", metadata: ["party": "\(party)", "reason": "\(error)"])
        await state.noteSession(fault: "\(error)")
        if case .dealerFails = error as? ServingError {
          await state.failAll(ServingError.breaking(error))
        } else {
          await state.breakOff(ServingError.breaking(error))
        }
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(1))
      }
    }
  }

  /// Forms a session; queries wait for it meanwhile, each for as long as its client does.
  private func form(_ builder: MeshBuilder) async throws -> any Channel {
    let watch = Task { await state.failExpired(deadline) }
    defer { watch.cancel() }
    let channel = try await builder.form(within: deadline)
    // A party that goes is noticed at once, also while nobody asks.
    await channel.whenBroken { [state] in Task { await state.doubtSession() } }
    return state.observer.wrapping?(channel) ?? channel
  }

  private func runner(over channel: any Channel, session: String) async throws -> any SessionRunner {
    guard let dealing else {
      if scheme == .replicatedMalicious {
        let state = state
        return try await CheckedRunner(over: channel, session: session, knownModels: { await state.modelKeys })
      }
      return try await ReplicatedRunner(over: channel, session: session, telling: state.observer.draws)
    }
    if case .spdz = scheme { return try await runner(on: AuthenticatedScheme.self, over: channel, session, dealing) }
    return try await runner(on: AdditiveScheme.self, over: channel, session, dealing)
  }

  private func runner<Scheme: ServedScheme>(
    on scheme: Scheme.Type, over channel: any Channel, _ session: String, _ dealing: PartyDealing
  ) async throws -> any SessionRunner {
    let state = state
    return try await DealtRunner<Scheme>(
      over: channel, session: session, dealing: dealing, knownModels: { await state.modelKeys },
      spoil: { await state.spoil($0) }, logger: logger)
  }

  // MARK: Connections

  private func acceptConnections() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        do {
          let connection = try await listener.accept()
          group.addTask { await self.serve(connection) }
        } catch {
          return
        }
      }
    }
  }
}
