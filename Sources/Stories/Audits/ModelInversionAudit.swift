import Arithmetic
import Datasets
import Foundation
import Learning
import Serving
import Tensors

/// What do a model's answers tell of the rows it was trained on? Its confidence in each class is climbed by queries, and what that gives
/// is held against the means of the classes' rows, which the audit knows and the attacker does not.
public struct ModelInversionAudit: Sendable {
  /// The job file's text; a network of synthetic credit applications where there is none.
  public var job: String?
  /// For each search.
  public var steps: Int
  /// How many digits behind the point an answer has: Fredrikson's countermeasure.
  public var decimals: Int?
  public var confidence: Double
  public var seed: UInt64

  public init(
    job: String?, steps: Int = 150, decimals: Int? = nil, confidence: Double = 0.95, seed: UInt64 = 1
  ) {
    self.job = job
    self.steps = steps
    self.decimals = decimals
    self.confidence = confidence
    self.seed = seed
  }

  /// Searches for each class, from seeds of their own.
  private static let searchCount = 3
  private static let largestRowCount = 300
  private static let largestClassCount = 20

  /// - Throws: `JobError`, `DatasetError`, `LearningError`.
  public func run(environment: [String: String], progress: (String) -> Void = { _ in }) throws -> AuditReport {
    let clock = ContinuousClock()
    let begin = clock.now
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-audit-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let job = try Job.parse(try job ?? SyntheticJob.text(in: folder, epochs: 20))
    try check(job)
    let prepared = try PreparedJob(job, environment: environment)
    guard let classes = prepared.data.train.targets.classes, let count = prepared.data.train.classCount else {
      throw LearningError.dataDoesNotFit("models are inverted that choose among classes, not regressions")
    }
    progress("training the model")
    let rows = ClassRows(prepared, classes, count)
    let model = try AuditedTraining.model(
      prepared, rows: Array(0..<classes.count), seed: job.training.seed
    ).model
    let untrained = try Model(
      description: prepared.description,
      weights: prepared.description.initialWeights(seed: SeedTree(seed: seed).child("untrained")))
    let bounds: ClosedRange<Double>? = WorkersRecords.isOfImages(job) ? 0...1 : nil
    var (found, blank) = ([Search](), [Search]())
    for (place, label) in (0..<min(count, Self.largestClassCount)).enumerated() where !rows.of(label).isEmpty {
      progress("class \(place + 1) of \(count)")
      found += try searches(model, label, bounds, rows, count: Self.searchCount)
      blank += try searches(untrained, label, bounds, rows, count: 1)
    }
    guard !found.isEmpty else { throw LearningError.dataDoesNotFit("no class has a training row; bring more rows") }
    var report = report(found, blank, rows)
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private func check(_ job: Job) throws(LearningError) {
    guard (1...10_000).contains(steps) else { throw .invalidSetting("steps", reason: "must be from 1 to 10000") }
    guard decimals.map({ (0...12).contains($0) }) ?? true else {
      throw .invalidSetting("decimals", reason: "must be from 0 to 12")
    }
    guard confidence > 0.5, confidence < 1 else {
      throw .invalidSetting("confidence", reason: "must be above 0.5 and below 1")
    }
    guard job.mode == .plain else {
      throw .invalidSetting("mode", reason: "must be plain: the model is audited, however it came to be trained")
    }
    guard job.privacy?.unit ?? .example == .example, job.privacy?.method != .statistics else {
      throw .invalidSetting("privacy", reason: "must hide examples in gradients, or be left out, for this audit")
    }
  }

  /// What one search gave.
  private struct Search {
    let label: Int
    let found: ModelInversion.Found
    /// To the mean of the class's rows, both less what is common to all.
    let likeness: Double
    /// The same to the other class that it is most like.
    let others: Double
    /// To the nearest row of the class, as it is, and to that of test rows.
    let row: Double
    let control: Double
    let bar: Double

    var isRecovered: Bool { row >= bar && row > control }
  }

  private func searches(
    _ model: Model, _ label: Int, _ bounds: ClosedRange<Double>?, _ rows: ClassRows, count: Int
  ) throws -> [Search] {
    var attack = try ModelInversion(model, loss: rows.loss)
    (attack.decimals, attack.steps, attack.bounds) = (decimals, steps, bounds)
    return try (0..<count).map { number in
      let found = try attack.climb(
        class: label, seed: SeedTree(seed: seed).child("inversion").child(label).child(number))
      let change = found.row.map { $0 - attack.start }
      let own = Array(rows.of(label).prefix(Self.largestRowCount))
      let chance = Likeness.bar(length: found.row.count, pairs: own.count, level: 1e-6)
      return Search(
        label: label, found: found, likeness: Likeness.correlation(change, rows.difference(label)),
        others: rows.labels.filter { $0 != label }.map { Likeness.correlation(change, rows.difference($0)) }.max() ?? 0,
        row: Likeness.best(of: [found.row], records: own).likeness,
        control: Likeness.best(of: [found.row], records: Array(rows.strangers.prefix(own.count))).likeness,
        bar: max(InversionAudit.likenessOfFinding, chance))
    }
  }

  private func report(_ found: [Search], _ blank: [Search], _ rows: ClassRows) -> AuditReport {
    let queries = found.first?.found.queries ?? 0
    let digits = decimals.map { ", answers of \($0) decimals" } ?? ""
    var report = AuditReport(
      name: "model-inversion", title: "What do answers tell of the rows behind a model?",
      lead: """
        The model's confidence in each class was climbed by asking it, from nowhere. What came out is the model's idea of the class; it was \
        held against the mean of the class's rows, less the mean of all rows.
        """,
      threat:
        "may ask the model and gets its probabilities\(digits.isEmpty ? "" : ", rounded"); knows neither rows nor weights.",
      sources: [
        "M. Fredrikson, S. Jha and T. Ristenpart, Model Inversion Attacks that Exploit Confidence Information and Basic Countermeasures, CCS 2015."
      ],
      subject: (job == nil ? "a network of synthetic credit applications" : "the job's model")
        + ", \(rows.count) training rows, \(queries) queries a search\(digits)",
      confidence: confidence, versions: ["tacit": TacitVersion.current])
    let recovered = found.count(where: \.isRecovered)
    let bar = found.map(\.bar).max() ?? 0
    report.add("confidence in its class that a search reaches, mean", mean(found.map(\.found.confidence)))
    report.add("likeness of what it finds to the mean of its class", mean(found.map(\.likeness)))
    report.add("the same to the nearest of the other classes: a control", mean(found.map(\.others)))
    report.add("the same of a model that was not trained: a control", mean(blank.map(\.likeness)))
    report.add(
      "searches whose own class is the most alike",
      .share(found.count { $0.likeness > $0.others }, of: found.count, confidence: confidence))
    report.add(
      "searches that give a row back (likeness \(number(bar, 4)) and more)",
      .share(recovered, of: found.count, confidence: confidence))
    report.isSound = recovered == 0
    report.verdict =
      recovered == 0
      ? "answers tell what the classes are like, as far as the likeness goes, and gave no single row back"
      : "\(recovered) of \(found.count) searches gave a training row back: the model holds rows; train with privacy, or round answers"
    var shown = Set<Int>()
    for search in found.sorted(by: { $0.likeness > $1.likeness }) where shown.count < 4 {
      guard shown.insert(search.label).inserted else { continue }
      report.show(
        rows.mean(search.label), named: "its mean", beside: search.found.row, named: "found",
        title: "Class \(search.label)", text: "The mean of its rows, and what the answers tell; each on its own scale.")
    }
    return report
  }

  private func mean(_ values: [Double]) -> ConfidenceInterval { .mean(values, confidence: confidence) }
}

/// The training rows of a job by class.
private struct ClassRows {
  let labels: [Int]
  let loss: Loss
  /// Rows that the model was not trained on.
  let strangers: [[Double]]
  private let rows: [[[Double]]]
  private let means: [[Double]]
  private let whole: [Double]

  init(_ prepared: PreparedJob, _ classes: [Int], _ count: Int) {
    let all = Self.split(prepared.features)
    var rows = [[[Double]]](repeating: [], count: count)
    for (row, label) in zip(all, classes) where label < count { rows[label].append(row) }
    self.rows = rows
    means = rows.map { Self.mean(of: $0) }
    labels = rows.indices.filter { !rows[$0].isEmpty }
    whole = Self.mean(of: all)
    strangers = Self.split(prepared.data.test.features)
    loss = prepared.job.training.loss
  }

  var count: Int { rows.reduce(0) { $0 + $1.count } }
  func of(_ label: Int) -> [[Double]] { rows[label] }
  func mean(_ label: Int) -> [Double] { means[label] }
  func difference(_ label: Int) -> [Double] { zip(means[label], whole).map { $0 - $1 } }

  private static func mean(of rows: [[Double]]) -> [Double] {
    var sum = [Double](repeating: 0, count: rows.first?.count ?? 0)
    for row in rows { for index in sum.indices { sum[index] += row[index] } }
    return sum.map { $0 / Double(max(rows.count, 1)) }
  }

  private static func split(_ features: Tensor<Float>) -> [[Double]] {
    let width = features.count / max(features.shape[0], 1)
    return features.scalars.withUnsafeBufferPointer { scalars in
      (0..<features.shape[0]).map { row in (row * width..<(row + 1) * width).map { Double(scalars[$0]) } }
    }
  }
}
