import ArgumentParser
import Tacit

struct PrivacyCalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Find the noise, the steps or the sampling rate that just meets a target ε.",
    discussion: """
      The one of --noise-multiplier, --steps and --sampling-rate that is not given is found: the least noise, the most steps, \
      the largest sample. What is found costs at most the target.

      Examples: tacit privacy calibrate --sampling-rate 0.01 --steps 1000 --delta 1e-5 --epsilon 2
                tacit privacy calibrate --sampling-rate 0.01 --noise-multiplier 1.1 --delta 1e-5 --epsilon 2
                tacit privacy calibrate --mechanism gaussian --steps 1 --delta 1e-5 --epsilon 0.5
      """)

  @OptionGroup var event: PrivacyEventOptions
  @Option(help: "The target.") var epsilon: Double
  @Option(help: "rdp, pld or gdp.") var accountant = AccountantKind.pld
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let target = try Calibration(accountant: accountant.accountant(), epsilon: epsilon, delta: event.delta)
    let (found, parameters) = try solved(target)
    let reached = try target.accountant.epsilon(
      of: event.event(rate: parameters.samplingRate, noise: parameters.noiseMultiplier, steps: parameters.steps),
      delta: event.delta)
    let report = CalibrationReport(
      found: found, report: EpsilonReport(event, parameters, accountant, epsilon: reached), targetEpsilon: epsilon)
    if json { try JSONOutput.print(report) } else { print(report.sentence) }
  }

  private func solved(_ target: Calibration) throws -> (String, PrivacyParameters) {
    switch (try event.rate, event.noiseMultiplier, event.steps) {
    case (let rate?, nil, let steps?):
      let noise = try target.noiseMultiplier { event.event(rate: rate, noise: $0, steps: steps) }
      return ("noiseMultiplier", PrivacyParameters(samplingRate: rate, noiseMultiplier: noise, steps: steps))
    case (let rate?, let noise?, nil):
      let steps = try target.steps { event.event(rate: rate, noise: noise, steps: $0) }
      return ("steps", PrivacyParameters(samplingRate: rate, noiseMultiplier: noise, steps: steps))
    case (nil, let noise?, let steps?):
      let rate = try target.samplingRate { event.event(rate: $0, noise: noise, steps: steps) }
      return ("samplingRate", PrivacyParameters(samplingRate: rate, noiseMultiplier: noise, steps: steps))
    case (_?, _?, _?):
      throw UsageError("nothing is left to find: leave out --noise-multiplier, --steps or --sampling-rate")
    default:
      throw UsageError("give all but one of --noise-multiplier, --steps and --sampling-rate: that one is found")
    }
  }
}

/// The report of the setting that was found, and which one that is.
private struct CalibrationReport: Encodable {
  let found: String
  let report: EpsilonReport
  let targetEpsilon: Double

  enum Key: CodingKey { case found, targetEpsilon }

  func encode(to encoder: any Encoder) throws {
    try report.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(found, forKey: .found)
    try container.encode(targetEpsilon, forKey: .targetEpsilon)
  }

  var sentence: String {
    let setting =
      switch found {
      case "steps": "\(report.steps) steps"
      case "samplingRate": "a sampling rate of \(report.samplingRate)"
      default: "a noise multiplier of \(report.noiseMultiplier)"
      }
    return "\(setting): \(report.sentence)"
  }
}
