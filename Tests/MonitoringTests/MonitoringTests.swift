import CoreMetrics
import Foundation
import Logging
import Monitoring
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

@Suite struct MonitoringTests {
  /// Oracle: the text form as its specification writes it, by hand.
  @Test func metricsAreWrittenAsPrometheusReadsThem() {
    let registry = MetricsRegistry(descriptions: ["asked_total": "Questions,\nby \\ kind."])
    Counter(label: "asked_total", dimensions: [("kind", "a \"b\"\\\n")], factory: registry).increment(by: 2)
    Counter(label: "asked_total", dimensions: [("kind", "a \"b\"\\\n")], factory: registry).increment()
    Meter(label: "room.left", factory: registry).set(0.5)
    let sizes = Recorder(label: "sizes", factory: registry)
    for size in [1, 2, 3, 1 << 20] { sizes.record(size) }
    let text = PrometheusText.of(registry)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(5) == [
        #"# HELP asked_total Questions,\nby \\ kind."#, "# TYPE asked_total counter",
        #"asked_total{kind="a \"b\"\\\n"} 3"#, "# TYPE room_left gauge", "room_left 0.5",
      ], "\(text)")
    #expect(lines[5] == "# TYPE sizes histogram")
    #expect(
      lines[6...9] == [
        #"sizes_bucket{le="1"} 1"#, #"sizes_bucket{le="2"} 2"#, #"sizes_bucket{le="4"} 3"#, #"sizes_bucket{le="8"} 3"#,
      ])
    #expect(lines.suffix(3) == [#"sizes_bucket{le="+Inf"} 4"#, "sizes_sum 1048582", "sizes_count 4"])
    #expect(text.hasSuffix("\n"))
  }

  @Test func whatIsDestroyedIsNotShownAndNamesAreBounded() {
    let registry = MetricsRegistry()
    let meter = Meter(label: "gone", factory: registry)
    meter.set(1)
    meter.destroy()
    #expect(PrometheusText.of(registry).isEmpty)
    for index in 0..<5000 { Counter(label: "many", dimensions: [("n", "\(index)")], factory: registry).increment() }
    #expect(PrometheusText.of(registry).split(separator: "\n").count == 4097)
  }

  private static func get(_ path: String, _ port: Int) async throws -> (status: Int, text: String) {
    let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
    let (data, response) = try await URLSession.shared.data(from: url)
    return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
  }

  @Test func aServerTellsHowItIs() async throws {
    let registry = MetricsRegistry()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    func start(_ address: String, fault: String?) async throws -> MonitorServer {
      try await MonitorServer.start(
        at: address, registry: registry, version: "1.2",
        source: .init(update: { Meter(label: "now", factory: registry).set(7) }, fault: { fault }), logger: logger)
    }
    let server = try await start("127.0.0.1:0", fault: nil)
    let metrics = try await Self.get("/metrics", server.port)
    #expect(metrics.status == 200 && metrics.text.contains("\nnow 7\n"), "\(metrics)")
    #expect(metrics.text.contains(#"tacit_build_info{version="1.2"} 1"#))
    let memory = try #require(metrics.text.firstMatch(of: /\nprocess_resident_memory_bytes (\d+)\n/)?.1)
    #expect(Int(memory) ?? 0 > 1 << 20)
    #expect(try await Self.get("/health", server.port) == (200, "{\"status\":\"alive\"}\n"))
    #expect(try await Self.get("/ready", server.port) == (200, "{\"status\":\"ready\"}\n"))
    #expect(try await Self.get("/", server.port).status == 404)
    await #expect(throws: MonitorError.self) { try await start("127.0.0.1:\(server.port)", fault: nil) }
    await server.stop()
    let broken = try await start("127.0.0.1:0", fault: "party 2 is missing")
    let answer = try await Self.get("/ready", broken.port)
    #expect(answer == (503, "{\"reason\":\"party 2 is missing\",\"status\":\"not ready\"}\n"))
    await broken.stop()
    for address in ["127.0.0.1", "nowhere:70000", ":1", "::1:9"] {
      await #expect(throws: MonitorError.address(address)) { try await start(address, fault: nil) }
    }
  }
}
