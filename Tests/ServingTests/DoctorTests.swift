import Foundation
import Identity
import Serving
import Testing
import Transports

@Suite struct DoctorTests {
  private func examine(
    _ cluster: ClusterFile, as identity: NodeIdentity, patience: Duration = .seconds(10)
  ) async throws -> ClusterDoctor.Report {
    try await ClusterDoctor(cluster: cluster, identity: identity, patience: patience).examine()
  }

  /// All ways are measured, from both ends; who is missing is named by everybody.
  @Test func everyPairIsMeasured() async throws {
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder, deadline: .seconds(60))
      defer { cluster.stop() }
      let doctor = try cluster.identity("doctor")
      let report = try await examine(cluster.cluster, as: doctor)
      for finding in report.parties {
        #expect(finding.links.map(\.party) == (0..<3).filter { $0 != finding.party })
        for link in finding.links + [finding.link] {
          #expect(link.roundTrip ?? -1 > 0 && link.megabytesPerSecond ?? -1 > 0 && link.version == TacitVersion.current)
          // The test's certificates are issued for a day.
          #expect(link.problems.count == 1 && link.problems[0].contains("expires within 14 days"))
        }
      }
      #expect(report.problems.count == 1 && !report.isWell)
      await cluster.kill(1)
      let later = try await examine(cluster.cluster, as: doctor, patience: .seconds(1))
      #expect(later.parties[1].link.roundTrip == nil && !later.parties[1].problems.isEmpty)
      #expect(later.parties[1].links.isEmpty)
    }
  }

  /// A cluster file with another certificate, and parties with a dealer.
  @Test func certificatesAndTheDealerAreExamined() async throws {
    let cluster = try AdditiveCluster(deadline: .seconds(5))
    defer { cluster.stop() }
    try await cluster.startDealer()
    try await cluster.startParties()
    var file = cluster.cluster
    file.parties[1].certificate[0] ^= 1
    let report = try await examine(file, as: try cluster.strangeClient())
    for finding in report.parties {
      #expect(finding.links.map(\.party) == [1 - finding.party, nil])
      #expect(finding.links.allSatisfy { $0.roundTrip ?? -1 > 0 })
    }
    #expect(report.parties[1].problems.contains { $0.contains("another certificate than the cluster file names") })
    #expect(!report.parties[0].problems.contains { $0.contains("another certificate") })
    await cluster.kill("dealer")
  }
}
