import Foundation
import Graphs
import InMemoryTracing
import Instrumentation
import ModelFiles
import Monitoring
import NIOConcurrencyHelpers
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Tracing
import Transports

/// What becomes of queries that wait, and what the parties tell of queries.
@Suite(.serialized) struct WaitingQueryTests {
  private let model: ModelFile

  init() throws {
    let parts = SmallModels.perceptron()
    model = try ModelFile(
      graph: parts.graph, weights: parts.weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
  }

  /// A party's metrics, as they are read from outside.
  private func metrics(_ cluster: StoredCluster, _ registries: [MetricsRegistry], _ party: Int) async -> String {
    await cluster.server(party)?.updateMetrics()
    return PrometheusText.of(registries[party])
  }

  /// Waits for one of these lines in a party's metrics.
  private func wait(
    for lines: [String], of cluster: StoredCluster, _ registries: [MetricsRegistry], at party: Int
  ) async throws {
    for _ in 0..<2000 {
      let text = await metrics(cluster, registries, party)
      if lines.contains(where: { text.contains("\n" + $0 + "\n") }) { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("party \(party) says none of \(lines): \(await metrics(cluster, registries, party))")
  }

  private func withCluster(
    deadline: Duration = .seconds(60), tracer: InMemoryTracer? = nil,
    _ body: (StoredCluster, [MetricsRegistry]) async throws -> Void
  ) async throws {
    let registries = (0..<3).map { _ in MetricsRegistry() }
    try await withFolder { folder in
      let cluster = try await StoredCluster(in: folder, deadline: deadline) {
        PartyObserver(metrics: registries[$0], tracer: tracer)
      }
      defer { cluster.stop() }
      try await body(cluster, registries)
    }
  }

  /// Three parts of one input of the model, as docs/SERVING.md has them.
  private static let inputs: [[UInt8]] = {
    let key = [UInt8](repeating: 7, count: 16)
    let words = [UInt8](repeating: 7, count: 4 * 8)
    return [[3] + key + key, [2] + key + words, [1] + key + words]
  }()

  private func ask(_ call: FrameConnection, _ party: Int, _ id: String, waits: String = "") async throws {
    let control = #"{"query":{"id":"\#(id)","model":"m","batch":1\#(waits)}}"#
    try await call.send(StoredCluster.frame(control, body: Self.inputs[party]))
  }

  /// A query whose client is gone from two parties is not run when its last share comes, and not counted.
  @Test func whatClientsHaveGivenUpIsNotRun() async throws {
    try await withCluster { cluster, registries in
      let (owner, shop) = try (cluster.identity("owner"), cluster.identity("shop"))
      let loop = SocketLoop(name: "shop", spin: .zero)
      defer { loop.shutdown() }
      try await cluster.with(owner) { client in
        try await client.share(model, named: "m", fractionBits: 16, terms: ModelTerms(requests: 5))
        for party in 0..<2 {
          let call = try await cluster.call(party, as: shop, loop: loop)
          try await ask(call, party, "given-up")
          await call.close()
        }
        for party in 0..<2 {
          // Whichever party notices first has the others told.
          let lines = ["abandoned", "declined"].map { "tacit_queries_total{model=\"m\",outcome=\"\($0)\"} 1" }
          try await wait(for: lines, of: cluster, registries, at: party)
        }
        let last = try await cluster.call(2, as: shop, loop: loop)
        try await ask(last, 2, "given-up")
        #expect(try await StoredCluster.text(last.receive(within: .seconds(60))).contains("declined"))
        #expect(try await client.models().first?.requestsLeft == 5)
      }
    }
  }

  /// A query that comes while a party is missing waits for it, and for no longer than its client does.
  @Test func queriesWaitForTheSession() async throws {
    try await withCluster { cluster, registries in
      let (owner, shop) = try (cluster.identity("owner"), cluster.identity("shop"))
      let loop = SocketLoop(name: "shop", spin: .zero)
      defer { loop.shutdown() }
      try await cluster.with(owner) { try await $0.share(model, named: "m", fractionBits: 16) }
      await cluster.kill(2)
      for party in 0..<2 { try await wait(for: ["tacit_session 0"], of: cluster, registries, at: party) }
      var calls: [FrameConnection] = []
      for party in 0..<2 {
        calls.append(try await cluster.call(party, as: shop, loop: loop))
        try await ask(calls[party], party, "short", waits: #","waits":0.2"#)
      }
      for call in calls {
        let text = try await StoredCluster.text(call.receive(within: .seconds(60)))
        #expect(text.contains("refused") && text.contains("session"), "\(text)")
      }
      for party in 0..<2 { try await ask(calls[party], party, "long") }
      try await cluster.start(2)
      calls.append(try await cluster.call(2, as: shop, loop: loop))
      try await ask(calls[2], 2, "long")
      for call in calls {
        #expect(try await StoredCluster.text(call.receive(within: .seconds(60))).contains(#"{"answer""#))
      }
    }
  }

  /// One trace from the client through all parties; what is told holds neither the client's name nor its certificate.
  @Test func tracesAndMetricsFollowAQuery() async throws {
    let tracer = InMemoryTracer()
    try await withCluster(tracer: tracer) { cluster, registries in
      let owner = try cluster.identity("owner-of-all")
      try await cluster.with(owner, tracer: tracer) { client in
        try await client.share(model, named: "m", fractionBits: 16, terms: ModelTerms(requests: 9))
        let card = try await client.card(of: "m")
        _ = try await client.query(card, SmallModels.numbers([3, 4]))
        _ = try? await client.query(card, SmallModels.numbers([30, 4]))
      }
      try Self.check(tracer.finishedSpans)
      for party in 0..<3 { Self.check(await metrics(cluster, registries, party)) }
      var fault = await cluster.server(0)?.fault
      #expect(fault == nil)
      await cluster.kill(1)
      try await wait(for: ["tacit_session 0"], of: cluster, registries, at: 0)
      fault = await cluster.server(0)?.fault
      #expect(fault?.contains("no session") == true)
    }
  }

  /// All spans of the query that was answered are of the client's trace: its own, three of parties, and a run in each of these.
  private static func check(_ spans: [FinishedInMemorySpan]) throws {
    let root = try #require(spans.first { $0.operationName == "tacit.query" })
    let traced = spans.filter { $0.traceID == root.traceID }
    let queries = traced.filter { $0.operationName == "tacit.party.query" }
    #expect(queries.count == 3 && queries.allSatisfy { $0.parentSpanID == root.spanID })
    let runs = traced.filter { $0.operationName == "tacit.party.run" }
    #expect(runs.count == 3 && Set(runs.compactMap(\.parentSpanID)) == Set(queries.map(\.spanID)))
  }

  private static func check(_ text: String) {
    let lines = [
      #"tacit_queries_total{model="m",outcome="answered"} 1"#,
      #"tacit_queries_total{model="m",outcome="refused"} 1"#, #"tacit_requests_left{model="m"} 6"#,
      #"tacit_query_seconds_count{model="m"} 1"#, "tacit_run_examples_sum 3", "tacit_run_queries_sum 1",
      "tacit_session 1", "tacit_sessions_total 1", #"tacit_models{state="served"} 1"#, "tacit_queue_length 0",
    ]
    for line in lines { #expect(text.contains("\n" + line + "\n"), "\(line): \(text)") }
    #expect(!text.contains("owner-of-all"))
  }
}
