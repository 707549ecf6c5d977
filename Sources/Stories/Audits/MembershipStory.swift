import Datasets
import Foundation
import Learning
import Serving

/// Who was in the training data? Two attacks on a model, of a job of the reader's or of one that is made to remember.
public struct MembershipStory: Sendable {
  /// The job file's text; a network that learns synthetic credit applications by heart where there is none.
  public var job: String?
  public var shadows: Int
  public var confidence: Double
  public var seed: UInt64

  public init(job: String?, shadows: Int = 16, confidence: Double = 0.95, seed: UInt64 = 1) {
    self.job = job
    self.shadows = shadows
    self.confidence = confidence
    self.seed = seed
  }

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Throws: `JobError`, `DatasetError`, `LearningError`, `AccountingError`.
  public func tell(
    environment: [String: String], progress: (String) -> Void = { _ in }
  ) async throws -> AuditReport {
    let clock = ContinuousClock()
    let begin = clock.now
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-audit-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    // A network learns 552 applications by heart.
    let parsed = try Job.parse(try job ?? SyntheticJob.text(in: folder, epochs: 60))
    let audit = try MembershipAudit(parsed, shadows: shadows, confidence: confidence, seed: seed)
    let found = try audit.run(environment: environment) { progress("model \($0) of \(shadows + 1)") }
    var report = self.report(found)
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private func report(_ found: MembershipAudit.Report) -> AuditReport {
    var report = AuditReport(
      name: "membership", title: "Who was in the training data?",
      lead: """
        A model was trained on a random half of the rows, and two attacks guessed the half: by the loss alone, and by likelihood, with \
        \(found.shadows) shadow models of which each had a random half of the rows as well.
        """,
      threat: """
        has the model, and a row with its label; for the attack by likelihood also rows of the same kind and the recipe of the training. Half \
        of the rows asked about are members.
        """,
      sources: [
        "S. Yeom et al., Privacy Risk in Machine Learning: Analyzing the Connection to Overfitting, CSF 2018.",
        "N. Carlini et al., Membership Inference Attacks From First Principles, S&P 2022.",
      ],
      subject: job == nil
        ? "a network that learned \(found.members) synthetic credit applications by heart"
        : "the job's model, trained on \(found.members) of its \(found.members + found.others) training rows",
      confidence: found.confidence)
    report.add("sure and right on members", found.memberAccuracy)
    report.add("sure and right on others", found.otherAccuracy)
    for attack in found.attacks {
      let name = Self.name(attack.kind)
      report.add("\(name): area under the curve (0.5 is chance)", attack.areaUnderCurve)
      report.add("\(name): right guesses (0.5 is chance)", attack.accuracy)
      for rate in attack.rates {
        report.add(
          "\(name): members found at \(number(100 * rate.falsePositives.value, 1)) % of others mistaken",
          rate.truePositives)
      }
    }
    report.charts = [Self.chart(found.attacks)]
    report.isSound = found.isConsistent
    report.verdict = Self.verdict(found)
    report.versions = ["tacit": TacitVersion.current]
    return report
  }

  private static func verdict(_ found: MembershipAudit.Report) -> String {
    let best = found.attacks.max { $0.areaUnderCurve.low < $1.areaUnderCurve.low }
    let tells = best.map { $0.areaUnderCurve.low > 0.5 } ?? false
    let first =
      tells
      ? "members can be told from others, best by \(best.map { name($0.kind) } ?? "")"
      : "neither attack does provably better than chance"
    guard let claimed = found.claimedEpsilon else { return first }
    let bound = "ε is at least \(number(found.lowerBound, 3)), claimed is \(number(claimed, 3))"
    return "\(first); \(bound): the claim \(found.isConsistent ? "stands" : "is refuted")"
  }

  private static func name(_ kind: MembershipAttack.Kind) -> String {
    switch kind {
    case .lossThreshold: "loss threshold"
    case .offlineLiRA: "likelihood"
    }
  }

  private static func chart(_ attacks: [MembershipAttack]) -> LineChart {
    let chance = (0...60).map { pow(10, -3 + 3 * Double($0) / 60) }
    return LineChart(
      title: "Members found against others mistaken",
      text: "On logarithmic axes: an attack that is right about few rows, but surely, shows on the left.",
      x: .init(name: "share of others taken for members", low: 1e-3, high: 1, isLogarithmic: true),
      y: .init(name: "share of members found", low: 1e-3, high: 1, isLogarithmic: true),
      curves: attacks.map { attack in
        .init(
          name: name(attack.kind), points: attack.curve.map { .init(x: $0.falsePositiveRate, y: $0.truePositiveRate) })
      } + [.init(name: "chance", points: chance.map { .init(x: $0, y: $0) })])
  }
}
