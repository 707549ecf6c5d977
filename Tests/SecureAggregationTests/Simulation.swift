import Crypto
import SecureAggregation

/// SplitMix64: seeded numbers for tests.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A whole attempt in one place: the driver of the server's stages, with clients that drop out or are tampered with.
struct Simulation {
  let plan: AggregationPlan
  let keys: [ClientID: P256.Signing.PrivateKey]
  let roster: Roster
  var server: AggregationServer
  var clients: [ClientID: AggregationClient]
  /// Everything the server received, by stage.
  var view: [MessageKind: [ClientID: [UInt8]]] = [:]
  /// Why clients refused to answer.
  var errors: [ClientID: SecureAggregationError] = [:]

  var names: [ClientID] { roster.keys.sorted() }

  static func name(_ index: Int) -> ClientID {
    ClientID("client-" + String(repeating: "0", count: 4 - String(index).count) + String(index))
  }

  init(_ plan: AggregationPlan, inputs: [[UInt64]]) throws {
    self.plan = plan
    var keys: [ClientID: P256.Signing.PrivateKey] = [:]
    for index in 0..<plan.clientCount { keys[Self.name(index)] = P256.Signing.PrivateKey() }
    let roster = keys.mapValues(\.publicKey)
    self.keys = keys
    self.roster = roster
    server = try AggregationServer(plan: plan, roster: roster, cohort: Array(keys.keys))
    clients = [:]
    for (index, input) in inputs.enumerated() {
      let name = Self.name(index)
      guard let key = keys[name] else { continue }
      clients[name] = try AggregationClient(
        client: name, signingKey: key, roster: roster, plan: plan, input: input, record: MemoryUnmaskingRecord())
    }
  }

  /// Runs to the end. In each stage the clients in `dropping` say nothing any more, and `tamper` may change replies.
  mutating func run(
    dropping: [MessageKind: Set<ClientID>] = [:],
    tamper: (MessageKind, inout [ClientID: [UInt8]]) -> Void = { _, _ in }
  ) throws -> AggregationResult {
    var messages = server.begin()
    var gone: Set<ClientID> = []
    while let stage = server.expected {
      gone.formUnion(dropping[stage] ?? [])
      var replies = answers(to: messages, without: gone)
      tamper(stage, &replies)
      view[stage] = replies
      switch try server.receive(replies) {
      case .ask(let next): messages = next
      case .finished(let result): return result
      }
    }
    throw SecureAggregationError.abandoned
  }

  /// The replies of all who are still there; who refuses is noted.
  mutating func answers(to messages: [ClientID: OutgoingMessage], without gone: Set<ClientID> = []) -> [ClientID:
    [UInt8]]
  {
    var replies: [ClientID: [UInt8]] = [:]
    for (client, message) in messages where !gone.contains(client) {
      replies[client] = answer(client, message.bytes)
    }
    return replies
  }

  mutating func answer(_ client: ClientID, _ message: [UInt8]) -> [UInt8]? {
    do throws(SecureAggregationError) {
      return try clients[client]?.answer(message)
    } catch {
      errors[client] = error
      return nil
    }
  }

  /// Goes on until replies of `stage` are waited for; returns the server's messages that ask for them.
  mutating func messages(asking stage: MessageKind) throws -> [ClientID: OutgoingMessage] {
    var messages = server.begin()
    while server.expected != stage {
      guard case .ask(let next) = try server.receive(answers(to: messages)) else { break }
      messages = next
    }
    return messages
  }
}

/// Seeded inputs for every client, and their sums over some.
struct Inputs {
  let all: [[UInt64]]

  init(_ plan: AggregationPlan, seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    all = (0..<plan.clientCount).map { _ in
      (0..<plan.vectorLength).map { _ in generator.next() & plan.largestValue }
    }
  }

  func sum(of contributors: [ClientID]) -> [UInt64] {
    let chosen = contributors.compactMap { Int($0.name.suffix(4)) }
    return all[0].indices.map { index in chosen.reduce(0) { $0 + all[$1][index] } }
  }
}
