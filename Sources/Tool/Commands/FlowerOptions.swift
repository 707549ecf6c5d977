import ArgumentParser
import Foundation
import Logging
import Tacit

/// How a worker takes part in a Flower federation: its node, its key, and whose word it takes for the SuperLink.
struct FlowerOptions: ParsableArguments {
  @Option(help: "In place of a coordinator: the SuperLink of a Flower federation, as HOST:PORT.") var flower: String?
  @Option(
    help: "In place of a SuperLink: a SuperNode on this machine, started with --isolation process, as HOST:PORT.")
  var supernode: String?
  @Option(help: "The SuperLink's authority (PEM); those that the system trusts where there is none.")
  var flowerRoot: String?
  @Option(help: "The node's private key for P-384 (PEM), registered at the SuperLink; a fresh one where there is none.")
  var flowerKey: String?
  @Option(help: "The only job to take part in; without it, jobs come with messages.") var job: String?
  @Flag(help: "Call the SuperLink without TLS: whoever is on the way reads and changes everything.") var insecure =
    false

  var isAsked: Bool { flower != nil || supernode != nil }

  func validate() throws {
    guard isAsked || (flowerRoot == nil && flowerKey == nil && job == nil && !insecure) else {
      throw ValidationError("--flower-root, --flower-key, --job and --insecure go with --flower")
    }
    guard flower == nil || supernode == nil else {
      throw ValidationError("--flower and --supernode are two ways into one federation: choose one")
    }
    guard supernode == nil || (flowerRoot == nil && flowerKey == nil && !insecure) else {
      throw ValidationError(
        "--flower-root, --flower-key and --insecure are the SuperNode's: leave them out with --supernode")
    }
    guard !insecure || flowerRoot == nil else {
      throw ValidationError("--insecure shows no certificate that --flower-root could judge: leave one of them out")
    }
  }

  /// Serves until the process is told to stop.
  func serve(
    _ name: String, _ rows: WorkerRows, _ policy: WorkerPolicy, _ masking: FlowerMasking?, untilInputEnds: Bool,
    _ logger: Logger
  ) async throws {
    guard policy.coordinators == nil || (supernode == nil && !insecure) else {
      throw UsageError(
        "the policy names its coordinators by certificate, and none is shown with --insecure or --supernode: remove one"
      )
    }
    let worker = try FlowerWorker(
      name: name, rows: rows, policy: policy, job: try job.map(Self.text), masking: masking,
      logger: logger)
    let answer: MessageAnswering = { await worker.answer($0) }
    if let supernode {
      let app = try ResidentApp(supernode: supernode, logger: logger, answer: answer)
      return await Stop.serve(untilInputEnds: untilInputEnds) { try await app.run() }
    }
    let node = try FleetNode(
      address: flower ?? "", trust: insecure ? .insecure : try .tls(roots: flowerRoot, pins: policy.coordinators),
      key: try flowerKey.map { try NodeKey.load(from: $0) } ?? .fresh(), logger: logger, answer: answer)
    // A node that says goodbye is not waited for.
    await Stop.serve(untilInputEnds: untilInputEnds, farewell: .seconds(3)) { try await node.run() }
  }

  private static func text(ofJob path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path), let text = String(validating: data, as: UTF8.self)
    else { throw UsageError("the job \(path) cannot be read; check its path") }
    return text
  }
}
