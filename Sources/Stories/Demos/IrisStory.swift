import Datasets
import Learning
import Paillier

/// Flowers, learned by parties that show each other nothing: two, and more, under each aggregation, beside training in the clear.
public struct IrisStory: Sendable {
  public var setting: DemoSetting
  /// How many parties train together, of each table.
  public var workers: [Int]
  /// Bits of the Paillier keys that are tried.
  public var keySizes: [Int]

  public init(_ setting: DemoSetting, workers: [Int] = [2, 3], keySizes: [Int] = [2048, 3072]) {
    self.setting = setting
    self.workers = workers
    self.keySizes = keySizes
  }

  private static let rounds = 20
  private static let localEpochs = 4

  private var job: DemoJob {
    DemoJob(
      set: .iris, folder: setting.data, layers: "{dense: 16}, relu, {dense: 3}, softmax",
      training: """
        epochs: \(Self.rounds * Self.localEpochs), batch: 4, loss: softmaxCrossEntropy, \
        optimizer: {sgd: {learningRate: 0.05, momentum: 0.9, weightDecay: 0.01}}
        """)
  }

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Throws: `DatasetError` where the set is not in the folder, and what a training throws.
  public func tell(progress: (String) -> Void = { _ in }) async throws -> DemoReport {
    let clock = ContinuousClock()
    let begin = clock.now
    _ = try NamedDataset.iris.load(from: setting.data)
    var report = setting.report(
      "iris-paillier", "Iris, learned under encryption",
      lead: """
        Parties with rows of their own train one network of 131 weights. Each sends its updates in the open, masked, under \
        Paillier encryption, or in shares among three others; what is learned is the same, and who learns what is not. All \
        parties are tasks of one process, which run the protocols of real ones without a network.
        """, source: NamedDataset.iris.source)
    let keys = try keySizes.map { bits in
      progress("dealing a Paillier key of \(bits) bits")
      return (bits, try ThresholdKey.deal(bitCount: bits, threshold: 2, holders: 3).shares)
    }
    let clear = try await setting.runs("in the clear", progress: progress) { try await run("", $0) }
    for count in workers {
      try await compare(count, clear, keys, into: &report, progress)
    }
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private func compare(
    _ count: Int, _ clear: [DemoRun], _ keys: [(bits: Int, shares: [KeyShare])], into report: inout DemoReport,
    _ progress: (String) -> Void
  ) async throws {
    var rows = [DemoReport.Row("rows in one place", .accuracy, clear)]
    func add(_ way: String, _ aggregation: Aggregation, _ shares: [KeyShare] = []) async throws -> DemoReport.Row {
      let runs = try await setting.runs("\(count) parties, \(way)", progress: progress) {
        try await run(Self.mode(count, aggregation), $0, shares)
      }
      let row = DemoReport.Row(way, .accuracy, runs)
      rows.append(row)
      return row
    }
    let open = try await add("open", .open)
    var hidden = [try await add("masked", .masked)]
    for (bits, shares) in keys { hidden.append(try await add("paillier, \(bits) bits", .paillier, shares)) }
    let encrypted = hidden.dropFirst()
    hidden.append(try await add("shared", .shared))
    report.tables.append(
      .init(
        title: "\(count) parties",
        text: """
          Training rows are dealt among them at random; the same rows judge every way.\
          \(count == 2 ? " Of two, each finds the other's update by taking its own from the sum; three hide better." : "")
          """, measure: .accuracy, rows: rows))
    let least = encrypted.map(\.mean).min() ?? 0
    // Halves are between two splits.
    let right = ((encrypted.map(\.median).min() ?? 0) * 60).rounded() / 2
    let alike = hidden.map { row in zip(row.values, open.values).count { $0 == $1 } }.min() ?? 0
    report.goals += [
      .atLeast(0.955, least, "\(count) parties, accuracy under Paillier"),
      .atLeast(29, right, "\(count) parties, right of 30 in the median split under Paillier"),
      .atLeast(
        Double(open.values.count), Double(alike),
        "\(count) parties, splits with the same accuracy hidden as in the open"),
    ]
  }

  private func run(_ mode: String, _ seed: UInt64, _ shares: [KeyShare] = []) async throws -> DemoRun {
    try await DemoTrainer(executable: setting.executable).run(job.text(seed: seed, mode: mode), keyShares: shares)
  }

  private static func mode(_ workers: Int, _ aggregation: Aggregation) -> String {
    """
    mode: federated
    federated:
      {workers: \(workers), rounds: \(rounds), localEpochs: \(localEpochs), aggregation: \(aggregation.rawValue),
       minimumClients: 2, transport: memory, valueRange: 8}
    """
  }
}
