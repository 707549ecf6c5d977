import Crypto
import Links
import SecureAggregation

/// `aggregation: masked` at the coordinator: drives one attempt of secure aggregation among those who are ready.
struct MaskedAggregation: HidingServer {
  private var server: AggregationServer
  private let indices: [ClientID: Int]

  /// - Parameters:
  ///   - context: what stands for the question.
  ///   - members: those who are ready, by index in the cohort; their keys are those of the certificates they connected with.
  init(_ plan: HidingPlan, context: [UInt8], members: [(index: Int, seat: WorkerSeat)]) throws {
    var roster: Roster = [:]
    var indices: [ClientID: Int] = [:]
    for (index, seat) in members {
      guard let key = seat.key else { continue }
      roster[ClientID(seat.name)] = key
      indices[ClientID(seat.name)] = index
    }
    self.indices = indices
    server = try AggregationServer(
      plan: try plan.masking(clients: indices.count, context: context), roster: roster, cohort: Array(indices.keys))
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
    _ plan: HidingPlan, clientCount: Int, context: [UInt8], words: [UInt64], name: String,
    key: P256.Signing.PrivateKey, roster: Roster, record: any UnmaskingRecord
  ) throws(SecureAggregationError) {
    client = try AggregationClient(
      client: ClientID(name), signingKey: key, roster: roster,
      plan: try plan.masking(clients: clientCount, context: context),
      input: words, record: record)
  }

  mutating func answer(_ body: LinkBody) throws -> LinkBody {
    guard case .bytes(let bytes) = body else { throw CoordinationError.malformedMessage(from: "the coordinator") }
    return .bytes(try answer(bytes))
  }

  /// The reply to the server's next message.
  mutating func answer(_ message: [UInt8]) throws(SecureAggregationError) -> [UInt8] { try client.answer(message) }

  /// Whether the last answer was given.
  var isFinished: Bool { client.isFinished }
}

extension HidingPlan {
  /// The plan of secure aggregation among so many; coordinator and workers make the same one.
  fileprivate func masking(clients: Int, context: [UInt8]) throws(SecureAggregationError) -> AggregationPlan {
    guard clients >= minimumClients else { throw .tooFewClients(left: clients, threshold: minimumClients) }
    return try AggregationPlan(
      clientCount: clients, vectorLength: count, valueBits: bits, minimumClients: max(2, minimumClients),
      topology: try .recommended(clients: clients), context: context)
  }
}
