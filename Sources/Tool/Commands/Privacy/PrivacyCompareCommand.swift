import ArgumentParser
import Foundation
import Tacit

struct PrivacyCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Ask all accountants about one mechanism, side by side.",
    discussion: """
      With --svg the ε of each accountant is drawn against the number of steps.

      Example: tacit privacy compare --sampling-rate 0.01 --noise-multiplier 1.1 --steps 10000 --delta 1e-5 --svg curve.svg
      """)

  @OptionGroup var event: PrivacyEventOptions
  @Option(help: "Where to draw ε against steps (.svg).") var svg: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let parameters = try event.parameters()
    let answers = AccountantKind.allCases.map { answer($0, parameters) }
    if answers.allSatisfy({ $0.epsilon == nil }), case .failure(let error)? = answers.first?.result { throw error }
    if let svg { try draw(parameters, to: svg) }
    if json {
      try JSONOutput.print(ComparisonReport(event, parameters, answers))
    } else {
      for answer in answers { print(answer.line) }
    }
  }

  private func answer(_ kind: AccountantKind, _ parameters: PrivacyParameters) -> AccountantAnswer {
    let release = event.event(
      rate: parameters.samplingRate, noise: parameters.noiseMultiplier, steps: parameters.steps)
    return AccountantAnswer(
      accountant: kind, result: Result { try kind.accountant().epsilon(of: release, delta: event.delta) })
  }

  private func draw(_ parameters: PrivacyParameters, to path: String) throws {
    let places = EpsilonChart.places(upTo: parameters.steps)
    let curves = AccountantKind.allCases.map { kind in
      let points = places.compactMap { steps -> EpsilonChart.Point? in
        var shorter = parameters
        shorter.steps = steps
        return answer(kind, shorter).epsilon.map { EpsilonChart.Point(x: Double(steps), epsilon: $0) }
      }
      return EpsilonChart.Curve(name: kind.isProved ? kind.rawValue : "\(kind.rawValue) (not proved)", points: points)
    }
    let title =
      "ε at δ = \(event.delta): sampling rate \(parameters.samplingRate), noise multiplier \(parameters.noiseMultiplier)"
    let chart = EpsilonChart(title: title, axis: "steps", curves: curves)
    try Data(chart.svg.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

private struct AccountantAnswer {
  let accountant: AccountantKind
  let result: Result<Double, any Error>

  var epsilon: Double? { try? result.get() }

  var line: String {
    switch result {
    case .success(let epsilon):
      "\(accountant.rawValue)  ε = \(PrivacyText.number(epsilon))\(accountant.isProved ? "" : "  an approximation, no bound")"
    case .failure(let error): "\(accountant.rawValue)  \(error)"
    }
  }
}

private struct ComparisonReport: Encodable {
  struct Answer: Encodable {
    let accountant: AccountantKind
    let epsilon: Double?
    let proved: Bool
    let reason: String?
  }

  let accountants: [Answer]
  let delta: Double
  let mechanism: PrivacyEventOptions.Mechanism
  let neighbours = Neighbours.addOrRemoveOne
  let noiseMultiplier: Double
  let samplingRate: Double
  let steps: Int
  let unit = "example"

  init(_ options: PrivacyEventOptions, _ parameters: PrivacyParameters, _ answers: [AccountantAnswer]) {
    (mechanism, delta, steps) = (options.mechanism, options.delta, parameters.steps)
    (samplingRate, noiseMultiplier) = (parameters.samplingRate, parameters.noiseMultiplier)
    accountants = answers.map { answer in
      switch answer.result {
      case .success(let epsilon):
        Answer(accountant: answer.accountant, epsilon: epsilon, proved: answer.accountant.isProved, reason: nil)
      case .failure(let error):
        Answer(accountant: answer.accountant, epsilon: nil, proved: answer.accountant.isProved, reason: "\(error)")
      }
    }
  }
}
