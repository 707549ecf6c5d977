import Datasets
import Federation
import Graphs
import Learning
import ModelFiles
import Sharing
import Tensors

/// Handwritten digits, learned by workers that keep their own; the model and the images that a client asks it about are then hidden from
/// those who compute: alice and bob, by the help of a crypto provider.
public struct FederatedDigitsStory: Sendable {
  public var setting: DemoSetting
  public var federation: DigitsFederation
  /// Test images that are asked about on shares, the first ones; 0 leaves that part out.
  public var queries: Int
  public var deadline: Duration

  public init(
    _ setting: DemoSetting, federation: DigitsFederation = Self.usual, queries: Int = Self.mostQueries,
    deadline: Duration = .seconds(60)
  ) {
    self.setting = setting
    self.federation = federation
    self.queries = queries
    self.deadline = deadline
  }

  public static let name = "mnist-federated"
  /// The test images of the published set.
  public static let mostQueries = 10_000

  /// A training that reaches the goal.
  public static var usual: DigitsFederation {
    var federation = DigitsFederation()
    federation.network = .lenet
    (federation.rounds, federation.localEpochs, federation.threads) = (40, 2, 2)
    (federation.learningRate, federation.initial) = (0.2, .uniform)
    return federation
  }

  /// Of the test images, by the usual training.
  private static let usualGoal = 0.985

  /// The share of the test images that are to be right, where any is.
  public var goal: Double? {
    var usual = Self.usual
    (usual.seed, usual.threads) = (federation.seed, federation.threads)
    return federation.target ?? (federation == usual ? Self.usualGoal : nil)
  }

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Parameter trained: told of the training before anything is asked on shares.
  /// - Throws: `DatasetError` where the set is not in the folder, and what a training or parties throw.
  public func tell(
    trained note: (DigitsFederation.Report) throws -> Void = { _ in }, progress: (String) -> Void = { _ in }
  ) async throws -> DemoReport {
    let clock = ContinuousClock()
    let begin = clock.now
    let (train, test) = try DigitsFederation.images(in: setting.data)
    let (trained, model) = try await federation.train(on: train, judgedBy: test) { round in
      progress("round \(round.round) of \(federation.rounds), test accuracy \(number(100 * round.accuracy, 2)) %")
    }
    try note(trained)
    var report = setting.report(
      Self.name, "Digits, learned by workers that keep their own, and read on shares", lead: lead,
      source: train.source)
    report.federation = trained
    report.tables = [table(trained)]
    report.charts = [chart(trained)]
    if queries > 0 {
      let file = try ModelFile(
        model,
        provenance: .init(
          creator: "tacit demo mnist-federated", dataset: train.name, source: train.source, seed: federation.seed,
          trainingRows: train.rowCount, metrics: ["accuracy": trained.accuracy]),
        inputRange: try InputRange(federation.inputRange))
      let asking = DigitsOnShares(
        file: file, images: test, count: min(queries, test.rowCount), executable: setting.executable,
        deadline: deadline)
      let answers = try await asking.ask(federation.inputs, progress)
      report.tables.append(asking.table(answers))
      report.goals = asking.goals(answers, accuracy: asking.count == test.rowCount ? goal : nil)
      report.pictures = try asking.pictures(federation.inputs)
      report.participants = DigitsOnShares.participants(answers)
    }
    if queries < test.rowCount, let goal {
      report.goals.append(.atLeast(goal, trained.accuracy, "accuracy on the test images, in the clear"))
    }
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private var lead: String {
    let training = """
      \(federation.workers) workers learn to read digits together, each from its own images. They are simulated in one process, in the \
      open: their training, the cohorts and the averaging are those of real runs.
      """
    guard queries > 0 else { return training }
    return training + """
       The model's owner then splits it between alice and bob, who also get a client's images in shares and answer in shares, by the \
      help of correlated randomness from a crypto provider. These three are processes with certificates of their own, which talk over TLS.
      """
  }

  private func table(_ trained: DigitsFederation.Report) -> DemoReport.Table {
    var way = "\(trained.network.rawValue), \(trained.rounds.count) rounds"
    if let privacy = trained.privacy { way += ", ε = \(number(privacy.epsilon, 2)), δ = \(privacy.delta)" }
    return .init(
      title: "Learned by \(trained.workers) workers, \(trained.cohort) a round",
      text: """
        \(trained.title); \(trained.parameters) weights. \(trained.sentence), judged in the clear. Workers train \
        \(federation.threads) at a time.
        """, measure: .accuracy,
      rows: [.init(way, .accuracy, [DemoRun(value: trained.accuracy, seconds: trained.seconds)])])
  }

  private func chart(_ trained: DigitsFederation.Report) -> LineChart {
    LineChart(
      title: "Round by round", text: goal == nil ? "" : "Dashed: what is to be reached.",
      x: .init(name: "round", low: 0, high: Double(federation.rounds)),
      y: .init(name: "accuracy on the test images; what is below 0.8 is drawn there", low: 0.8, high: 1),
      curves: [
        .init(
          name: trained.title, points: trained.rounds.map { .init(x: Double($0.round), y: $0.accuracy) })
      ], levels: goal.map { [$0] } ?? [])
  }
}
