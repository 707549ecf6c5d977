import ArgumentParser
import Foundation
import Tacit

struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Attack our own results.",
    subcommands: [Canaries.self, Membership.self, Inversion.self, ModelInversion.self, Shares.self])

  struct Canaries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Hold private training to its ε: plant rows, train, and guess which were there.",
      discussion: """
        Each canary is in the training data by a fair coin, and its gradient is the worst a row can have. From the model \
        it is guessed which were there; the right guesses refute every ε up to a bound. A bound above the claimed ε is \
        a leak, and the exit code is then 5.

        Example: tacit audit canaries --epsilon 2 --json
        """)

    @Option(help: "The ε to claim.") var epsilon = 2.0
    @Option(help: "Its δ.") var delta = 1e-6
    @Option(help: "How many rows are planted.") var canaries = 2000
    @Option(help: "How many of them are guessed.") var guesses = 400
    @Option(help: "Steps of the training.") var steps = 16
    @Option(help: "The probability of each row to be in a step's sample.") var samplingRate = 0.5
    @Option(help: "The clipping norm.") var clip = 8.0
    @Option(help: "The confidence of the bound.") var confidence = 0.999
    @Option(help: "The folder for report.json and report.html.") var output = "runs/audit-canaries"
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
      let audit = try CanaryAudit(
        epsilon: epsilon, delta: delta, canaries: canaries, guesses: guesses, steps: steps, samplingRate: samplingRate,
        clip: clip, confidence: confidence)
      let report = try CanaryStory(audit).tell()
      try report.show(in: output, json: json)
      guard report.found.isConsistent else { throw ExitCode(5) }
    }
  }
}
