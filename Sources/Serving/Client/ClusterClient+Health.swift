import Transports

/// Questions about how a party is, on a connection that has been greeted.
extension ClusterClient {
  static func health(
    _ connection: FrameConnection, party: Int, byteCount: Int, _ patience: Duration
  ) async throws -> PartyHealth {
    let request = ServingFrame(Request.health, body: [UInt8](repeating: 0, count: byteCount))
    guard case .health(let health) = try await reply(to: request, connection, party: party, patience) else {
      throw ServingError.unexpectedReply(party: party)
    }
    return health
  }

  /// What the party finds on its ways to the others.
  static func links(_ connection: FrameConnection, party: Int, _ patience: Duration) async throws -> [LinkReport] {
    guard case .links(let reports) = try await reply(to: ServingFrame(.links), connection, party: party, patience)
    else { throw ServingError.unexpectedReply(party: party) }
    return reports
  }

  private static func reply(
    to request: ServingFrame<Request>, _ connection: FrameConnection, party: Int, _ patience: Duration
  ) async throws -> Reply {
    try await connection.send(try request.message)
    let reply = try ServingFrame<Reply>(try await connection.receive(within: patience)).control
    if case .refused(let reason, let exitCode) = reply {
      throw ServingError.refused(party: party, reason: reason, exitCode: exitCode)
    }
    return reply
  }
}
