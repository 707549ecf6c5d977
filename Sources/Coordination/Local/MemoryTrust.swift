package import Identity
package import Serving

/// Three parties of this process that add up shares, and certificates of workers that they take shares of.
package struct MemoryTrust: Sendable {
  package let cluster: any AggregationCluster
  package let workers: [String: NodeIdentity]

  /// `nil` where a name cannot stand in a certificate.
  package init?(workers names: [String], wrapping: (any AggregationCluster) -> any AggregationCluster = { $0 }) {
    guard let authority = try? CertificateAuthority.create(name: "this-process"),
      let cluster = try? MemoryAggregation(authority)
    else { return nil }
    var workers: [String: NodeIdentity] = [:]
    for name in names { workers[name] = try? authority.issue(role: .worker, name: name) }
    guard workers.count == names.count else { return nil }
    self.cluster = wrapping(cluster)
    self.workers = workers
  }

  /// What a worker's shares are made with.
  package func sharing(of worker: String) -> SharingIdentity? {
    workers[worker].map { SharingIdentity($0, pins: cluster.fingerprints) }
  }
}
