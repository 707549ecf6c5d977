import Identity
import Logging
import NIOConcurrencyHelpers
import Transports

/// What becomes of a connection that has got beyond its handshake.
extension PartyServer {
  /// How long a caller may take to say what it wants.
  private static let firstWord = Duration.seconds(10)

  /// Finds out who has called, and serves it.
  func serve(_ connection: FrameConnection) async {
    do {
      let first = try await connection.receive(within: min(deadline, Self.firstWord))
      if let hello = MeshHello(first) {
        guard await connection.peer?.role == Role.party.rawValue else {
          throw ServingError.badRequest("only a party may join the session of the parties")
        }
        try await join(connection, hello)
        return
      }
      let peer = await connection.peer?.fingerprint ?? []
      guard callers.enter(peer) else {
        state.observer.metrics.noteCrowd()
        try await ClientDialogue.refuse(
          ServingError.busy("too many connections of one caller, or of all"), on: connection)
        return await connection.close()
      }
      defer { callers.leave(peer) }
      state.observer.metrics.noteConnection()
      switch await connection.peer?.role {
      case Role.coordinator.rawValue:
        try await CoordinatorDialogue(connection: connection, state: state, party: party, desk: desk).run(first: first)
      case Role.party.rawValue where cluster.index(ofCertificate: peer) != nil:
        try await ProbeDialogue(connection: connection, state: state, party: party).run(first: first)
      case _:
        try await ClientDialogue(
          connection: connection, state: state, party: party, scheme: scheme, dealing: dealing, store: store,
          meter: meter, page: pages?.page, caller: await state.nextCaller()
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
    await state.doubtSession()
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
