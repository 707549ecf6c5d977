import Coordination
import Datasets
import Foundation
import Learning
import Paillier
import Serving

/// A job of a demo, as `tacit train` would read it, for any seed and any mode.
struct DemoJob {
  var set: NamedDataset
  /// The folder of data sets.
  var folder: String
  /// As jobs write them.
  var layers: String
  /// Of `data:`, beside the set and its folder.
  var data = "test: 0.2"
  /// Of `training:`, but for the seed.
  var training: String

  /// - Parameter mode: the keys that follow, from `mode:` on; none for a training in the clear.
  func text(seed: UInt64, mode: String = "") -> String {
    """
    model: {layers: [\(layers)]}
    data: {set: \(set.rawValue), path: \(quoted(folder)), \(data)}
    training: {\(training), seed: \(seed)}
    \(mode)
    """
  }
}

/// Carries out jobs of demos, in a folder of its own that is thrown away.
struct DemoTrainer {
  let executable: String

  /// - Parameters:
  ///   - keyShares: of `aggregation: paillier`.
  ///   - progress: told what share of a training on shares is done.
  func run(
    _ text: String, keyShares: [KeyShare] = [], progress: @escaping (Double) -> Void = { _ in }
  ) async throws -> DemoRun {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-demo-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let job = try Job.parse(text)
    switch job.mode {
    case .plain: return DemoRun(try JobRunner(job, environment: [:], versions: [:]).run().report)
    case .encrypted:
      let trainer = EncryptedTrainer(job, environment: [:], versions: [:], executable: executable, folder: folder)
      return DemoRun(try await trainer.run(progress: { progress($0.share) }).report)
    case .federated:
      let trainer = try FederatedTrainer(
        text, environment: [:], versions: [:], executable: executable, folder: folder, keyShares: keyShares)
      return DemoRun(try await trainer.run { _ in }.report)
    }
  }
}

extension DemoRun {
  /// The mean squared error of a target that is a number, else the accuracy.
  init(_ report: TrainingReport) {
    self.init(
      value: report.meanSquaredError ?? report.accuracy ?? .nan, seconds: report.seconds, bytesSent: report.bytesSent,
      learns: report.federation?.learns)
  }
}

/// A text as YAML has it, whatever is in it.
func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
