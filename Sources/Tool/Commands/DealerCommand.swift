import ArgumentParser
import Foundation
import Logging
import Tacit

struct DealerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dealer",
    abstract: "Run the dealer of additive parties, or deal a key for encrypted sums.",
    discussion: """
      The dealer makes correlated randomness, ahead of need, for the parties of a cluster file that names it. It sees no \
      data and never talks to clients, but must not work together with any party: whoever has the dealer's keys and one \
      party's messages learns everything.

      Example: tacit dealer --identity identities/notary --cluster cluster.yaml --storage dealer

      tacit dealer paillier deals the key of federated jobs with aggregation: paillier, once, and ends.
      """,
    subcommands: [Run.self, Paillier.self], defaultSubcommand: Run.self)
}

extension DealerCommand {
  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Run the dealer of additive parties (what tacit dealer does by itself).")

    @Option(help: "The folder of the dealer's certificate and key, made by tacit keys issue --role dealer.")
    var identity: String
    @Option(help: "The cluster file: names, addresses and certificates of all parties and of the dealer.")
    var cluster: String
    @Option(help: "HOST:PORT to listen at, where it is not the address in the cluster file.") var listen: String?
    @Option(help: "A folder for the dealer's keys, sealed; without it, what was dealt is void when the dealer ends.")
    var storage: String?
    @Option(help: "The file of the key that seals them; made if it is not there. Default: STORAGE/storage.key.")
    var storageKey: String?
    @Flag(help: "Stop when standard input ends, as programs that start dealers need it.") var untilInputEnds = false
    @Flag(help: "Log more.") var verbose = false

    func run() async throws {
      var logger = Logger(label: "tacit.dealer") { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = verbose ? .debug : .info
      let identity = try NodeIdentity.load(from: identity)
      let cluster = try ClusterFile.load(from: cluster)
      let loop = SocketLoop(name: "dealer", spin: .zero)
      let server = try await DealerServer.start(
        identity: identity, cluster: cluster, loop: loop, listen: try address,
        storage: try StorageFolder.open(storage, key: storageKey), logger: logger)
      logger.info("dealer is up", metadata: ["name": "\(identity.name)"])
      await Stop.serve(untilInputEnds: untilInputEnds) { try await server.run() }
    }

    private var address: (host: String, port: Int)? {
      get throws {
        guard let listen else { return nil }
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
          (1...65535).contains(port), colon > listen.startIndex
        else { throw UsageError("--listen is HOST:PORT, such as 0.0.0.0:9100, not \"\(listen)\"") }
        return (String(listen[..<colon]).trimmingCharacters(in: ["[", "]"]), port)
      }
    }
  }
}
