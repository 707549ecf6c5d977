import ArgumentParser
import Foundation
import Tacit

struct PrivacyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "privacy",
    abstract: "Say what differential privacy costs, ask for it, and keep its budget.",
    discussion: """
      Every ε is between data sets that differ in one record and holds at the δ that is given; see docs/PRIVACY.md for \
      what each number assumes.

      Example: tacit privacy epsilon --sampling-rate 0.01 --noise-multiplier 1.1 --steps 1000 --delta 1e-5
      """,
    subcommands: [
      PrivacyEpsilonCommand.self, PrivacyCalibrateCommand.self, PrivacyCompareCommand.self, PrivacyQueryCommand.self,
      PrivacyLedgerCommand.self,
    ])
}

/// What was released, by flags.
struct PrivacyEventOptions: ParsableArguments {
  enum Mechanism: String, ExpressibleByArgument, CaseIterable, Encodable {
    case dpsgd, gaussian, laplace
  }

  @Option(help: "dpsgd (Gaussian noise on samples), gaussian or laplace (noise on all records).")
  var mechanism = Mechanism.dpsgd
  @Option(help: "The share of records in each step, 0...1: each record is in it by a coin of its own.")
  var samplingRate: Double?
  @Option(help: "The noise's standard deviation, or Laplace scale, over the sensitivity or clipping norm.")
  var noiseMultiplier: Double?
  @Option(help: "How often it is done, with fresh noise and a fresh sample.") var steps: Int?
  @Option(help: "The δ at which ε is stated, such as 1e-5; below one over the number of records.") var delta: Double

  /// The rate, which only DP-SGD has.
  var rate: Double? {
    get throws {
      switch mechanism {
      case .dpsgd: return samplingRate
      case .gaussian, .laplace:
        guard samplingRate == nil || samplingRate == 1 else {
          throw UsageError("--sampling-rate goes with --mechanism dpsgd; \(mechanism.rawValue) takes all records")
        }
        return 1
      }
    }
  }

  func event(rate: Double, noise: Double, steps: Int) -> PrivacyEvent {
    switch mechanism {
    case .dpsgd, .gaussian: .privateTraining(samplingRate: rate, noiseMultiplier: noise, steps: steps)
    case .laplace: .repeated(.laplace(noiseMultiplier: noise), count: steps)
    }
  }

  /// Everything given.
  func parameters() throws -> PrivacyParameters {
    guard let rate = try rate else { throw UsageError("--sampling-rate is missing, such as 0.01") }
    guard let noise = noiseMultiplier else { throw UsageError("--noise-multiplier is missing, such as 1.1") }
    return PrivacyParameters(samplingRate: rate, noiseMultiplier: noise, steps: steps ?? 1)
  }
}

struct PrivacyParameters {
  var samplingRate: Double
  var noiseMultiplier: Double
  var steps: Int
}

extension AccountantKind: ExpressibleByArgument {}

/// One ε with everything it depends on.
struct EpsilonReport: Encodable {
  var accountant: AccountantKind
  var delta: Double
  var epsilon: Double
  var mechanism: PrivacyEventOptions.Mechanism
  var neighbours = Neighbours.addOrRemoveOne
  var noiseMultiplier: Double
  /// Whether ε is a bound; an approximation is not.
  var proved: Bool
  var samplingRate: Double
  var steps: Int
  var unit = "example"

  init(_ options: PrivacyEventOptions, _ parameters: PrivacyParameters, _ accountant: AccountantKind, epsilon: Double) {
    (mechanism, delta) = (options.mechanism, options.delta)
    (samplingRate, noiseMultiplier) = (parameters.samplingRate, parameters.noiseMultiplier)
    (steps, self.accountant, self.epsilon) = (parameters.steps, accountant, epsilon)
    proved = accountant.isProved
  }

  var sentence: String {
    "ε = \(PrivacyText.number(epsilon)) at δ = \(delta), by \(accountant.rawValue)\(proved ? "" : " (an approximation)"), "
      + "for each example, neighbours \(neighbours.rawValue)"
  }
}

enum PrivacyText {
  /// Six digits, the last one rounded up: an ε is an upper bound.
  static func number(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "\(value)" }
    let unit = pow(10, (log10(value)).rounded(.down) - 5)
    return (((value / unit) - 1e-6).rounded(.up) * unit).formatted(
      .number.precision(.significantDigits(1...6)).grouping(.never))
  }
}
