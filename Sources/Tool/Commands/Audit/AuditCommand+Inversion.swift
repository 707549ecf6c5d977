public import ArgumentParser
import Foundation
import Tacit

/// As an option of the command line.
extension InversionAudit.Method: ExpressibleByArgument {}

extension AuditCommand {
  struct Inversion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run attacks that invert gradients against what a coordinator recorded.",
      discussion: """
        The record is a folder that tacit train or tacit coordinator wrote with --record; the job is the one recorded, whose rows must be \
        on this machine: they measure the guesses. The exit code is 5 where an update gives a row, or labels, back.

        Methods: analytic reads rows off the first layer, which must be dense, of any update. idlg tells labels. dlg and geiping search for \
        rows whose gradient is the update's: of one step (localEpochs: 1, a batch that holds all rows of a worker, sgd at a constant rate) \
        on at most 8 rows, by networks without max pooling, dropout and batch normalisation.

        Example: tacit train job.yaml --record record && tacit audit inversion record --job job.yaml --method geiping
        """)

    @Argument(help: "The folder of the record.") var record: String
    @Option(help: "The job file that was recorded.") var job: String
    @Option(help: "analytic, idlg, dlg or geiping.") var method = InversionAudit.Method.analytic
    @Option(help: "Steps of a search, for each update.") var iterations = 600
    @OptionGroup var options: AuditOptions

    func run() async throws {
      let audit = InversionAudit(
        folder: record, job: try JobFile.text(job), method: method, iterations: iterations,
        confidence: options.confidence)
      try await options.show { try audit.run(environment: ProcessInfo.processInfo.environment, progress: $0) }
    }
  }

  struct ModelInversion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "model-inversion",
      abstract: "Ask a model until it shows what its classes look like.",
      discussion: """
        Trains the job's model, climbs its confidence in each class by queries alone, and holds what that gives against the means of the \
        classes' rows and against single rows. Without a job, a network of synthetic credit applications. The exit code is 5 where a single \
        row comes back.

        Example: tacit audit model-inversion job.yaml --decimals 2
        """)

    @Argument(help: "A job file, with mode: plain.") var job: String?
    @Option(help: "Steps of a search; each asks a hundred times.") var steps = 150
    @Option(help: "Round the model's answers to so many digits behind the point.") var decimals: Int?
    @Option(help: "The seed of the searches.") var seed: UInt64 = 1
    @OptionGroup var options: AuditOptions

    func run() async throws {
      let audit = ModelInversionAudit(
        job: try job.map(JobFile.text), steps: steps, decimals: decimals, confidence: options.confidence, seed: seed)
      try await options.show { try audit.run(environment: ProcessInfo.processInfo.environment, progress: $0) }
    }
  }
}
