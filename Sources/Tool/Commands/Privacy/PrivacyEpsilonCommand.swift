import ArgumentParser
import Tacit

struct PrivacyEpsilonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "epsilon",
    abstract: "Say what ε a mechanism costs.",
    discussion: """
      The accountant pld composes the distributions of the privacy loss and is the tightest; rdp adds up Rényi divergences; \
      gdp is the limit of many small steps, an approximation for comparison that proves nothing.

      Examples: tacit privacy epsilon --sampling-rate 0.01 --noise-multiplier 1.1 --steps 1000 --delta 1e-5
                tacit privacy epsilon --mechanism laplace --noise-multiplier 2 --steps 10 --delta 0 --json
      """)

  @OptionGroup var event: PrivacyEventOptions
  @Option(help: "rdp, pld or gdp.") var accountant = AccountantKind.pld
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let parameters = try event.parameters()
    let epsilon = try accountant.accountant().epsilon(
      of: event.event(rate: parameters.samplingRate, noise: parameters.noiseMultiplier, steps: parameters.steps),
      delta: event.delta)
    let report = EpsilonReport(event, parameters, accountant, epsilon: epsilon)
    if json { try JSONOutput.print(report) } else { print(report.sentence) }
  }
}
