import ArgumentParser
import Foundation
import Logging
import Tacit

struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Take part in federated training with rows that stay here.",
    discussion: """
      A worker stands beside its owner's data and connects to a coordinator. It takes part in the jobs that its policy \
      allows, and its log says what was asked and why something was refused. The rows never leave it; what the \
      coordinator learns of an update is up to the job's aggregation, which the policy must accept.

      A policy:

        coordinators: [4f0a…]                      # SHA-256 of certificates, as tacit keys show prints them
        roster: [bank-a.pem, bank-b.pem, bank-c.pem]   # certificates of all workers, for aggregation: masked
        columns: [age, income, label]              # what jobs may read; all where the line is missing
        smallestCohort: 3                          # no sum of fewer updates
        aggregations: [masked, paillier]
        paillierKey: paillier.key                  # from tacit dealer paillier, for aggregation: paillier
        cluster: cluster.yaml                      # the parties, for aggregation: shared and for rows in shares
        largestEpsilon: 4                          # only jobs with privacy: {unit: client}, and up to this ε
        ledger: privacy.sqlite                     # this worker's own account, as tacit privacy ledger keeps it
        rowsInShares: [model, metrics]             # what encrypted trainings on its rows may reveal; else no rows

      Example: tacit worker --name bank-a --data a.csv --identity identities/bank-a --coordinator \
      wss://coordinator.example:9200 --policy policy.yaml

      With --flower it is a node of a Flower federation instead (flwr 1.42), in place of a SuperNode and its ClientApp. Its \
      ServerApp sees each update under aggregation: open, unless it is noised here; under masked, which needs --identity and \
      the policy's roster, it sees sums. The job must ask for privacy where the policy bounds ε (docs/FLOWER.md).

      Example: tacit worker --name bank-a --data a.csv --policy policy.yaml --job job.yaml --flower \
      superlink.example:8080 --flower-root authority.pem
      """)

  @Option(help: "This worker's name, as its certificate says it.") var name: String
  @Option(help: "The owner's table (CSV).") var data: String?
  @Option(help: "The folder of the worker's certificate and key, made by tacit keys issue --role worker.")
  var identity: String?
  @Option(help: "Where the coordinator listens, as wss://HOST:PORT.") var coordinator: String?
  @Option(help: "What the owner lets this worker take part in (YAML).") var policy: String
  @Option(
    help: "A file in which the worker writes down, before it does, that it answered an unmasking (aggregation: masked)."
  )
  var answered: String?
  @Option(help: "For federations tried on one machine: a job whose data are dealt among its workers.")
  var partOf: String?
  @Option(help: "The seed, in place of that job's.") var seed: UInt64?
  @Option(help: "Which part of them this worker has, from 1.") var part: Int?
  @OptionGroup(title: "In a Flower federation") var flower: FlowerOptions
  @Flag(help: "Stop when standard input ends, as programs that start workers need it.") var untilInputEnds = false
  @Flag(help: "Log more.") var verbose = false

  func run() async throws {
    var logger = Logger(label: "tacit.worker") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = verbose ? .debug : .info
    let policy = try WorkerPolicy.load(from: policy)
    if flower.isAsked {
      guard coordinator == nil, identity != nil || answered == nil else {
        throw UsageError("leave --coordinator out with --flower; --answered goes with --identity, for masked sums")
      }
      let masking = try identity.map {
        try FlowerMasking(identity: try loaded($0), policy: policy, record: try record)
      }
      return try await flower.serve(name, try rows, policy, masking, untilInputEnds: untilInputEnds, logger)
    }
    guard let folder = identity, let coordinator else {
      throw UsageError("a worker needs --identity and --coordinator, or --flower")
    }
    let identity = try loaded(folder)
    let worker = try Worker(identity: identity, rows: try rows, policy: policy, record: try record, logger: logger)
    let connection = WorkerConnection(
      worker, identity: identity, address: coordinator, policy: policy, logger: logger)
    await Stop.serve(untilInputEnds: untilInputEnds) { try await connection.run() }
  }

  private func loaded(_ folder: String) throws -> NodeIdentity {
    let identity = try NodeIdentity.load(from: folder)
    guard identity.name == name else {
      throw UsageError("--name is \(name) and the certificate is that of \(identity.name): make them agree")
    }
    return identity
  }

  private var record: any UnmaskingRecord {
    get throws { try answered.map { try FileUnmaskingRecord(path: $0) } ?? MemoryUnmaskingRecord() }
  }

  private var rows: WorkerRows {
    get throws {
      switch (data, partOf, part) {
      case (let data?, nil, nil): return .table(path: data)
      case (nil, let path?, let part?) where part >= 1:
        var job = try JobFile.load(path)
        if let seed { job.training.seed = seed }
        return .part(of: job, index: part - 1, environment: ProcessInfo.processInfo.environment)
      default: throw UsageError("name the owner's table with --data FILE (or, for trying, --part-of JOB and --part N)")
      }
    }
  }
}
