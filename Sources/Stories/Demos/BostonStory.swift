import Datasets
import Learning

/// House prices: the founding paper's tables, in the clear, by workers in memory and over WebSocket, on shares, and with noise.
public struct BostonStory: Sendable {
  public var setting: DemoSetting
  /// Passes over the rows.
  public var epochs: Int
  /// Steps of the comparison with one exchange a batch.
  public var exchanges: Int

  public init(_ setting: DemoSetting, epochs: Int = 40, exchanges: Int = 400) {
    self.setting = setting
    self.epochs = epochs
    self.exchanges = exchanges
  }

  private static let budgets = [0.5, 1, 2, 4, 8]
  /// Noise differs from run to run by more than splits do.
  private static let drawCount = 40

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Throws: `DatasetError` where the set is not in the folder, and what a training throws.
  public func tell(progress: (String) -> Void = { _ in }) async throws -> DemoReport {
    let clock = ContinuousClock()
    let begin = clock.now
    _ = try NamedDataset.boston.load(from: setting.data)
    var report = setting.report(
      "boston", "House prices, learned four ways and with noise",
      lead: """
        The tables of the paper that founded private deep learning in Python (T. Ryffel et al., arXiv 1811.04017): a network of 64 and \
        32 units, trained with all rows in one place, by two workers in this process, by two worker processes over WebSocket and TLS, \
        and on shares among three parties.
        """, source: NamedDataset.boston.source)
    try await compareWays(&report, progress)
    try await compareExchanges(&report, progress)
    try await addNoise(&report, progress)
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private func compareWays(_ report: inout DemoReport, _ progress: (String) -> Void) async throws {
    let job = job(
      """
      epochs: \(epochs), batch: 16, loss: meanSquaredError, schedule: cosine, \
      optimizer: {sgd: {learningRate: 0.01, momentum: 0.9}}
      """)
    let ways = [
      ("plain", ""), ("virtual workers", workers("memory", rounds: epochs)),
      ("WebSocket workers", workers("tls", rounds: epochs)),
      ("on shares", "mode: encrypted\nencrypted: {transport: memory, reveal: [metrics]}"),
    ]
    var rows: [DemoReport.Row] = []
    for (way, mode) in ways {
      rows.append(.init(way, .meanSquaredError, try await runs(way, job, mode, progress)))
    }
    report.tables.append(
      .init(
        title: "Training",
        text: """
          \(epochs) passes over 405 rows in batches of 16; workers exchange updates once a pass. Judged on 101 rows, in square \
          thousands of dollars. The time is that of a training, without starting processes.
          """, measure: .meanSquaredError, rows: rows))
    report.goals.append(.atMost(16, rows[0].mean, "mean squared error, plain"))
  }

  /// The very same steps, each of which needs every worker's gradient.
  private func compareExchanges(_ report: inout DemoReport, _ progress: (String) -> Void) async throws {
    let job = job(
      "epochs: \(exchanges), batch: 512, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}")
    let ways = [
      ("plain", ""), ("virtual workers", workers("memory", rounds: exchanges)),
      ("WebSocket workers", workers("tls", rounds: exchanges)),
    ]
    var rows: [DemoReport.Row] = []
    for (way, mode) in ways {
      let runs = try await runs("an exchange a batch, \(way)", job, mode, progress)
      rows.append(.init(way, .seconds, runs.map { DemoRun(value: $0.seconds ?? 0, bytesSent: $0.bytesSent) }))
    }
    report.tables.append(
      .init(
        title: "An exchange a batch",
        text: """
          \(exchanges) steps, each on all rows at once: workers send one gradient step a round and judge each model on rows that they \
          keep back, and the coordinator stores every round.
          """, measure: .seconds, rows: rows))
    let seconds = rows.map(\.median)
    report.goals += [
      .atMost(1.5, seconds[2] / seconds[1], "an exchange a batch, WebSocket over virtual workers"),
      .atMost(10, seconds[2] / seconds[0], "an exchange a batch, WebSocket workers over plain"),
    ]
  }

  /// Private regression on three columns, whose ranges follow from what they mean (`docs/PRIVACY.md`).
  private func addNoise(_ report: inout DemoReport, _ progress: (String) -> Void) async throws {
    let job = DemoJob(
      set: .boston, folder: setting.data, layers: "{dense: 1}",
      data: """
        test: 0.2016, columns: [RM, LSTAT, PTRATIO], \
        ranges: {RM: [3, 9], LSTAT: {log: [1, 40]}, PTRATIO: [12, 24], MEDV: [0, 50]}
        """,
      training: "epochs: 1, batch: 404, loss: meanSquaredError, optimizer: {sgd: {learningRate: 1}}")
    var rows: [DemoReport.Row] = []
    for budget in Self.budgets {
      let privacy = "privacy: {unit: example, method: statistics, clip: 0.55, targetEpsilon: \(budget), delta: 1e-5}"
      let way = "ε = \(number(budget, 1))"
      let runs = try await setting.runs(way, progress: progress) {
        try await released(job.text(seed: $0, mode: privacy))
      }
      rows.append(.init(way, .meanSquaredError, runs))
    }
    report.tables.append(
      .init(
        title: "With differential privacy",
        text: """
          The sums of a linear regression on three columns, noised once, δ = 1e-5: what hides each of 404 rows from whoever has the model. \
          A split's figure is the mean of \(Self.drawCount) such releases; each of them alone has its ε.
          """, measure: .meanSquaredError, rows: rows))
    report.goals.append(.atMost(30, rows[0].mean, "mean squared error at ε = 0.5, where the paper tells of 25 to 30"))
  }

  /// The mean error of models with the same rows and fresh noise.
  private func released(_ text: String) async throws -> DemoRun {
    var errors: [Double] = []
    for _ in 0..<Self.drawCount { errors.append(try await DemoTrainer(executable: setting.executable).run(text).value) }
    return DemoRun(value: errors.reduce(0, +) / Double(errors.count))
  }

  private func job(_ training: String) -> DemoJob {
    DemoJob(
      set: .boston, folder: setting.data, layers: "{dense: 64}, relu, {dense: 32}, relu, {dense: 1}", training: training
    )
  }

  private func workers(_ transport: String, rounds: Int) -> String {
    """
    mode: federated
    federated: {workers: 2, rounds: \(rounds), aggregation: open, minimumClients: 2, transport: \(transport)}
    """
  }

  private func runs(
    _ way: String, _ job: DemoJob, _ mode: String, _ progress: (String) -> Void
  ) async throws -> [DemoRun] {
    try await setting.runs(way, progress: progress) {
      try await DemoTrainer(executable: setting.executable).run(job.text(seed: $0, mode: mode))
    }
  }
}
