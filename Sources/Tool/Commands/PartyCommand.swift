import ArgumentParser
import Foundation
import Logging
import Tacit

struct PartyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "party",
    abstract: "Run one of the three computing parties.",
    discussion: """
      A party keeps its shares of models in memory and answers queries together with the two others of the cluster \
      file. By itself it learns nothing; two parties that collude learn everything.

      Example: tacit party --identity identities/bank-a --cluster cluster.yaml
      """)

  @Option(help: "The folder of this party's certificate and key, made by tacit keys issue.") var identity: String
  @Option(help: "The cluster file: names, addresses and certificates of all parties.") var cluster: String
  @Option(help: "A folder for checkpoints of trainings, sealed; without it trainings cannot be resumed.") var storage:
    String?
  @Option(help: "The file of the key that seals them; made if it is not there. Default: STORAGE/storage.key.")
  var storageKey: String?
  @Flag(help: "Stop when standard input ends, as programs that start parties need it.") var untilInputEnds = false
  @Flag(help: "Log more.") var verbose = false

  func run() async throws {
    var logger = Logger(label: "tacit.party") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = verbose ? .debug : .info
    let identity = try NodeIdentity.load(from: identity)
    let cluster = try ClusterFile.load(from: cluster)
    let loop = SocketLoop(name: "party")
    let server = try await PartyServer.start(
      identity: identity, cluster: cluster, loop: loop, storage: try openStorage(), logger: logger)
    logger.info("party is up", metadata: ["name": "\(identity.name)"])
    let watchesInput = untilInputEnds
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await server.run() }
      group.addTask { await Stop.wait(untilInputEnds: watchesInput) }
      await group.next()
      group.cancelAll()
      // A party has nothing to lose: shares live in memory only. Waiting for peers that hang would keep it alive.
      Foundation.exit(0)
    }
  }

  private func openStorage() throws -> (folder: String, key: StorageKey)? {
    guard let storage else {
      if storageKey != nil { throw UsageError("--storage-key goes with --storage: name the folder too") }
      return nil
    }
    do {
      try FileManager.default.createDirectory(
        atPath: storage, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw UsageError("the folder \(storage) cannot be made: check its path") }
    return (storage, try StorageKey.open(storageKey ?? storage + "/storage.key"))
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
