public import Foundation
public import Identity
import Transports

/// Dials every party of a cluster by itself, has the parties measure their ways to each other and to their dealer, and says what
/// is wrong: reachability, certificates, roles, expiry, clocks, versions, latency and bandwidth, and whether the parties see each
/// other.
public struct ClusterDoctor: Sendable {
  /// What was found at one party.
  public struct Finding: Hashable, Sendable, Codable {
    public var party: Int
    /// From here to the party.
    public var link: LinkReport
    /// Whether it has a session with the other parties.
    public var isInSession: Bool?
    /// From the party to the others and to the dealer, as it says itself.
    public var links: [LinkReport] = []
    /// What to mend; nothing where all is well.
    public var problems: [String] = []
  }

  /// What was found in all.
  public struct Report: Hashable, Sendable, Codable {
    /// When the certificate of this client expires.
    public var certificateExpires: Date
    public var parties: [Finding]
    /// What to mend here.
    public var problems: [String] = []

    public var isWell: Bool { problems.isEmpty && parties.allSatisfy(\.problems.isEmpty) }
  }

  private let cluster: ClusterFile
  private let identity: NodeIdentity
  private let patience: Duration

  public init(cluster: ClusterFile, identity: NodeIdentity, patience: Duration) {
    self.cluster = cluster
    self.identity = identity
    self.patience = patience
  }

  /// Examines all parties at once, and then the ways between them, one party's after the other's.
  ///
  /// - Throws: `IdentityError` where this client's own certificate cannot be read.
  public func examine() async throws -> Report {
    let loop = SocketLoop(name: "doctor", spin: .zero)
    defer { loop.shutdown() }
    var report = Report(certificateExpires: try identity.summary.validUntil, parties: [])
    if report.certificateExpires < Date().addingTimeInterval(14 * 86_400) {
      report.problems.append("the certificate of \(identity.name) here expires within 14 days: issue a new one")
    }
    report.parties = await withTaskGroup(of: Finding.self) { group in
      for party in cluster.parties.indices { group.addTask { await examine(party, loop) } }
      var findings: [Finding] = []
      for await finding in group { findings.append(finding) }
      return findings.sorted { $0.party < $1.party }
    }
    for index in report.parties.indices where report.parties[index].isInSession != nil {
      await examineLinks(of: &report.parties[index], loop)
    }
    return report
  }

  private func connected<Value: Sendable>(
    to party: Int, _ loop: SocketLoop, _ body: (FrameConnection) async throws -> Value
  ) async throws -> Value {
    let member = cluster.parties[party]
    let settings = try identity.tlsSettings(identity.policy(accepting: [.party]))
    let connection = try await loop.connect(
      host: member.host, port: member.port, party: party, protection: .tls(settings), within: patience)
    do {
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw error
    }
  }

  private func examine(_ party: Int, _ loop: SocketLoop) async -> Finding {
    let member = cluster.parties[party]
    let empty = Finding(party: party, link: LinkReport(to: member, party: party))
    do {
      return try await connected(to: party, loop) { connection in
        var finding = empty
        finding.link.note(await connection.peer, expected: member.certificate)
        do {
          try await ClusterClient.greet(connection, party: party, patience)
          let figures = try await LinkProbe(loadByteCount: LinkProbe.largeLoad) {
            try await ClusterClient.health(connection, party: party, byteCount: $0, patience)
          }.measure()
          finding.link.note(figures)
          finding.isInSession = figures.health.sessionFault == nil
          if let fault = figures.health.sessionFault {
            finding.problems.append("it has no session with the other parties: \(fault)")
          }
        } catch { finding.problems.append("\(error)") }
        finding.problems = finding.link.problems + finding.problems
        return finding
      }
    } catch {
      var finding = empty
      finding.problems = ["\(error)"]
      return finding
    }
  }

  /// What the party finds on its own ways.
  private func examineLinks(of finding: inout Finding, _ loop: SocketLoop) async {
    let party = finding.party
    // One way after the other, and the party may be waiting for each.
    let patience = patience + LinkMeter.longest * cluster.parties.count
    do {
      finding.links = try await connected(to: party, loop) { connection in
        try await ClusterClient.greet(connection, party: party, self.patience)
        return try await ClusterClient.links(connection, party: party, patience)
      }
      for link in finding.links {
        let name = link.party.map { "party \($0) (\(link.name))" } ?? "the dealer (\(link.name))"
        finding.problems += link.problems.map { "on its way to \(name): \($0)" }
      }
    } catch { finding.problems.append("it does not measure its ways to the others: \(error)") }
  }
}
