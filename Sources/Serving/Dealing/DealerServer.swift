import Foundation
public import Identity
public import Logging
import Sharing
public import Transports

/// A dealer for additive parties: gives each its key, and the last one what makes their masks fit together.
///
/// It never sees data, nor talks to clients. Whoever has its keys and the messages of one party learns everything: it must
/// be run by somebody who works together with none of them.
public final class DealerServer: Sendable {
  private let listener: Listener
  private let loop: SocketLoop
  private let cluster: ClusterFile
  private let desk: DealerDesk
  private let logger: Logger
  private let deadline: Duration

  /// How long a party may be silent.
  private static let idle = Duration.seconds(86_400)

  /// Listens at the address that the cluster file gives the dealer.
  ///
  /// - Parameters:
  ///   - listen: another address to listen at, as where the parties reach it by a forwarded one.
  ///   - storage: where its keys are kept, sealed, so that what was dealt stays valid when it starts again.
  public static func start(
    identity: NodeIdentity, cluster: ClusterFile, loop: SocketLoop, listen: (host: String, port: Int)? = nil,
    storage: (folder: String, key: StorageKey)? = nil, logger: Logger
  ) async throws -> DealerServer {
    guard let own = cluster.dealer, identity.role == .dealer, own.certificate == identity.fingerprint else {
      throw ServingError.badRequest(
        "the cluster file names no dealer with the certificate of \(identity.name) (role \(identity.role.rawValue))")
    }
    _ = try ClusterScheme(cluster)
    let (partyCount, form) = (cluster.parties.count, DealtForm(cluster.scheme))
    let desk = try storage.map {
      try DealerKeys.open(in: $0.folder, key: $0.key, partyCount: partyCount, form: form)
    }
    let settings = try identity.tlsSettings(identity.policy(accepting: [.party], pins: cluster.pins))
    let listener = try await Listener.open(
      on: loop, host: listen?.host ?? own.host, port: listen?.port ?? own.port, protection: .tls(settings),
      logger: logger)
    return DealerServer(listener, loop, cluster, desk ?? DealerDesk(Dealer(partyCount: partyCount, form: form)), logger)
  }

  private init(
    _ listener: Listener, _ loop: SocketLoop, _ cluster: ClusterFile, _ desk: DealerDesk, _ logger: Logger
  ) {
    self.listener = listener
    self.loop = loop
    self.cluster = cluster
    self.desk = desk
    self.logger = logger
    deadline = cluster.deadline ?? .seconds(60)
  }

  /// Serves until the task is cancelled.
  public func run() async throws {
    try await loop.run {
      await withDiscardingTaskGroup { group in
        while !Task.isCancelled, let connection = try? await listener.accept() {
          group.addTask { await self.serve(connection) }
        }
      }
      await listener.close()
    }
  }

  private func serve(_ connection: FrameConnection) async {
    do {
      guard let peer = await connection.peer, let party = cluster.index(ofCertificate: peer.fingerprint) else {
        return await connection.close()
      }
      try await greet(connection)
      var dialogue = Dialogue(connection: connection, desk: desk, party: party, logger: logger)
      while true {
        let frame = try ServingFrame<DealerRequest>(try await connection.receive(within: Self.idle))
        try await dialogue.answer(frame.control)
      }
    } catch {
      logger.debug("connection ended", metadata: ["peer": "\(connection.address)", "reason": "\(error)"])
    }
    await connection.close()
  }

  private func greet(_ connection: FrameConnection) async throws {
    let first = try ServingFrame<DealerRequest>(try await connection.receive(within: deadline))
    guard case .hello(let version) = first.control else { throw ServingError.malformedMessage }
    try await connection.send(ServingFrame(DealerReply.welcome(version: DealerRequest.version)).message)
    guard version == DealerRequest.version else { throw ServingError.wrongVersion(found: version) }
  }
}

/// The dealer's side of the conversation with one party.
private struct Dialogue {
  let connection: FrameConnection
  let desk: DealerDesk
  let party: PartyID
  let logger: Logger
  private var computations: [String: DealtComputation] = [:]

  init(connection: FrameConnection, desk: DealerDesk, party: PartyID, logger: Logger) {
    self.connection = connection
    self.desk = desk
    self.party = party
    self.logger = logger
  }

  mutating func answer(_ request: DealerRequest) async throws {
    switch request {
    case .hello: throw ServingError.malformedMessage
    case .key:
      logger.info("gives a key", metadata: ["party": "\(party)"])
      try await send(.key(epoch: desk.epoch), body: desk.dealer.key(ofParty: party))
    case .health:
      try await send(.health(PartyHealth(time: Date().timeIntervalSince1970, version: TacitVersion.current)))
    case .program(let content): try await learn(content)
    case .ticket(let epoch, let program, let step):
      guard party == desk.dealer.partyCount - 1 else {
        return try await refuse("only the last party is dealt to, and party \(party) is not")
      }
      guard epoch == desk.epoch else { return try await send(.newKeys) }
      guard let computation = computations[program] else { return try await refuse("the program was not named first") }
      // Dealing is work: other connections are served meanwhile.
      let desk = desk
      let ticket = try await Task(executorPreference: globalConcurrentExecutor) {
        try await desk.ticket(for: computation, step: step)
      }.value
      logger.debug("deals", metadata: ["program": "\(program)", "run": "\(step)", "bytes": "\(ticket.count)"])
      try await send(.ticket(step: step), body: ticket)
    }
  }

  private mutating func learn(_ content: DealtComputation.Content) async throws {
    do {
      try content.validate()
      let computation = try DealtComputation(content)
      let desk = desk
      _ = try await Task(executorPreference: globalConcurrentExecutor) {
        try await desk.program(of: computation)
      }.value
      if computations.count >= DealerRequest.programCapacity { computations.removeAll() }
      computations[computation.program] = computation
      try await send(.program(computation.program))
    } catch let error as ChannelError {
      throw error
    } catch {
      try await refuse("\(error)")
    }
  }

  private func refuse(_ reason: String) async throws { try await send(.refused(reason: reason)) }

  private func send(_ reply: DealerReply, body: [UInt8] = []) async throws {
    try await connection.send(try ServingFrame(reply, body: body).message)
  }
}
