import Foundation
import Identity
import Transports

/// A party's measurements of its ways to the other parties and to the dealer.
///
/// Any client may have them made; so they are made once in ``pause`` at most, one way after the other, with 1 MiB each, and who
/// asks earlier hears of the last ones.
actor LinkMeter {
  private let identity: NodeIdentity
  private let cluster: ClusterFile
  private let party: PartyID
  private let patience: Duration
  private var last: (reports: [LinkReport], time: ContinuousClock.Instant)?
  private var running: Task<[LinkReport], Never>?

  static let pause = Duration.seconds(10)
  /// How long one way may take.
  static let longest = Duration.seconds(5)

  init(_ identity: NodeIdentity, cluster: ClusterFile, party: PartyID, patience: Duration) {
    self.identity = identity
    self.cluster = cluster
    self.party = party
    self.patience = min(patience, Self.longest)
  }

  /// One report for each other party, in their order, then that of the dealer.
  func reports() async -> [LinkReport] {
    if let running { return await running.value }
    if let last, ContinuousClock.now - last.time < Self.pause { return last.reports }
    let task = Task { await measure() }
    running = task
    let reports = await task.value
    running = nil
    last = (reports, .now)
    return reports
  }

  private func measure() async -> [LinkReport] {
    let loop = SocketLoop(name: "meter", spin: .zero)
    defer { loop.shutdown() }
    var reports: [LinkReport] = []
    for (peer, member) in cluster.parties.enumerated() where peer != party {
      reports.append(await report(on: member, party: peer, role: .party, loop))
    }
    if let dealer = cluster.dealer { reports.append(await report(on: dealer, party: nil, role: .dealer, loop)) }
    return reports
  }

  private func report(
    on member: ClusterFile.Party, party peer: PartyID?, role: Role, _ loop: SocketLoop
  ) async -> LinkReport {
    var report = LinkReport(to: member, party: peer)
    do {
      let settings = try identity.tlsSettings(identity.policy(accepting: [role]))
      let connection = try await loop.connect(
        host: member.host, port: member.port, party: peer, protection: .tls(settings), within: patience)
      report.note(await connection.peer, expected: member.certificate)
      do {
        report.note(try await probe(connection, peer).measure())
      } catch { report.problems.append("\(error)") }
      await connection.close(within: .zero)
    } catch { report.problems.append("\(error)") }
    return report
  }

  private func probe(_ connection: FrameConnection, _ peer: PartyID?) async throws -> LinkProbe {
    let patience = patience
    guard let peer else {
      try await RemoteDealer.greet(connection, patience)
      return LinkProbe(loadByteCount: LinkProbe.smallLoad) {
        try await RemoteDealer.health(connection, byteCount: $0, patience)
      }
    }
    try await ClusterClient.greet(connection, party: peer, patience)
    return LinkProbe(loadByteCount: LinkProbe.smallLoad) {
      try await ClusterClient.health(connection, party: peer, byteCount: $0, patience)
    }
  }
}
