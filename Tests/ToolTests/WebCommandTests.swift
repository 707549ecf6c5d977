import Foundation
import Processes
import TestSupport
import Testing

/// Doors, tokens and pages by the command; what a page then does, PagesTests try in a browser.
extension ToolTests {
  private func party(_ index: Int, webPort: Int) throws -> Started {
    try start(
      [
        "party", "--identity", "p\(index)", "--cluster", "cluster.yaml", "--state", "state\(index)",
        "--web", "localhost:\(webPort)", "--web-certificate", "web.pem", "--web-key", "web-key.pem",
      ], input: Pipe())
  }

  private func settle(_ ports: ReservedPorts) throws {
    #expect(try tacit("keys", "init", "authority").status == 0)
    var members = "parties:"
    for (index, name) in ["p0", "p1", "p2", "owner", "shop"].enumerated() {
      let role = index < 3 ? "party" : "client"
      let made = try tacit("keys", "issue", "authority", "--role", role, "--name", name, "--out", name, "--json")
      guard index < 3 else { continue }
      let print = try #require(try made.json()["fingerprint"] as? String)
      members += "\n  - {name: \(name), address: '127.0.0.1:\(ports.numbers[index])', certificate: \(print)}"
    }
    try write("cluster.yaml", members + "\ndeadlineSeconds: 10\n")
    _ = try WebAuthority().issue(in: folder.path)
  }

  /// Oracle: what was shared and asked for, and who may.
  @Test func pagesAreMadeForSharedModels() throws {
    let ports = try ReservedPorts.take(6)
    try settle(ports)
    try train()
    let parties = try (0..<3).map { try party($0, webPort: ports.numbers[3 + $0]) }
    defer {
      for party in parties { party.process.end() }
      ports.release()
    }
    func run(_ identity: String, _ arguments: String...) throws -> Run {
      try tacit(arguments + ["--cluster", "cluster.yaml", "--identity", identity])
    }
    func expect(_ run: Run, _ status: Int32, _ words: String) {
      #expect(run.status == status && run.errors.contains(words), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
    let share = ["share", "run/model.tacit", "--name", "credit", "--publish-preprocessing"]
    let place = ["--cluster", "cluster.yaml", "--identity", "owner"]
    expect(try tacit(share + ["--web-origin", "bank.example"] + place), 2, "https://NAME")
    let shared = try tacit(share + ["--web-origin", "http://localhost:8080"] + place)
    #expect(shared.status == 0, "\(shared.errors)")
    let tokens = try run("owner", "token", "--model", "credit", "--count", "3", "--output", "tokens.txt")
    #expect(tokens.status == 0, "\(tokens.errors)")
    let text = try String(contentsOf: folder.appendingPathComponent("tokens.txt"), encoding: .utf8)
    #expect(Set(text.split(separator: "\n")).count == 3)
    expect(try run("owner", "token", "--model", "credit", "--output", "tokens.txt"), 2, "new file")
    expect(try run("shop", "token", "--model", "credit"), 4, "only its owner")
    let made = try run(
      "shop", "web", "export", "site", "--model", "credit", "--title", "Loans", "--text", "yes=granted", "--text=-=x"
    )
    #expect(made.status == 0, "\(made.errors)")
    let bundle = try String(contentsOf: folder.appendingPathComponent("site/bundle.js"), encoding: .utf8)
    for words in (3..<6).map({ "wss://localhost:\(ports.numbers[$0])" }) + ["Loans", "granted", "visitor"] {
      #expect(bundle.contains(words))
    }
    expect(try run("shop", "web", "export", "site", "--model", "credit"), 2, "empty folder")
    expect(try run("shop", "web", "--model", "credit", "--certificate", "web.pem"), 2, "go together")
    expect(try run("shop", "web", "--model", "credit", "--tokens", "none.txt"), 2, "none.txt")
    expect(
      try tacit("party", "--identity", "p0", "--cluster", "cluster.yaml", "--web", "localhost:1"), 2,
      "--web-certificate")
  }
}
