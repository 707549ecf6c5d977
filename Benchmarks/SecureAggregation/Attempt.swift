import Crypto
import Foundation
import SecureAggregation

/// One attempt whose server and clients are timed apart.
struct Attempt {
  let plan: AggregationPlan
  let dropped: Int
  private var server: AggregationServer
  private var clients: [ClientID: AggregationClient] = [:]
  private var figures: Figures

  init(plan: AggregationPlan, dropped: Int) throws {
    self.plan = plan
    self.dropped = dropped
    figures = Figures(plan: plan, dropped: dropped)
    var keys: [ClientID: P256.Signing.PrivateKey] = [:]
    for index in 0..<plan.clientCount { keys[ClientID("client-\(100_000 + index)")] = P256.Signing.PrivateKey() }
    let roster = keys.mapValues(\.publicKey)
    server = try AggregationServer(plan: plan, roster: roster, cohort: Array(keys.keys))
    for (index, (client, key)) in keys.sorted(by: { $0.key < $1.key }).enumerated() {
      clients[client] = try AggregationClient(
        client: client, signingKey: key, roster: roster, plan: plan,
        input: [UInt32](repeating: UInt32(index % 1000), count: plan.vectorLength), record: MemoryUnmaskingRecord())
    }
  }

  /// Runs every stage; replies are taken one by one, so that no two masked inputs lie in memory together.
  consuming func run() throws -> Figures {
    var messages = Self.timed(&figures.serverSeconds) { server.begin() }
    let leaving = Set(clients.keys.shuffled().prefix(dropped))
    while let stage = server.expected {
      let allStay = stage.rawValue < MessageKind.maskedInput.rawValue
      for (client, message) in messages where allStay || !leaving.contains(client) {
        let bytes = message.bytes
        let reply = try Self.timed(&figures.clientSeconds) { try clients[client]?.answer(bytes) ?? [] }
        if stage == .unmasking { clients[client] = nil }
        figures.count(received: bytes.count, sent: reply.count)
        Self.timed(&figures.serverSeconds) { server.accept(reply, from: client) }
      }
      messages = [:]
      let started = Self.cpuSeconds
      let step = try server.advance()
      figures.ended(stage, after: Self.cpuSeconds - started)
      switch step {
      case .ask(let next): messages = next
      case .finished(let result): figures.finished(result)
      }
    }
    return figures
  }

  private static func timed<T, E: Error>(_ seconds: inout Double, _ body: () throws(E) -> T) throws(E) -> T {
    let started = cpuSeconds
    defer { seconds += cpuSeconds - started }
    return try body()
  }

  /// Processor time of this thread.
  private static var cpuSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
