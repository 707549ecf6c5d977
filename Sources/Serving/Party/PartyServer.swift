import Foundation
public import Identity
public import Logging
import NIOConcurrencyHelpers
import Sharing
public import Transports

/// A computing party: keeps its shares of models in memory and answers queries together with the others: two more that
/// share by replication, or any number of additive parties where the cluster file names a dealer.
///
/// One listener serves both the other parties and clients; the certificate's role tells them apart. When the session
/// breaks, queries that wait are answered with the reason, and a new session with new keys is formed.
public final class PartyServer: Sendable {
  private let listener: Listener
  private let loop: SocketLoop
  private let party: PartyID
  private let cluster: ClusterFile
  private let protection: Protection
  private let state = PartyState()
  private let logger: Logger
  private let deadline: Duration
  /// Where trainings keep their checkpoints, if anywhere.
  private let store: TrainingStore?
  private let scheme: ClusterScheme
  /// What additive parties have besides.
  private let dealing: PartyDealing?
  /// What replicated parties have for sums of workers' shares.
  private let desk: AggregationDesk?
  /// Who takes over connections of other parties at the moment, and the channel they formed, if they did.
  private let meeting = NIOLockedValueBox<(builder: MeshBuilder?, channel: (any Channel)?)>((nil, nil))

  /// Listens at the address that the cluster file gives this identity.
  ///
  /// - Parameters:
  ///   - storage: where the party's part of trainings and its stock from the dealer are kept, sealed.
  ///   - policy: how much the last of additive parties keeps on stock.
  /// - Throws: `ChannelError` or `IdentityError`; ``ServingError/badRequest(_:)`` when the identity is none of the
  ///   cluster's parties.
  public static func start(
    identity: NodeIdentity, cluster: ClusterFile, loop: SocketLoop, storage: (folder: String, key: StorageKey)? = nil,
    policy: StockPolicy? = nil, logger: Logger
  ) async throws -> PartyServer {
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
        patience: cluster.deadline ?? defaultDeadline, storage: storage, policy: policy ?? StockPolicy(), logger: logger
      )
    }
    let listener = try await Listener.open(
      on: loop, host: address.host, port: address.port, protection: .tls(settings), logger: logger)
    return PartyServer(
      listener: listener, loop: loop, party: party, cluster: cluster, protection: .tls(settings),
      store: storage.map { TrainingStore(folder: $0.folder, key: $0.key) }, scheme: scheme, dealing: dealing,
      desk: try scheme == .replicated ? AggregationDesk(identity, party: party) : nil, logger: logger)
  }

  private init(
    listener: Listener, loop: SocketLoop, party: PartyID, cluster: ClusterFile, protection: Protection,
    store: TrainingStore?, scheme: ClusterScheme, dealing: PartyDealing?, desk: AggregationDesk?, logger: Logger
  ) {
    self.listener = listener
    self.loop = loop
    self.party = party
    self.cluster = cluster
    self.protection = protection
    self.store = store
    self.scheme = scheme
    self.dealing = dealing
    self.desk = desk
    self.logger = logger
    deadline = cluster.deadline ?? Self.defaultDeadline
  }

  static let defaultDeadline = Duration.seconds(60)

  /// Serves until the task is cancelled.
  public func run() async throws {
    for model in try dealing?.models?.load(scheme: scheme) ?? [] { try await state.store(model) }
    try await loop.run {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.acceptConnections() }
        group.addTask { await self.keepSession() }
        if let dealing = self.dealing, dealing.keeper != nil { group.addTask { await dealing.run() } }
        await group.next()
        group.cancelAll()
        await self.state.stopWaiting()
        await self.state.failAll(ServingError.sessionBroken("the party stops"))
        await self.meeting.withLockedValue { $0.channel }?.close()
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
        let channel = try await builder.form(within: deadline)
        meeting.withLockedValue { $0.channel = channel }
        logger.info("session formed", metadata: ["party": "\(party)"])
        pause = .milliseconds(20)
        let name = session.map { String($0, radix: 16) }.joined()
        do {
          try await PartySession(channel: channel, state: state, patience: deadline)
            .serve(with: try await runner(over: channel, session: name))
        } catch {
          await channel.close()
          throw error
        }
      } catch {
        guard !Task.isCancelled else { return }
        logger.warning("session broken", metadata: ["party": "\(party)", "reason": "\(error)"])
        await state.failAll(ServingError.breaking(error))
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(1))
      }
    }
  }

  private func runner(over channel: any Channel, session: String) async throws -> any SessionRunner {
    guard let dealing else { return try await ReplicatedRunner(over: channel, session: session) }
    let state = state
    return try await AdditiveRunner(
      over: channel, session: session, dealing: dealing, knownModels: { await state.modelNames }, logger: logger)
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

  private func serve(_ connection: FrameConnection) async {
    do {
      let first = try await connection.receive(within: deadline)
      if let hello = MeshHello(first) {
        guard await connection.peer?.role == Role.party.rawValue else {
          throw ServingError.badRequest("only a party may join the session of the parties")
        }
        try await join(connection, hello)
        return
      }
      if await connection.peer?.role == Role.coordinator.rawValue {
        try await CoordinatorDialogue(connection: connection, state: state, party: party, desk: desk).run(first: first)
      } else {
        try await ClientDialogue(
          connection: connection, state: state, party: party, scheme: scheme, dealing: dealing, store: store
        ).run(first: first)
      }
    } catch {
      logger.debug("connection ended", metadata: ["peer": "\(connection.address)", "reason": "\(error)"])
    }
    await connection.close()
  }

  /// Hands a party's connection to the session that is being formed. One that comes while a session stands means that
  /// the caller has lost it: the session is given up.
  private func join(_ connection: FrameConnection, _ hello: MeshHello) async throws {
    let (builder, channel) = meeting.withLockedValue { $0 }
    guard let channel else {
      try await builder?.offer(connection, hello)
      return
    }
    await channel.close()
    let clock = ContinuousClock()
    let end = clock.now + deadline
    while clock.now < end, !Task.isCancelled {
      let (builder, channel) = meeting.withLockedValue { $0 }
      if channel == nil {
        try await builder?.offer(connection, hello)
        return
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw ServingError.sessionBroken("the old session did not end")
  }
}
