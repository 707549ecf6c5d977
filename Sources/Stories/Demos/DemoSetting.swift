import Datasets
import Serving

/// What demos on named sets have in common.
public struct DemoSetting: Sendable {
  /// The folder of data sets.
  public var data: String
  /// How many splits of the rows figures are means of.
  public var splits: Int
  /// Of the first split, its weights and its shuffling; each further split's is one more.
  public var seed: UInt64
  /// The `tacit` program, which coordinators, workers and parties are started from.
  public var executable: String

  public init(data: String, splits: Int = 10, seed: UInt64 = 1, executable: String) {
    self.data = data
    self.splits = splits
    self.seed = seed
    self.executable = executable
  }

  var seeds: [UInt64] { (0..<UInt64(max(splits, 1))).map { seed &+ $0 } }

  /// A report that is to be filled.
  func report(_ name: String, _ title: String, lead: String, source: String) -> DemoReport {
    DemoReport(
      name: name, title: title, lead: lead, source: source, seed: seed, splits: seeds.count,
      versions: ["tacit": TacitVersion.current])
  }

  /// A run of each split.
  ///
  /// - Parameter way: what progress calls it.
  func runs(
    _ way: String, progress: (String) -> Void, _ run: (UInt64) async throws -> DemoRun
  ) async throws -> [DemoRun] {
    var runs: [DemoRun] = []
    for (index, seed) in seeds.enumerated() {
      progress("\(way): split \(index + 1) of \(seeds.count)")
      runs.append(try await run(seed))
    }
    return runs
  }
}
