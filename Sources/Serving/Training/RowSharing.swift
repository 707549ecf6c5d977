public import Identity
package import Learning
import Sharing
import Transports

/// The parties among which a worker shares its rows.
package protocol RowSharing: Sendable {
  /// The SHA-256 of their certificates, in their order.
  var fingerprints: [[UInt8]] { get }

  /// Shares the rows of one of a job's owners; returns the bytes that were sent.
  ///
  /// - Parameters:
  ///   - owner: its place among the job's owners.
  ///   - name: in its certificate.
  func share(_ prepared: PreparedJob, owner: Int, name: String) async throws -> Int
}

/// Running parties, as a worker reaches them: directly, so that nobody else carries its rows.
public struct RemoteRowSharing: RowSharing {
  private let cluster: ClusterFile
  private let identity: NodeIdentity

  /// - Parameter identity: the worker's.
  public init(_ cluster: ClusterFile, as identity: NodeIdentity) {
    self.cluster = cluster
    self.identity = identity
  }

  package var fingerprints: [[UInt8]] { cluster.parties.map(\.certificate) }

  package func share(_ prepared: PreparedJob, owner: Int, name: String) async throws -> Int {
    let part = prepared.job.encrypted ?? Job.EncryptedPart()
    try ClusterScheme(part).check(cluster, file: "the policy's cluster")
    let loop = SocketLoop(name: "rows", spin: .zero)
    defer { loop.shutdown() }
    let client = try await ClusterClient.connect(
      to: cluster, as: identity, loop: loop, patience: .seconds(part.deadlineSeconds))
    let sent = try await client.share(prepared, owner: owner)
    await client.close()
    return sent.byteCount
  }
}

extension Job.EncryptedPart.Owner {
  /// What the parties keep the owner's rows by: the name in its certificate, and that it is a worker's, if it is.
  package var place: String? { isWorker ? name.map(Self.place(ofWorker:)) : name }

  /// No name of a certificate has a colon.
  static func place(ofWorker name: String) -> String { "worker:" + name }
}
