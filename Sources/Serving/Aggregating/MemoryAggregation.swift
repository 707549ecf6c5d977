import Foundation
package import Identity
import Sharing
import Transports

/// Three parties that add up workers' shares as tasks of this process: the same protocol and the same boxes, no network.
///
/// Nothing is hidden from this process; for trying and for tests.
package actor MemoryAggregation: AggregationCluster {
  package nonisolated let fingerprints: [[UInt8]]
  private let desks: [AggregationDesk]
  private let deadline: Duration
  private var queryCount = 0

  /// - Parameter authority: the workers'.
  package init(_ authority: CertificateAuthority, deadline: Duration = .seconds(60)) throws {
    let identities = try (0..<3).map { try authority.issue(role: .party, name: "party-\($0)") }
    fingerprints = identities.map(\.fingerprint)
    desks = try identities.enumerated().map { try AggregationDesk($1, party: $0) }
    self.deadline = deadline
  }

  package func credentials(within patience: Duration) -> [PartyCredential] { desks.map(\.credential) }

  package func add(
    _ updates: [Int: SealedUpdate], of sum: SharedSum, needed: Int, within patience: Duration
  ) async throws -> OpenedSum {
    try sum.validate()
    queryCount += 1
    var opened = OpenedSum()
    var parcels = [[Int: [UInt8]]](repeating: [:], count: 3)
    for (worker, update) in updates.sorted(by: { $0.key < $1.key }) {
      for party in 0..<3 {
        let (header, box) = update.part(of: party)
        opened.byteCount += box.count
        do { parcels[party][worker] = try desks[party].open(header, box, of: sum, worker: worker) } catch {
          if !opened.faults.contains("\(error)") { opened.faults.append("\(error)") }
        }
      }
    }
    let work = desks.indices.map {
      PendingAggregation(id: "\(queryCount)", sum: sum, needed: needed, parcels: parcels[$0], desk: desks[$0])
    }
    return try ClusterClient.opened(try await Self.run(work, deadline), sum, beside: opened)
  }

  private static func run(_ work: [PendingAggregation], _ deadline: Duration) async throws -> [AggregationReply] {
    try await withThrowingTaskGroup(of: (Int, AggregationReply).self) { group in
      for channel in MemoryMesh.channels(partyCount: 3, deadline: deadline) {
        group.addTask {
          do {
            let scheme = try await ReplicatedScheme.start(over: channel, session: "memory")
            let answer = try await AggregationRun(work: work[channel.party], channel: channel, scheme: scheme).run()
            return (channel.party, AggregationReply(answer))
          } catch {
            await channel.close()
            throw error
          }
        }
      }
      var replies: [(Int, AggregationReply)] = []
      for try await reply in group { replies.append(reply) }
      return replies.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  package func close() {}
}
