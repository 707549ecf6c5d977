import ArgumentParser
import Foundation
import Logging
import Tacit

struct CoordinatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator",
    abstract: "Run federated jobs over the workers that connect.",
    discussion: """
      The coordinator keeps jobs, rounds and models in its state: killed at any instant and started again, it goes on \
      from the last completed round. Workers and owners of jobs connect to it by WebSocket over TLS, with certificates.

      Example: tacit coordinator --identity identities/coordinator --listen 0.0.0.0:9200 --state run.sqlite
      """,
    subcommands: [Run.self, Jobs.self, StopJob.self, Report.self], defaultSubcommand: Run.self)
}

extension CoordinatorCommand {
  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Run the coordinator (what tacit coordinator does by itself).")

    @Option(help: "The folder of the coordinator's certificate and key, made by tacit keys issue --role coordinator.")
    var identity: String
    @Option(help: "HOST:PORT to listen at.") var listen: String
    @Option(help: "The file of the coordinator's state (SQLite); made if it is not there.") var state: String
    @Option(help: "A folder that receives what the coordinator really sees of the workers, for audits.")
    var record: String?
    @Option(
      help: "The public part of a key as tacit dealer paillier made it, for jobs with aggregation: paillier.")
    var paillierKey: String?
    @Option(help: "The cluster file of three running parties, for jobs with aggregation: shared.") var cluster: String?
    @Option(help: "The ledger (a file) that jobs are taken from; then jobs without privacy are refused.")
    var ledger: String?
    @Option(help: "The data's name in the ledger; that of each job's data if there is none.") var dataset: String?
    @Option(
      help: """
        HOST:PORT of a page that shows jobs, rounds, curves and workers live; its address, with a token, is printed. \
        Use 127.0.0.1: it is plain HTTP, and at any other address whoever reads the network sees the page and its token.
        """) var dashboard: String?
    @Option(
      help: "HOST:PORT of /metrics (Prometheus), /health and /ready, by plain HTTP: of this machine, best 127.0.0.1.")
    var metrics: String?
    @Flag(help: "Stop when standard input ends, as programs that start coordinators need it.")
    var untilInputEnds = false
    @Flag(help: "Log more.") var verbose = false

    func run() async throws {
      OpenFiles.raiseLimit()
      var logger = Logger(label: "tacit.coordinator") { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = verbose ? .debug : .info
      let server = try await CoordinatorServer.start(
        identity: try NodeIdentity.load(from: identity), listen: listen, database: try RunDatabase(path: state),
        recorder: try record.map { try RunRecorder(folder: $0) },
        paillierKey: try paillierKey.map { try KeyFiles.key(at: $0) },
        cluster: try cluster.map { try ClusterFile.load(from: $0) },
        budget: try ledger.map { try PrivacyBudgetSource(ledger: $0, dataset: dataset) }, logger: logger)
      // It serves as long as it is kept.
      let page = try await startDashboard(of: server.coordinator, logger)
      let monitor = try await Monitor.start(at: metrics, for: server.coordinator, logger)
      await Stop.serve(untilInputEnds: untilInputEnds) {
        defer { withExtendedLifetime((page, monitor)) {} }
        try await server.run()
      }
    }

    private func startDashboard(of coordinator: Coordinator, _ logger: Logger) async throws -> DashboardServer? {
      guard let dashboard else { return nil }
      let page = try await DashboardServer.start(
        at: dashboard, showing: CoordinatorSource(coordinator), logger: logger)
      if let warning = page.warning { logger.warning("\(warning)") }
      print("dashboard: \(page.url)")
      fflush(nil)
      return page
    }
  }

  struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the jobs of a state.")
    @Option(help: "The coordinator's state file.") var state: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
      let database = try RunDatabase.existing(path: state)
      let jobs = try database.jobs().map { job in
        JobLine(job, rounds: try database.rounds(of: job.id).count)
      }
      if json { return try JSONOutput.print(["jobs": jobs]) }
      if jobs.isEmpty { print("no jobs yet") }
      for job in jobs { print(job.text) }
    }
  }

  struct StopJob: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "stop", abstract: "Have a job end after its present round; its rounds so far are kept.")
    @Argument(help: "The job, as tacit coordinator jobs names it.") var job: String
    @Option(help: "The coordinator's state file.") var state: String

    func run() throws {
      try RunDatabase.existing(path: state).requestStop(of: job)
      print("\(job) will end after its present round")
    }
  }

  struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say how a job went, round by round.")
    @Argument(help: "The job, as tacit coordinator jobs names it.") var job: String
    @Option(help: "The coordinator's state file.") var state: String
    @Option(help: "Write a page with the curves: one file that needs no server.") var html: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
      let database = try RunDatabase.existing(path: state)
      let record = try database.job(job)
      if let html { try RunPage.report(of: job, in: database).write(toFile: html, atomically: true, encoding: .utf8) }
      let rounds = try database.rounds(of: job)
      if json { return try JSONOutput.print(JobReport(JobLine(record, rounds: rounds.count), rounds)) }
      print(JobLine(record, rounds: rounds.count).text)
      for round in rounds { print(JobReport.line(round)) }
    }
  }
}

/// A job in a list.
struct JobLine: Encodable {
  let job: String
  let status: String
  let failure: String?
  let submitter: String
  let created: String
  let rounds: Int

  init(_ record: JobRecord, rounds: Int) {
    job = record.id
    status = record.status.rawValue
    failure = record.failure
    submitter = record.submitter
    created = Date(timeIntervalSince1970: record.created).formatted(.iso8601)
    self.rounds = rounds
  }

  var text: String {
    "\(job)  \(status)  \(rounds) rounds  by \(submitter)  \(created)" + (failure.map { "  \($0)" } ?? "")
  }
}

/// A job with its rounds.
struct JobReport: Encodable {
  let job: JobLine
  let rounds: [RoundRecord]

  init(_ job: JobLine, _ rounds: [RoundRecord]) {
    self.job = job
    self.rounds = rounds
  }

  static func line(_ round: RoundRecord) -> String {
    let figures = [
      round.metrics.loss.map { String(format: "loss %.4f", $0) },
      round.metrics.accuracy.map { String(format: "accuracy %.4f", $0) },
      round.metrics.meanSquaredError.map { String(format: "mean squared error %.4f", $0) },
    ].compactMap { $0 }
    let spent = round.metrics.epsilon.map { String(format: ", ε = %.4f so far", $0) } ?? ""
    guard !round.cohort.isEmpty else { return "round \(round.round): nothing is told of its workers\(spent)" }
    return "round \(round.round): \(round.contributors.count) of \(round.cohort.count) workers"
      + (figures.isEmpty ? "" : ", before it \(figures.joined(separator: ", "))")
      + String(format: ", %.3f s, %d bytes", round.seconds, round.bytesSent) + spent
  }
}
