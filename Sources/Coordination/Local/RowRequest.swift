import Arithmetic
import Foundation
public import Identity
public import Learning
public import Links

/// A job's owner's request to a running coordinator: that the workers which the job names share their rows among the
/// job's parties.
public struct RowRequest: Sendable {
  private let job: Job
  private let text: String
  private let fingerprints: [[UInt8]]

  /// - Parameters:
  ///   - text: the job's file, as workers read it.
  ///   - cluster: the parties of the job.
  public init(_ job: Job, text: String, cluster: ClusterFile) {
    self.init(job, text: text, fingerprints: cluster.parties.map(\.certificate))
  }

  package init(_ job: Job, text: String, fingerprints: [[UInt8]]) {
    self.job = job
    self.text = text
    self.fingerprints = fingerprints
  }

  /// Training rows and test rows of each worker, in the order of the job's owners, when all are shared.
  ///
  /// - Throws: ``JobFailure`` with the workers' or the coordinator's reason, `LinkError`.
  public func run(over link: any Link) async throws -> (rows: [Int], testRows: [Int]) {
    let request = RowsRequest(
      text: text, seed: job.training.seed, parties: fingerprints.map(Hexadecimal.text))
    try await link.send(try MessageCoding.message(SubmitterMessage.shareRows(request)))
    let message = try await link.receive(within: .seconds(3600))
    switch try MessageCoding.header(of: message, from: "the coordinator") as SubmitterReply {
    case .rowsShared(let rows, let testRows): return (rows, testRows)
    case .failed(let reason, let code): throw JobFailure(reason: reason, exitCode: code)
    case .accepted, .waiting, .rounds, .delayed, .done:
      throw CoordinationError.malformedMessage(from: "the coordinator")
    }
  }

  /// - Parameter identity: a client's.
  public func run(to address: String, as identity: NodeIdentity) async throws -> (rows: [Int], testRows: [Int]) {
    let link = try await WebSocketDialer.connect(
      to: address, tls: try identity.tlsSettings(identity.policy(accepting: [.coordinator])), within: .seconds(10))
    defer { Task { await link.close() } }
    return try await run(over: link)
  }
}
