import Crypto
import Foundation
package import Identity
import Links
import Serving

/// The parties to whose shares a job's updates go.
struct SharedParties: Sendable {
  let cluster: any AggregationCluster
  let job: String

  static let missing = CoordinationError.setting(
    "federated.aggregation", reason: "is shared, and this coordinator has no parties: start it with --cluster FILE")
}

/// `aggregation: shared` at the coordinator: passes on the parties' keys, then workers' sealed shares, in one stage, and has
/// the parties open the sum.
struct SharedAggregation: HidingServer {
  private let sum: SharedSum
  private let members: [(index: Int, name: String)]
  private let needed: Int
  private let patience: Duration
  private let cluster: any AggregationCluster
  private(set) var refusals: [String] = []
  private(set) var otherByteCount = 0

  /// - Parameters:
  ///   - members: those who are ready, by index in the cohort.
  ///   - needed: with fewer updates than this nothing is opened: a round that is tried again would open nearly the same
  ///     ones.
  init(
    _ plan: HidingPlan, attempt: Int, members: [(index: Int, name: String)], needed: Int, patience: Duration,
    parties: SharedParties
  ) {
    sum = plan.sharedSum(of: parties.job, attempt: attempt, workers: members.map(\.name))
    self.members = members
    self.needed = max(sum.minimumClients, needed)
    self.patience = patience
    cluster = parties.cluster
  }

  func begin() async throws -> [Int: LinkBody] {
    let keys = try await reached { try await cluster.credentials(within: patience) }
    let body = LinkBody.bytes([UInt8](try JSONEncoder().encode(keys)))
    return Dictionary(uniqueKeysWithValues: members.map { ($0.index, body) })
  }

  mutating func receive(_ answers: [Int: LinkBody]) async throws -> HidingStep {
    var updates: [Int: SealedUpdate] = [:]
    for (place, (index, name)) in members.enumerated() {
      guard let body = answers[index] else { continue }
      guard case .bytes(let bytes) = body, let update = try? SealedUpdate(bytes: bytes) else {
        refusals.append("\(CoordinationError.malformedMessage(from: name))")
        continue
      }
      updates[place] = update
    }
    guard updates.count >= needed else {
      return .finished(sums: [], contributors: updates.keys.sorted().map { members[$0].index })
    }
    let (cluster, sum, needed, patience) = (cluster, sum, needed, patience)
    let opened = try await reached { try await cluster.add(updates, of: sum, needed: needed, within: patience) }
    otherByteCount += opened.byteCount
    refusals += opened.faults
    refusals += opened.tooLong.map { "\(members[$0].name): its update is not within the norm bound" }
    return .finished(sums: opened.words, contributors: opened.accepted.map { members[$0].index })
  }

  /// What goes wrong among the parties is told as theirs.
  private func reached<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as CancellationError {
      throw error
    } catch { throw CoordinationError.partiesFail(reason: "\(error)") }
  }
}

/// What a worker's shares are made with: its certificate, and those of the parties that its owner trusts.
package struct SharingIdentity: Sendable {
  let name: String
  /// DER.
  let certificate: [UInt8]
  let key: P256.Signing.PrivateKey
  /// The SHA-256 of the parties' certificates, in their order.
  let pins: [[UInt8]]

  package init(_ identity: NodeIdentity, pins: [[UInt8]]) {
    (name, certificate, key) = (identity.name, identity.certificateBytes, identity.signingKey)
    self.pins = pins
  }
}

/// `aggregation: shared` at a worker: cuts its vector into shares and seals each to its party.
struct SharedContribution: HidingClient {
  private let sum: SharedSum
  private let identity: SharingIdentity
  private var words: [UInt64]

  init(
    _ plan: HidingPlan, job: String, attempt: Int, clients: [String], words: [UInt64], identity: SharingIdentity
  ) throws {
    guard clients.count >= max(2, plan.minimumClients), clients.contains(identity.name) else {
      throw CoordinationError.protocolBreach("a sum of fewer updates than the job's")
    }
    sum = plan.sharedSum(of: job, attempt: attempt, workers: clients)
    self.identity = identity
    self.words = words
  }

  mutating func answer(_ body: LinkBody) throws -> LinkBody {
    guard case .bytes(let bytes) = body, !words.isEmpty,
      let credentials = try? JSONDecoder().decode([PartyCredential].self, from: Data(bytes))
    else { throw CoordinationError.malformedMessage(from: "the coordinator") }
    defer { words = [] }
    let update = try SealedUpdate(
      words, of: sum, worker: identity.name, certificate: identity.certificate, key: identity.key,
      credentials: credentials, pins: identity.pins)
    return .bytes(update.bytes)
  }
}

extension HidingPlan {
  /// The sum that the parties are asked for; coordinator and workers make the same of it.
  fileprivate func sharedSum(of job: String, attempt: Int, workers: [String]) -> SharedSum {
    let bound = normLimit.map { limit in
      NormCheck(valueCount: segments[0].count, bits: bits, ratio: limit / segments[0].bound)
    }
    return SharedSum(
      job: job, attempt: attempt, workers: workers, count: count, minimumClients: max(2, minimumClients), bound: bound)
  }
}
