import ArgumentParser
import Foundation
import Logging
import Tacit

struct PartyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "party",
    abstract: "Run one of the computing parties.",
    discussion: """
      A party keeps its shares of models in memory (additive parties with --storage on disk, sealed) and answers \
      queries together with the others of the cluster file. Without a dealer there are three, of which none learns \
      anything by itself, and two that collude learn everything. With a dealer in the cluster file there are two or \
      more, and all but one together learn nothing, as long as none works together with the dealer; the last of them \
      keeps what the dealer makes on stock.

      Example: tacit party --identity identities/bank-a --cluster cluster.yaml
      """)

  @Option(help: "The folder of this party's certificate and key, made by tacit keys issue.") var identity: String
  @Option(help: "The cluster file: names, addresses and certificates of all parties.") var cluster: String
  @Option(
    help: "A folder for checkpoints of trainings and for the dealer's stock, sealed; without it they live in memory.")
  var storage: String?
  @Option(help: "The file of the key that seals them; made if it is not there. Default: STORAGE/storage.key.")
  var storageKey: String?
  @Option(help: "With fewer runs than this on stock, the last party has more dealt ahead.") var stockLow = 4
  @Option(help: "Runs up to which the stock is filled.") var stockBatch = 16
  @Flag(help: "Stop when standard input ends, as programs that start parties need it.") var untilInputEnds = false
  @Flag(help: "Log more.") var verbose = false

  func run() async throws {
    var logger = Logger(label: "tacit.party") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = verbose ? .debug : .info
    let identity = try NodeIdentity.load(from: identity)
    let cluster = try ClusterFile.load(from: cluster)
    let loop = SocketLoop(name: "party")
    let server = try await PartyServer.start(
      identity: identity, cluster: cluster, loop: loop, storage: try StorageFolder.open(storage, key: storageKey),
      policy: try StockPolicy(lowWater: stockLow, batch: stockBatch), logger: logger)
    logger.info("party is up", metadata: ["name": "\(identity.name)"])
    let watchesInput = untilInputEnds
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        do { try await server.run() } catch { Foundation.exit(Failure.report(error)) }
      }
      group.addTask { await Stop.wait(untilInputEnds: watchesInput) }
      await group.next()
      group.cancelAll()
      // A party has nothing to lose: what it must not forget is on disk. Waiting for peers that hang would keep it alive.
      Foundation.exit(0)
    }
  }
}

/// Waiting for the word to stop.
enum Stop {
  /// Returns on SIGTERM or SIGINT, or when standard input ends, if asked for.
  static func wait(untilInputEnds: Bool) async {
    let (stream, entry) = AsyncStream.makeStream(of: Void.self)
    let queue = DispatchQueue(label: "tacit.stop")
    let sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { entry.yield() }
      source.resume()
      return source
    }
    if untilInputEnds {
      Thread.detachNewThread {
        var byte: UInt8 = 0
        while read(STDIN_FILENO, &byte, 1) > 0 {}
        entry.yield()
      }
    }
    for await _ in stream { break }
    for source in sources { source.cancel() }
  }
}
