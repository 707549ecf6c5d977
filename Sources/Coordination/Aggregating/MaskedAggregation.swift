import Crypto
import Learning
import Links
import SecureAggregation

/// `aggregation: masked` at the coordinator: drives one attempt of secure aggregation among those who are ready.
struct MaskedAggregation: HidingServer {
  private var server: AggregationServer
  private let indices: [ClientID: Int]

  /// - Parameters:
  ///   - names: of those who are ready, by index in the cohort.
  ///   - roster: the keys of the certificates that they connected with.
  init(
    _ plan: MaskingPlan, names: [Int: String], roster: Roster
  ) throws(SecureAggregationError) {
    indices = Dictionary(uniqueKeysWithValues: names.map { (ClientID($0.value), $0.key) })
    server = try AggregationServer(
      plan: try plan.agreed(clients: names.count), roster: roster, cohort: Array(indices.keys))
  }

  mutating func begin() -> [Int: LinkBody] { bodies(server.begin()) }

  mutating func receive(_ answers: [Int: LinkBody]) throws -> HidingStep {
    for (client, index) in indices {
      // What is no bytes is no reply of this protocol.
      guard case .bytes(let bytes)? = answers[index] else { continue }
      server.accept(bytes, from: client)
    }
    switch try server.advance() {
    case .ask(let messages): return .stage(bodies(messages))
    case .finished(let result):
      return .finished(sums: result.sum, contributors: result.contributors.compactMap { indices[$0] })
    }
  }

  var refusals: [String] { server.refusals.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } }

  private func bodies(_ messages: [ClientID: OutgoingMessage]) -> [Int: LinkBody] {
    Dictionary(
      uniqueKeysWithValues: messages.compactMap { client, message in
        indices[client].map { ($0, .bytes(message.bytes)) }
      })
  }
}

/// `aggregation: masked` at a worker.
struct MaskedContribution: HidingClient {
  private var client: AggregationClient

  init(
    _ plan: MaskingPlan, clients: [String], name: String, key: P256.Signing.PrivateKey, roster: Roster, values: [UInt32],
    record: any UnmaskingRecord
  ) throws(SecureAggregationError) {
    client = try AggregationClient(
      client: ClientID(name), signingKey: key, roster: roster, plan: try plan.agreed(clients: clients.count), input: values,
      record: record)
  }

  mutating func answer(_ body: LinkBody) throws -> LinkBody {
    guard case .bytes(let bytes) = body else { throw CoordinationError.malformedMessage(from: "the coordinator") }
    return .bytes(try client.answer(bytes))
  }
}

/// What coordinator and workers know of an attempt before they know who is ready; so both make the same plan of it.
struct MaskingPlan: Hashable, Sendable {
  let length: Int
  let bits: Int
  let minimumClients: Int

  func agreed(clients: Int) throws(SecureAggregationError) -> AggregationPlan {
    guard clients >= minimumClients else { throw .tooFewClients(left: clients, threshold: minimumClients) }
    return try AggregationPlan(
      clientCount: clients, vectorLength: length, valueBits: bits, minimumClients: max(2, minimumClients),
      topology: try .recommended(clients: clients))
  }
}
