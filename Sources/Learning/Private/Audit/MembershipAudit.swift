import Arithmetic
import Foundation
import Privacy
import Tensors

/// Trains a job's model on a random half of its training rows, and tries to tell from the model which half it was.
///
/// Threat model: somebody who has the model, knows a row with its label, and wants to know whether the model was trained on it; for the
/// attack by likelihood also rows of the same kind, the job and some computing. Half of the rows are members, by a fair coin.
///
/// The attack by likelihood (off-line LiRA) trains `shadows` models more, each row being in half of them; of each row, the confidences of
/// the shadows that never saw it are taken for normal, with a mean of the row's own and one deviation for all rows, as the paper has it
/// for few shadows. The score is how unlikely it is that a model that did not see the row would be as sure.
///
/// Costs `shadows` + 1 trainings on half of the rows.
public struct MembershipAudit: Sendable {
  public let job: Job
  public let shadows: Int
  public let confidence: Double
  /// Of the coins, and of each model's first weights and order.
  public let seed: UInt64

  /// - Throws: ``LearningError`` where a number is out of range or the job is none that is trained in the clear.
  public init(_ job: Job, shadows: Int = 16, confidence: Double = 0.95, seed: UInt64 = 1) throws(LearningError) {
    guard (4...512).contains(shadows), shadows.isMultiple(of: 2) else {
      throw .invalidSetting("shadows", reason: "must be even, from 4 to 512")
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
    (self.job, self.shadows, self.confidence, self.seed) = (job, shadows, confidence, seed)
  }

  public struct Report: Hashable, Sendable, Codable {
    public var members: Int
    public var others: Int
    public var shadows: Int
    public var confidence: Double
    /// The share of rows to whose true class the audited model gives more than one half, of those it was trained on.
    public var memberAccuracy: ConfidenceInterval
    /// The same of the others.
    public var otherAccuracy: ConfidenceInterval
    public var attacks: [MembershipAttack]
    /// What the training says it costs, where it is private.
    public var claimedEpsilon: Double?
    public var delta: Double?
    /// The largest ε that the attacks refute, with a confidence of 0.999 for all of their rates together.
    public var lowerBound: Double

    /// Whether the claim stands, if there is one.
    public var isConsistent: Bool { claimedEpsilon.map { lowerBound <= $0 } ?? true }
  }

  private static let boundConfidence = 0.999

  /// - Parameter progress: told after each model how many are trained.
  /// - Throws: `DatasetError` from the data, ``LearningError``, `AccountingError` for privacy that cannot be bounded.
  public func run(environment: [String: String], progress: (Int) -> Void = { _ in }) throws -> Report {
    let prepared = try PreparedJob(job, environment: environment)
    let rows = prepared.features.shape[0]
    guard rows >= 40 else {
      throw LearningError.dataDoesNotFit("\(rows) training rows are too few to audit; bring at least 40")
    }
    let scores = try MembershipScores(prepared.description, loss: job.training.loss)
    func confidences(_ members: [Int], _ number: Int) throws -> ([Double], Double?) {
      let own = seed &* 1_000_003 &+ job.training.seed &+ UInt64(number)
      let (model, epsilon) = try AuditedTraining.model(prepared, rows: members, seed: own)
      progress(number + 1)
      return (try scores.confidences(of: model, prepared.features, prepared.targets), epsilon)
    }
    var coins = SeedTree(seed: seed).child("members").generator()
    let isMember = (0..<rows).map { _ in coins.uniform() < 0.5 }
    guard isMember.contains(true), isMember.contains(false) else {
      throw LearningError.invalidSetting("seed", reason: "puts all rows into one half; choose another")
    }
    let (target, epsilon) = try confidences(isMember.indices.filter { isMember[$0] }, 0)
    let halves = shadowHalves(rows)
    var outside = [[Double]](repeating: [], count: rows)
    for (number, half) in halves.enumerated() {
      let (sure, _) = try confidences(half.indices.filter { half[$0] }, number + 1)
      for row in 0..<rows where !half[row] { outside[row].append(sure[row]) }
    }
    return report(target, isMember, outside, epsilon)
  }

  private func report(
    _ target: [Double], _ isMember: [Bool], _ outside: [[Double]], _ epsilon: Double?
  ) -> Report {
    let losses = target.map { -MembershipScores.loss($0) }
    let members = isMember.indices.filter { isMember[$0] }
    let others = isMember.indices.filter { !isMember[$0] }
    let threshold = members.reduce(0) { $0 + losses[$1] } / Double(max(members.count, 1))
    let likelihoods = Self.likelihoods(target, outside)
    func attacks(_ confidence: Double) -> [MembershipAttack] {
      [
        MembershipAttack(
          .lossThreshold, scores: losses, isMember: isMember, threshold: threshold, confidence: confidence),
        MembershipAttack(
          .offlineLiRA, scores: likelihoods, isMember: isMember, threshold: 0, confidence: confidence),
      ]
    }
    func accuracy(_ rows: [Int]) -> ConfidenceInterval {
      .share(rows.count { target[$0] > 0 }, of: rows.count, confidence: confidence)
    }
    // One in a thousand for all intervals that the bound looks at, two a rate.
    let looks = Double(2 * 2 * MembershipAttack.falsePositiveRates.count)
    let strict = attacks(1 - (1 - Self.boundConfidence) / looks)
    return Report(
      members: members.count, others: others.count, shadows: shadows, confidence: confidence,
      memberAccuracy: accuracy(members), otherAccuracy: accuracy(others), attacks: attacks(confidence),
      claimedEpsilon: epsilon, delta: epsilon == nil ? nil : job.privacy?.delta,
      lowerBound: strict.map { $0.epsilonBound(delta: job.privacy?.delta ?? 0) }.max() ?? 0)
  }

  /// How many deviations each confidence is above what models say that never saw the row.
  static func likelihoods(_ target: [Double], _ outside: [[Double]]) -> [Double] {
    let means = outside.map { $0.reduce(0, +) / Double(max($0.count, 1)) }
    var (squares, freedom) = (0.0, 0)
    for (values, mean) in zip(outside, means) {
      squares += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      freedom += max(values.count - 1, 0)
    }
    let deviation = max((squares / Double(max(freedom, 1))).squareRoot(), 1e-12)
    return zip(target, means).map { ($0 - $1) / deviation }
  }

  /// For each shadow, which rows are in it: of each row, exactly half of the shadows have it.
  private func shadowHalves(_ rows: Int) -> [[Bool]] {
    var random = SeedTree(seed: seed).child("shadows").generator()
    var halves = [[Bool]](repeating: [Bool](repeating: false, count: rows), count: shadows)
    for row in 0..<rows {
      for shadow in random.shuffled(shadows).prefix(shadows / 2) { halves[shadow][row] = true }
    }
    return halves
  }
}
