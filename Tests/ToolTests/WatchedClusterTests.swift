import Foundation
import Processes
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// What operators see of parties: by the commands, in processes.
extension ToolTests {
  private func get(_ path: String, _ port: Int) async throws -> (status: Int, text: String) {
    let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
    let (data, response) = try await URLSession.shared.data(from: url)
    return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
  }

  /// Waits until a path says so.
  private func wait(for status: Int, of path: String, _ port: Int) async throws -> String {
    for _ in 0..<1000 {
      if let answer = try? await get(path, port), answer.status == status { return answer.text }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("\(path) never said \(status)")
    return ""
  }

  @Test func partiesAreWatchedAndExamined() async throws {
    let ports = try ReservedPorts.take(4)
    #expect(try tacit("keys", "init", "authority").status == 0)
    var members = "parties:"
    for name in ["p0", "p1", "p2", "shop"] {
      let role = name == "shop" ? "client" : "party"
      let made = try tacit("keys", "issue", "authority", "--role", role, "--name", name, "--out", name, "--json").json()
      guard let index = Int(name.dropFirst()) else { continue }
      let print = try #require(made["fingerprint"] as? String)
      members += "\n  - {name: \(name), address: '127.0.0.1:\(ports.numbers[index])', certificate: \(print)}"
    }
    try write("cluster.yaml", members + "\ndeadlineSeconds: 10\n")
    var parties = try (0..<3).map { index in
      let metrics = index == 0 ? ["--metrics", "127.0.0.1:\(ports.numbers[3])"] : []
      return try start(
        ["party", "--index", "\(index)", "--identity", "p\(index)", "--cluster", "cluster.yaml"] + metrics,
        input: Pipe())
    }
    defer {
      for party in parties { party.process.end() }
      ports.release()
    }
    #expect(try await wait(for: 200, of: "/ready", ports.numbers[3]) == "{\"status\":\"ready\"}\n")
    let metrics = try await get("/metrics", ports.numbers[3]).text
    for line in ["tacit_session 1", "# TYPE tacit_sessions_total counter", "tacit_models{state=\"served\"} 0"] {
      #expect(metrics.contains("\n" + line + "\n"), "\(metrics)")
    }
    let examine = ["doctor", "--cluster", "cluster.yaml", "--identity", "shop"]
    let report = try tacit(examine + ["--json"])
    let isWell = try report.json()["isWell"] as? Bool
    #expect(report.status == 0 && isWell == true, "\(report.output) \(report.errors)")
    let well = try tacit(examine).output
    #expect(well.contains("well") && well.contains("to party 2") && !well.contains("to mend"), "\(well)")
    let last = parties.removeLast()
    last.process.end()
    #expect(try await wait(for: 503, of: "/ready", ports.numbers[3]).contains("no session"))
    #expect(try await get("/health", ports.numbers[3]).status == 200)
    let missing = try tacit(examine + ["--deadline", "1"])
    #expect(missing.status == 3 && missing.output.contains("to mend"), "\(missing.output)")
  }
}
