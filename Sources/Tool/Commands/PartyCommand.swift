import ArgumentParser
import Foundation
import Logging
import Tacit

struct PartyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "party",
    abstract: "Run one of the computing parties.",
    discussion: """
      A party keeps its shares of models, sealed, with each model's terms and who has asked how often, in the folder \
      --state (without one, in memory), and answers queries together with the others of the cluster file. Without a dealer \
      there are three, of which none learns anything by itself, and two that collude learn everything. With a dealer in the \
      cluster file there are two or more, and all but one together learn nothing, as long as none works together with the \
      dealer; the last of them \
      keeps what the dealer makes on stock.

      Example: tacit party --index 0 --identity identities/bank-a --cluster cluster.yaml --state bank-a
      """)

  @Option(help: "The folder of this party's certificate and key, made by tacit keys issue.") var identity: String
  @Option(help: "The cluster file: names, addresses and certificates of all parties.") var cluster: String
  @Option(help: "This party's place in the cluster file, from 0: a check, as the certificate tells it.") var index: Int?
  @Option(
    name: [.customLong("state"), .customLong("storage")],
    help: "A folder for what must survive a restart: models, counts, checkpoints of trainings, the dealer's stock.")
  var state: String?
  @Option(help: "The file of the key that seals what is in it; made if it is not there. Default: STATE/storage.key.")
  var storageKey: String?
  @Option(help: "Milliseconds for which party 0 lets queries gather where several clients ask, 0 to 1000.")
  var window = 2.0
  @Option(help: "Where pages in browsers come in: HOST:PORT.") var web: String?
  @Option(help: "A PEM file of a certificate that browsers accept for this party's name.") var webCertificate: String?
  @Option(help: "The PEM file of its key, which only you can read.") var webKey: String?
  @Option(help: "How browsers reach it: wss://NAME:PORT, where that is not the address of --web.") var webUrl: String?
  @Option(help: "An origin whose pages may come in, if a model's owner allows it; may be repeated. Default: all such.")
  var webOrigin: [String] = []
  @Option(help: "With fewer runs than this on stock, the last party has more dealt ahead.") var stockLow = 4
  @Option(help: "Runs up to which the stock is filled.") var stockBatch = 16
  @Option(
    help: "HOST:PORT of /metrics (Prometheus), /health and /ready, by plain HTTP: of this machine, best 127.0.0.1.")
  var metrics: String?
  @Flag(help: "Stop when standard input ends, as programs that start parties need it.") var untilInputEnds = false
  @Flag(help: "Log more.") var verbose = false

  func run() async throws {
    var logger = Logger(label: "tacit.party") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = verbose ? .debug : .info
    let identity = try NodeIdentity.load(from: identity)
    let cluster = try ClusterFile.load(from: cluster)
    try checkIndex(of: identity, in: cluster)
    guard (0...1000).contains(window) else { throw UsageError("--window is 0 to 1000 milliseconds, not \(window)") }
    OpenFiles.raiseLimit()
    let loop = SocketLoop(name: "party")
    let registry = MetricsRegistry(descriptions: PartyServer.metricDescriptions)
    let server = try await PartyServer.start(
      identity: identity, cluster: cluster, loop: loop,
      storage: try StorageFolder.open(state, key: storageKey, flag: "--state"),
      policy: try StockPolicy(lowWater: stockLow, batch: stockBatch), window: .milliseconds(window),
      web: try webSettings(), observer: PartyObserver(metrics: metrics == nil ? nil : registry, logger: logger),
      logger: logger)
    let monitor = try await Monitor.start(at: metrics, for: server, registry: registry, logger)
    logger.info("party is up", metadata: ["name": "\(identity.name)"])
    await Stop.serve(untilInputEnds: untilInputEnds) {
      defer { withExtendedLifetime(monitor) {} }
      try await server.run()
    }
  }
}

extension PartyCommand {
  private func webSettings() throws -> PageDoorSettings? {
    guard let web else {
      guard webCertificate == nil, webKey == nil, webUrl == nil, webOrigin.isEmpty else {
        throw UsageError("--web-certificate, --web-key, --web-url and --web-origin go with --web: name the address too")
      }
      return nil
    }
    guard let webCertificate, let webKey else {
      throw UsageError("--web needs --web-certificate and --web-key: browsers come over TLS alone")
    }
    return try PageDoorSettings(
      address: web, certificate: webCertificate, key: webKey, url: webUrl, origins: webOrigin)
  }

  private func checkIndex(of identity: NodeIdentity, in cluster: ClusterFile) throws {
    guard let index, let actual = cluster.index(ofCertificate: identity.fingerprint), index != actual else { return }
    throw UsageError("the certificate of \(identity.name) is that of party \(actual) in the cluster file, not \(index)")
  }
}
