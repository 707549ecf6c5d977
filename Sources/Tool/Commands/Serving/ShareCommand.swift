import ArgumentParser
import Foundation
import Tacit

struct ShareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "share",
    abstract: "Split a model among the parties of a cluster, for clients to ask.",
    discussion: """
      The weights stay secret from every party; the program is in the open to them, and its input and output to clients. \
      Sharing again under a name replaces the model and begins counting anew; only the owner's certificate may. A query of \
      a batch of b examples counts b requests.

      Example: tacit share digits.onnx --name mnist --cluster cluster.yaml --identity identities/owner --requests 1000
      """)

  @Argument(help: "A model file.") var model: String
  @OptionGroup var place: ClusterFlags
  @Option(help: "What clients call it: 1 to 64 of a-z, 0-9, hyphen, underscore and dot.") var name: String
  @Option(help: "Requests that all clients together may send.") var requests: Int?
  @Option(help: "Requests that each client may send.") var requestsPerClient: Int?
  @Option(help: "How often each client may ask: N/s, N/min, N/h or N/d.") var rate: String?
  @Option(help: "When it is no longer answered: 2027-01-31, 2027-01-31T12:00:00Z, or from now 90min, 12h, 30d.")
  var expires: String?
  @Option(help: "A PEM file of the clients' certificates that may ask; every client of the authority where not given.")
  var clients: String?
  @Option(help: "replicated, replicated-malicious, additive or spdz, to be sure that the cluster is of that kind.")
  var engine: String?
  @OptionGroup var secrecy: SecrecyFlags
  @Option(help: "An origin whose pages may ask with tokens of yours, such as https://bank.example; may be repeated.")
  var webOrigin: [String] = []
  @Flag(help: "Tell clients how the model file turns rows into inputs, and the labels of classes.")
  var publishPreprocessing = false

  private struct Report: Codable {
    var model: String
    var cluster: String
    var parties: Int
    var weights: Int
    var terms: ModelTerms
    var published: [String]
  }

  func run() async throws {
    let file = try secrecy.open(model)
    try PublishedPreprocessing.check(file.preprocessing, isAgreed: publishPreprocessing)
    let terms = ModelTerms(
      clients: try clients.map { try CertificateList.fingerprints(inPEM: $0) }, requests: requests,
      requestsPerClient: requestsPerClient, rate: try rate.map { try ModelTerms.Rate(parsing: $0) },
      expires: try expires.map { try ExpiryDate.parse($0) }, origins: webOrigin.isEmpty ? nil : webOrigin)
    try terms.validate()
    let scheme = try ClusterScheme(try ClusterFile.load(from: place.cluster))
    let options = try secrecy.options(engine: try engine(of: scheme))
    let published = publishPreprocessing ? file.preprocessing : nil
    let (fractionBits, name) = (secrecy.fractionBits, name)
    _ = try await place.connected { client in
      try await client.share(
        file, named: name, fractionBits: fractionBits, options: options, terms: terms, publishing: published)
    }
    let report = Report(
      model: name, cluster: place.cluster, parties: scheme.costs.partyCount,
      weights: file.weights.values.reduce(0) { $0 + $1.count }, terms: terms,
      published: published.map(PublishedPreprocessing.facts) ?? [])
    if place.json { return try JSONOutput.print(report) }
    print("\(name): \(report.weights) weights shared among \(report.parties) parties")
    for fact in report.published { print("clients are told: \(fact)") }
  }

  private func engine(of scheme: ClusterScheme) throws -> EngineOptions.Engine {
    let actual: EngineOptions.Engine = scheme.engine
    guard let engine, engine != actual.rawValue else { return actual }
    throw UsageError("the cluster is for the engine \(actual.rawValue), not \"\(engine)\"")
  }
}
