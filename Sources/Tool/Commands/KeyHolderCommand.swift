import ArgumentParser
import Foundation
import Logging
import Tacit

struct KeyHolderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keyholder",
    abstract: "Help to open sums that workers encrypted, with one share of their key.",
    discussion: """
      Workers of a job with aggregation: paillier encrypt their updates; the coordinator adds up ciphertexts, and as \
      many key-holders as the key asks for open the sum together. Fewer learn nothing, and nobody sees a single update \
      as long as the coordinator asks for sums only: a key-holder opens none of fewer updates than --smallest-cohort, \
      and answers once an attempt. Key-holders should belong to different people, none of them the coordinator's.

      Example: tacit keyholder --name notary --identity identities/notary --share holder-1.share --coordinator \
      wss://coordinator.example:9200
      """)

  @Option(help: "This key-holder's name, as its certificate says it.") var name: String
  @Option(help: "The folder of its certificate and key, made by tacit keys issue --role keyholder.") var identity:
    String
  @Option(help: "The file of its share, made by tacit dealer paillier; only its owner may be able to read it.")
  var share: String
  @Option(help: "Where the coordinator listens, as wss://HOST:PORT.") var coordinator: String
  @Option(help: "The SHA-256 of the one coordinator's certificate that will do, as tacit keys show prints it.")
  var coordinatorFingerprint: String?
  @Option(help: "Sums of fewer updates are not opened; at least 2.") var smallestCohort = 3
  @Option(help: "A file in which it writes down, before it does, that it answered for an attempt.")
  var answered: String?
  @Flag(help: "Stop when standard input ends, as programs that start key-holders need it.") var untilInputEnds = false
  @Flag(help: "Log more.") var verbose = false

  func run() async throws {
    var logger = Logger(label: "tacit.keyholder") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = verbose ? .debug : .info
    guard smallestCohort >= 2 else {
      throw UsageError("--smallest-cohort is at least 2: a sum of one update hides nothing")
    }
    let identity = try NodeIdentity.load(from: identity)
    guard identity.name == name else {
      throw UsageError("--name is \(name) and the certificate is that of \(identity.name): make them agree")
    }
    let holder = KeyHolder(
      share: try KeyFiles.share(at: share), smallestCohort: smallestCohort,
      record: try answered.map { try FileUnmaskingRecord(path: $0) } ?? MemoryUnmaskingRecord(), logger: logger)
    let connection = KeyHolderConnection(
      holder, identity: identity, address: coordinator, pins: try pins, logger: logger)
    await Stop.serve(untilInputEnds: untilInputEnds) { try await connection.run() }
  }

  private var pins: Set<[UInt8]>? {
    get throws {
      guard let coordinatorFingerprint else { return nil }
      guard let pin = Fingerprint.parse(coordinatorFingerprint) else {
        throw UsageError("--coordinator-fingerprint is a SHA-256 of 64 hexadecimal digits")
      }
      return [pin]
    }
  }
}
