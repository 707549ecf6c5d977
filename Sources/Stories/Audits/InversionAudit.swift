import Arithmetic
import Coordination
import Datasets
import Federation
import Foundation
import Learning
import Tensors

/// What a coordinator's record gives back of workers' rows: attacks of the literature, run against the very messages.
///
/// The rows of the workers are known to the audit alone, which measures by them: the attacker makes guesses, and the best of a message's
/// guesses counts as far as it is like one of that worker's rows. Rows of other workers are the control: what is as like those is no
/// finding.
public struct InversionAudit: Sendable {
  public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
    /// A unit of a dense first layer that one row moved shows that row.
    case analytic
    /// Labels, by the gradient of the last layer.
    case idlg
    /// Rows and labels whose gradient is near that of the update.
    case dlg
    /// Rows whose gradient has the direction of the update, smooth where they are images.
    case geiping
  }

  /// Of the record.
  public var folder: String
  /// The job file's text.
  public var job: String
  public var method: Method
  /// Of a search, for each update.
  public var iterations: Int
  public var confidence: Double

  public init(
    folder: String, job: String, method: Method = .analytic, iterations: Int = 600, confidence: Double = 0.95
  ) {
    self.folder = folder
    self.job = job
    self.method = method
    self.iterations = iterations
    self.confidence = confidence
  }

  /// A guess as like a row gives it back, if chance alone would not.
  static let likenessOfFinding = 0.98
  /// Of chance, for a whole update.
  private static let level = 1e-6
  private static let largestMessageCount = 30
  /// Searches take a while.
  private static let largestSearchedCount = 8
  private static let largestRowCount = 300

  /// - Throws: `CoordinationError` where record and job do not fit or the method does not cover them, and what reading the workers' rows
  ///   throws.
  public func run(environment: [String: String], progress: (String) -> Void = { _ in }) throws -> AuditReport {
    let clock = ContinuousClock()
    let begin = clock.now
    guard confidence > 0.5, confidence < 1 else {
      throw CoordinationError.setting("confidence", reason: "must be above 0.5 and below 1")
    }
    guard (1...100_000).contains(iterations) else {
      throw CoordinationError.setting("iterations", reason: "must be from 1 to 100000")
    }
    let job = try Job.parse(job)
    let recorded = try RecordedMessages(folder: folder)
    let limit = method == .dlg || method == .geiping ? Self.largestSearchedCount : Self.largestMessageCount
    let senders = Set(recorded.messages.prefix(Self.largestMessageCount).map(\.worker))
    let rows = try WorkersRecords(job, of: senders, environment: environment)
    let shape: Shape = try method == .analytic ? [rows.length] : PreparedJob.inputShape(job, example: rows.example)
    let description = try ModelDescription(layers: job.model.layers, inputShape: shape)
    let layout = WeightLayout(description)
    // Messages of judging are shorter than a vector of weights can be.
    let messages = recorded.messages.filter {
      $0.body.count * 8 >= layout.count * ($0.kind == .open ? 32 : 1) && rows.byWorker[$0.worker] != nil
    }
    .prefix(limit)
    guard !messages.isEmpty else {
      throw CoordinationError.state(
        path: folder,
        reason:
          "none of its updates has the \(layout.count) weights of this job's model; name the job that was recorded")
    }
    var report: AuditReport
    if method == .idlg {
      let step = try ObservedSteps(job, description, layout, recorded, rows)
      report = try labelReport(Array(messages), step, rows, job)
    } else {
      let guess = try guesser(job, description, layout, recorded, rows)
      let findings = try messages.enumerated().map { index, message in
        progress("update \(index + 1) of \(messages.count)")
        return finding(message, try guess(message, index), rows)
      }
      report = rowReport(findings, job)
    }
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  struct Finding {
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

  /// How the method makes guesses of a message.
  private func guesser(
    _ job: Job, _ description: ModelDescription, _ layout: WeightLayout, _ recorded: RecordedMessages,
    _ rows: WorkersRecords
  ) throws -> (RecordedMessages.Message, Int) throws -> [[Double]] {
    guard method != .analytic else {
      guard let attack = FirstLayerAttack(layout) else {
        throw CoordinationError.setting("model.layers", reason: "must begin with a dense layer: the attack is on one")
      }
      return { message, _ in attack.guesses(message.numbers(layout)) }
    }
    let steps = try ObservedSteps(job, description, layout, recorded, rows)
    let seeds = SeedTree(seed: job.training.seed).child("inversion")
    let bounds: ClosedRange<Double>? = WorkersRecords.isOfImages(job) ? 0...1 : nil
    return { message, index in
      let count = rows.byWorker[message.worker]?.count ?? 0
      if let obstacle = GradientInversion.obstacle(description, rows: count) {
        throw CoordinationError.setting(
          "model", reason: "cannot be matched by its gradients: \(obstacle); use --method analytic")
      }
      let inversion = try steps.inversion(of: message)
      let seed = seeds.child(index)
      guard method == .geiping else { return try inversion.rowsBySquares(iterations: iterations, seed: seed) }
      guard let labels = try inversion.labels(seed: seed) else {
        let reason = GradientInversion.labelObstacle(description, loss: job.training.loss) ?? "labels are not told"
        throw CoordinationError.setting("model", reason: "is not covered by this method: \(reason); use --method dlg")
      }
      return try inversion.rowsByDirection(labels: labels, iterations: iterations, bounds: bounds, seed: seed)
    }
  }

  private func finding(
    _ message: RecordedMessages.Message, _ guesses: [[Double]], _ rows: WorkersRecords
  ) -> Finding {
    let own = Array((rows.byWorker[message.worker] ?? []).prefix(Self.largestRowCount))
    let others = Array(
      rows.byWorker.filter { $0.key != message.worker }.sorted { $0.key < $1.key }.flatMap(\.value).prefix(own.count))
    let best = Likeness.best(of: guesses, records: own)
    let chance = Likeness.bar(length: rows.length, pairs: guesses.count * own.count, level: Self.level)
    return Finding(
      message: message, guess: best.guess, row: best.record, likeness: best.likeness,
      control: Likeness.best(of: guesses, records: others).likeness, bar: max(Self.likenessOfFinding, chance))
  }
}

extension RecordedMessages.Message {
  /// The weights of an update, or what its words say where they are masked.
  func numbers(_ layout: WeightLayout) -> [Double] {
    let data = Data(body)
    switch kind {
    case .open: return data.floats(layout.count)
    case .masked:
      // A weight and a few sums of judging follow the update.
      let bits = max(1, min(63, data.count * 8 / (layout.count + 2)))
      return data.words(layout.count, bits: bits, after: 0)
    }
  }
}

/// Recorded updates as gradients of models that the coordinator knows.
struct ObservedSteps {
  private let job: Job
  private let step: LocalStep
  private let description: ModelDescription
  private let layout: WeightLayout
  private let recorded: RecordedMessages
  private let rows: WorkersRecords

  /// - Throws: ``CoordinationError/setting(_:reason:)`` where updates are no gradients.
  init(
    _ job: Job, _ description: ModelDescription, _ layout: WeightLayout, _ recorded: RecordedMessages,
    _ rows: WorkersRecords
  ) throws {
    step = try LocalStep(job)
    (self.job, self.description, self.layout, self.recorded, self.rows) = (job, description, layout, recorded, rows)
  }

  /// An attack on one of them; of how many rows it is made, its worker tells the coordinator.
  func inversion(of message: RecordedMessages.Message) throws -> GradientInversion {
    let count = rows.byWorker[message.worker]?.count ?? 0
    try step.check(rows: count, of: message.worker)
    let model = try recorded.model(of: message, count: layout.count)
    return GradientInversion(
      description, loss: job.training.loss, weights: try layout.weights(model),
      gradient: try step.gradient(message.numbers(layout), model, layout), rows: count)
  }
}
