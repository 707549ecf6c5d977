import Datasets
import Learning

/// Diabetes, foreseen by a network that is trained in the clear, by workers that keep their rows, and on shares.
public struct PimaStory: Sendable {
  public var setting: DemoSetting
  /// Passes over the rows.
  public var epochs: Int

  public init(_ setting: DemoSetting, epochs: Int = 20) {
    self.setting = setting
    self.epochs = epochs
  }

  private var job: DemoJob {
    DemoJob(
      set: .pima, folder: setting.data, layers: "{dense: 16}, relu, {dense: 1}, sigmoid",
      training: """
        epochs: \(epochs), batch: 32, loss: binaryCrossEntropy, schedule: cosine, \
        optimizer: {sgd: {learningRate: 0.05, momentum: 0.9, weightDecay: 0.01}}
        """)
  }

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Throws: `DatasetError` where the set is not in the folder, and what a training throws.
  public func tell(progress: (String) -> Void = { _ in }) async throws -> DemoReport {
    let clock = ContinuousClock()
    let begin = clock.now
    _ = try NamedDataset.pima.load(from: setting.data)
    var report = setting.report(
      "pima", "Diabetes, foreseen without seeing the patients",
      lead: """
        A network of 16 units learns from 614 patients and is judged on 154: with all rows in one place, by three workers that keep \
        their own under masked aggregation, and on shares among three parties. Workers and parties are tasks of one process, \
        which run the protocols of real ones without a network.
        """, source: NamedDataset.pima.source)
    let ways = [
      ("plain", ""),
      (
        "federated",
        """
        mode: federated
        federated: {workers: 3, rounds: \(epochs), aggregation: masked, transport: memory}
        """
      ), ("on shares", "mode: encrypted\nencrypted: {transport: memory, reveal: [metrics]}"),
    ]
    var rows: [DemoReport.Row] = []
    for (way, mode) in ways {
      let runs = try await setting.runs(way, progress: progress) {
        try await DemoTrainer(executable: setting.executable).run(job.text(seed: $0, mode: mode))
      }
      rows.append(.init(way, .accuracy, runs))
    }
    report.goals = rows.map { .atLeast(0.75, $0.mean, "accuracy, \($0.way)") }
    report.tables = [
      .init(
        title: "Three ways to the same model", text: "The same splits, network and number of passes over the rows.",
        measure: .accuracy, rows: rows)
    ]
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }
}
