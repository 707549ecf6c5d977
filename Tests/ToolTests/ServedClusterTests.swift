import Foundation
import Processes
import Tacit
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Parties that keep what they must in folders, and clients: all by the command, in processes that are killed.
extension ToolTests {
  private func serve(_ index: Int) throws -> Started {
    try start(
      [
        "party", "--index", "\(index)", "--identity", "p\(index)", "--cluster", "cluster.yaml", "--state",
        "state\(index)",
        "--storage-key", "key\(index)",
      ], input: Pipe())
  }

  /// Certificates, the cluster file and a model without preprocessing.
  private func settle(_ ports: ReservedPorts) throws {
    #expect(try tacit("keys", "init", "authority").status == 0)
    var members = "parties:"
    for (name, role) in [
      ("p0", "party"), ("p1", "party"), ("p2", "party"), ("owner", "client"), ("shop", "client"), ("w", "worker"),
    ] {
      let made = try tacit("keys", "issue", "authority", "--role", role, "--name", name, "--out", name, "--json")
      guard role == "party", let index = Int(name.dropFirst()) else { continue }
      let print = try #require(try made.json()["fingerprint"] as? String)
      members += "\n  - {name: \(name), address: '127.0.0.1:\(ports.numbers[index])', certificate: \(print)}"
    }
    try write("cluster.yaml", members + "\ndeadlineSeconds: 10\n")
    #expect(try tacit("keys", "init", "stranger").status == 0)
    #expect(
      try tacit("keys", "issue", "stranger", "--role", "client", "--name", "shop", "--out", "strange").status == 0)
    let (graph, weights) = SmallModels.perceptron(sigmoid: true)
    try ModelFile(graph: graph, weights: weights, provenance: .init(creator: "test", dataset: "none", source: "none"))
      .encoded().write(to: folder.appendingPathComponent("model.tacit"))
    try write("x.csv", "a,b,c,d\n0.5,-1,0.25,1\n1,0,0,-0.5\n")
  }

  private func client(_ arguments: [String], as identity: String = "shop") throws -> Run {
    try tacit(arguments + ["--cluster", "cluster.yaml", "--identity", identity])
  }

  /// One sentence and its exit code.
  private func expect(_ run: Run, _ status: Int32, _ words: String...) {
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
  }

  /// Oracle: the plain prediction, and the terms by hand.
  @Test func aServedModelHoldsItsTerms() throws {
    let ports = try ReservedPorts.take(3)
    try settle(ports)
    let parties = try (0..<3).map(serve)
    defer {
      for party in parties { party.process.end() }
      ports.release()
    }
    let share = ["share", "model.tacit", "--name", "mlp", "--requests-per-client", "5", "--expires", "30d"]
    let shared = try client(share + ["--clients", "shop/certificate.pem"], as: "owner")
    #expect(shared.status == 0, "\(shared.errors)")
    #expect(try client(["models"]).output.contains("mlp"))
    let ask = ["query", "--model", "mlp", "--input", "x.csv", "--json"]
    let report = try client(ask + ["--output", "y.npy"]).json()
    #expect(try tacit("predict", "model.tacit", "--input", "x.csv", "--output", "plain.npy").status == 0)
    let plain = try NPY.read(path: folder.appendingPathComponent("plain.npy").path)
    let secret = try NPY.read(path: folder.appendingPathComponent("y.npy").path)
    for (a, b) in zip(secret.scalars, plain.scalars) { #expect(abs(a - b) < 1e-3) }
    #expect(report["batch"] as? Int == 2 && report["requestsLeft"] as? Int == 3)
    #expect(report["cluster"] as? String == "cluster.yaml" && (report["predictions"] as? [[Double]])?.count == 2)
    // The second of two clusters answers where the first is not there.
    try write(
      "gone.yaml",
      try String(contentsOf: folder.appendingPathComponent("cluster.yaml"), encoding: .utf8)
        .replacingOccurrences(of: "127.0.0.1:\(ports.numbers[0])", with: "127.0.0.1:1"))
    let second = try tacit(
      ask + ["--cluster", "gone.yaml", "--cluster", "cluster.yaml", "--identity", "shop", "--deadline", "1"])
    #expect(try second.json()["cluster"] as? String == "cluster.yaml")
    expect(try client(ask), 4, "1 of its 5 requests")
    expect(try client(ask, as: "owner"), 4, "did not list its certificate")
    expect(try client(["withdraw", "mlp"]), 4, "only its owner")
    expect(try client(ask, as: "strange"), 3, "authority")
    expect(try client(["models"], as: "w"), 2, "worker")
    expect(try client(["query", "--model", "none", "--input", "x.csv"]), 2, "no model \"none\"")
    expect(try client(["share", "model.tacit", "--name", "No Name"], as: "owner"), 2, "1 to 64")
    #expect(try client(["withdraw", "mlp"], as: "owner").status == 0)
  }

  /// Clients ask without a pause while a party is killed and comes back: in the end all requests are used up, and none is
  /// answered beyond.
  @Test func countsAreExactWhenAPartyIsKilled() async throws {
    let ports = try ReservedPorts.take(3)
    try settle(ports)
    var parties = try (0..<3).map(serve)
    defer {
      for party in parties { party.process.end() }
      ports.release()
    }
    let limit = 400
    #expect(try client(["share", "model.tacit", "--name", "mlp", "--requests", "\(limit)"], as: "owner").status == 0)
    let cluster = try ClusterFile.load(from: folder.appendingPathComponent("cluster.yaml").path)
    let identity = try NodeIdentity.load(from: folder.appendingPathComponent("shop").path)
    let askers = (0..<4).map { _ in
      Task { try await Asker(cluster: cluster, identity: identity).askUntilRefused() }
    }
    for victim in [1, 0] {
      try await Task.sleep(for: .milliseconds(100))
      kill(parties[victim].process.processIdentifier, SIGKILL)
      parties[victim].process.waitUntilGone()
      parties[victim] = try serve(victim)
    }
    var (answered, broken) = (0, 0)
    for asker in askers {
      let result = try await asker.value
      answered += result.answered
      broken += result.broken
    }
    let listing = try client(["models", "--json"], as: "owner").json()
    let owned = try #require((listing["models"] as? [[String: Any]])?.first?["owned"] as? [String: Any])
    #expect(owned["requests"] as? Int == limit)
    // What broke may or may not have been counted; what was answered was.
    #expect(answered <= limit && answered >= limit - broken, "\(answered) answered, \(broken) broken")
  }

  /// Callers who say nothing, or nonsense, do not keep clients waiting.
  @Test func garbageDoesNotStopService() async throws {
    OpenFiles.raiseLimit()
    let ports = try ReservedPorts.take(3)
    try settle(ports)
    let parties = try (0..<3).map(serve)
    defer {
      for party in parties { party.process.end() }
      ports.release()
    }
    #expect(try client(["share", "model.tacit", "--name", "mlp"], as: "owner").status == 0)
    var calls: [RawCall] = []
    for index in 0..<1000 {
      let call = try #require(RawCall(port: ports.numbers[index % 3]))
      if index % 2 == 0 { call.say("GET / HTTP/1.1\r\n\r\n") }
      calls.append(call)
    }
    for _ in 0..<3 {
      let run = try client(["query", "--model", "mlp", "--input", "x.csv", "--json"])
      #expect(run.status == 0, "\(run.errors)")
    }
    for call in calls { call.hangUp() }
  }
}

/// A client that asks again as soon as it has an answer, and connects again when it has lost a party.
private struct Asker {
  let cluster: ClusterFile
  let identity: NodeIdentity

  func askUntilRefused() async throws -> (answered: Int, broken: Int) {
    let loop = SocketLoop(name: "asker", spin: .zero)
    defer { loop.shutdown() }
    var (answered, broken) = (0, 0)
    let x = Tensor<Float>(shape: [1, 4], scalars: [0.5, -1, 0.25, 1])
    while true {
      do {
        let client = try await ClusterClient.connect(to: cluster, as: identity, loop: loop, patience: .seconds(60))
        let card = try await client.card(of: "mlp")
        while true {
          do { _ = try await client.query(card, x) } catch {
            await client.close()
            throw error
          }
          answered += 1
        }
      } catch let error as ServingError where error.exitCode == 4 {
        return (answered, broken)
      } catch { broken += 1 }
    }
  }
}

/// A connection that does not know the protocol.
private struct RawCall {
  private let descriptor: Int32

  init?(port: Int) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if status != 0 { return nil }
  }

  func say(_ text: String) { _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
  func hangUp() { close(descriptor) }
}
