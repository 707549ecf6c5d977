import ArgumentParser
import Tacit

/// Flags of commands that talk to a cluster as a client.
struct ClusterFlags: ParsableArguments {
  @Option(help: "The cluster file: names, addresses and certificates of all parties.") var cluster: String
  @Option(help: "The folder of the client's certificate and key, made by tacit keys issue --role client.")
  var identity: String
  @Option(help: "Seconds to wait for a party before giving up.") var deadline = 30.0
  @Flag(help: "Print one JSON object.") var json = false

  /// Runs the body with a connection to all parties.
  func connected<Value: Sendable>(_ body: (ClusterClient) async throws -> Value) async throws -> Value {
    let patience = try Patience.checked(deadline)
    let cluster = try ClusterFile.load(from: cluster)
    let identity = try NodeIdentity.load(from: identity)
    let loop = SocketLoop(name: "client", spin: .zero)
    defer { loop.shutdown() }
    let client = try await ClusterClient.connect(
      to: cluster, as: identity, loop: loop, patience: patience, waiting: { WaitingLine.show($0) })
    let value = try await body(client)
    await client.close()
    return value
  }
}

/// The flag `--deadline`.
enum Patience {
  static func checked(_ seconds: Double) throws -> Duration {
    guard (0.1...86_400).contains(seconds) else {
      throw UsageError("--deadline is between 0.1 and 86400 seconds, not \(seconds)")
    }
    return .seconds(seconds)
  }
}
