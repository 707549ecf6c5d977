import Coordination
import Datasets
import Federation
import Foundation
import Learning
import Serving
import Tensors

/// What a coordinator's record gives back of workers' rows: the analytic attack on the first layer, run against the very messages.
///
/// The rows of the workers are known to the audit alone, which measures by them: the attacker makes a guess of each unit of the first layer, and
/// the best of a message's guesses counts as far as it is like one of that worker's rows. Rows of other workers are the control: what is as like
/// those is no finding.
public struct InversionAudit: Sendable {
  /// Of the record.
  public var folder: String
  /// The job file's text.
  public var job: String
  public var confidence: Double

  public init(folder: String, job: String, confidence: Double = 0.95) {
    self.folder = folder
    self.job = job
    self.confidence = confidence
  }

  /// A guess as like a row gives it back, if chance alone would not.
  private static let likenessOfFinding = 0.98
  /// Of chance, for a whole update.
  private static let level = 1e-6
  private static let largestMessageCount = 30
  private static let largestRowCount = 300

  /// - Throws: `CoordinationError` where record and job do not fit, and what reading the workers' rows throws.
  public func run(environment: [String: String], progress: (String) -> Void = { _ in }) throws -> AuditReport {
    let clock = ContinuousClock()
    let begin = clock.now
    guard confidence > 0.5, confidence < 1 else {
      throw CoordinationError.setting("confidence", reason: "must be above 0.5 and below 1")
    }
    let job = try Job.parse(job)
    let recorded = try RecordedMessages(folder: folder).messages
    let senders = Set(recorded.prefix(Self.largestMessageCount).map(\.worker))
    let rows = try WorkersRecords(job, of: senders, environment: environment)
    let layout = WeightLayout(try ModelDescription(layers: job.model.layers, inputShape: [rows.length]))
    guard let attack = FirstLayerAttack(layout) else {
      throw CoordinationError.setting("model.layers", reason: "must begin with a dense layer: the attack is on one")
    }
    // Messages of judging are shorter than a vector of weights can be.
    let messages = recorded.filter {
      $0.body.count * 8 >= layout.count * ($0.kind == .open ? 32 : 1) && rows.byWorker[$0.worker] != nil
    }
    .prefix(Self.largestMessageCount)
    guard !messages.isEmpty else {
      throw CoordinationError.state(
        path: folder,
        reason:
          "none of its updates has the \(layout.count) weights of this job's model; name the job that was recorded")
    }
    let findings = messages.enumerated().map { index, message in
      progress("message \(index + 1) of \(messages.count)")
      return finding(message, attack, layout, rows)
    }
    var report = report(findings, job, rows)
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private struct Finding {
    let message: RecordedMessages.Message
    let guess: [Double]
    let row: [Double]
    let likeness: Double
    /// The same against other workers' rows.
    let control: Double
    /// What the likeness must reach.
    let bar: Double

    var isRecovered: Bool { likeness >= bar && likeness > control }
  }

  private func finding(
    _ message: RecordedMessages.Message, _ attack: FirstLayerAttack, _ layout: WeightLayout, _ rows: WorkersRecords
  ) -> Finding {
    let guesses = attack.guesses(Self.numbers(message, layout))
    let own = Array((rows.byWorker[message.worker] ?? []).prefix(Self.largestRowCount))
    let others = Array(
      rows.byWorker.filter { $0.key != message.worker }.sorted { $0.key < $1.key }.flatMap(\.value).prefix(own.count))
    let best = Likeness.best(of: guesses, records: own)
    let chance = Likeness.bar(length: rows.length, pairs: guesses.count * own.count, level: Self.level)
    return Finding(
      message: message, guess: best.guess, row: best.record, likeness: best.likeness,
      control: Likeness.best(of: guesses, records: others).likeness, bar: max(Self.likenessOfFinding, chance))
  }

  /// The weights of an update, or what its words say where they are masked.
  private static func numbers(_ message: RecordedMessages.Message, _ layout: WeightLayout) -> [Double] {
    let data = Data(message.body)
    switch message.kind {
    case .open: return data.floats(layout.count)
    case .masked:
      // A weight and a few sums of judging follow the update.
      let bits = max(1, min(63, data.count * 8 / (layout.count + 2)))
      return data.words(layout.count, bits: bits, after: 0)
    }
  }

  private func report(_ findings: [Finding], _ job: Job, _ rows: WorkersRecords) -> AuditReport {
    let recovered = findings.count(where: \.isRecovered)
    let aggregation = job.federated?.aggregation ?? .open
    var report = AuditReport(
      name: "inversion", title: "Do recorded updates give rows back?",
      lead: """
        The change of a first-layer unit's weights over that of its bias is a weighted mean of the rows that moved the unit: where it was one row, that is the row. \
        The attack was run against every update that the coordinator recorded, and its best guesses were held against the workers' rows.
        """,
      threat:
        "is the coordinator, with every message it was sent; the rows, known to the audit alone, choose its best guess.",
      sources: [
        "L. T. Phong et al., Privacy-Preserving Deep Learning via Additively Homomorphic Encryption, IEEE TIFS 2018, section 3.",
        "J. Geiping et al., Inverting Gradients: How easy is it to break privacy in federated learning?, NeurIPS 2020, section 3.",
      ],
      subject: "\(findings.count) updates under aggregation: \(aggregation.rawValue)", confidence: confidence,
      versions: ["tacit": TacitVersion.current])
    let bar = findings.map(\.bar).max() ?? Self.likenessOfFinding
    report.add(
      "updates that give a row back (likeness \(number(bar, 4)) and more)",
      .share(recovered, of: findings.count, confidence: confidence))
    report.add(
      "likeness of the best guess to a row of its worker, mean", .mean(findings.map(\.likeness), confidence: confidence)
    )
    report.add("the same to rows of other workers: the control", .mean(findings.map(\.control), confidence: confidence))
    report.isSound = recovered == 0
    report.verdict =
      recovered == 0
      ? "no update gave a row back by this attack"
      : "\(recovered) of \(findings.count) updates gave a row back: the coordinator sees rows; use aggregation: masked"
    if let best = findings.max(by: { $0.likeness < $1.likeness }) { Self.show(best, in: &report) }
    return report
  }

  /// The best guess beside the row it is most like: as pictures where rows are squares, else as curves.
  private static func show(_ finding: Finding, in report: inout AuditReport) {
    let title = "The row and the best guess"
    let text = "From the update of \(finding.message.worker) in round \(finding.message.round); each on its own scale."
    let side = Int(Double(finding.row.count).squareRoot().rounded())
    let (row, guess) = (shades(finding.row), shades(finding.guess))
    if side * side == finding.row.count, side >= 8 {
      report.pictures = [
        Raster(
          title: title, text: text,
          images: [
            .init(caption: "the row", width: side, shades: row),
            .init(caption: "the guess", width: side, shades: guess),
          ])
      ]
    } else {
      func curve(_ name: String, _ values: [Double]) -> LineChart.Curve {
        .init(name: name, points: zip(0..., values).map { .init(x: Double($0.0), y: $0.1) })
      }
      report.charts = [
        LineChart(
          title: title, text: text, x: .init(name: "feature", low: 0, high: Double(max(finding.row.count - 1, 1))),
          y: .init(name: "value", low: 0, high: 1), curves: [curve("the row", row), curve("the guess", guess)])
      ]
    }
  }

  private static func shades(_ values: [Double]) -> [Double] {
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    return values.map { high > low ? ($0 - low) / (high - low) : 0 }
  }
}
