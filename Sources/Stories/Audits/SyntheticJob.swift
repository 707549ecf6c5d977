import Datasets
import Foundation
import Learning

/// A job on synthetic credit applications, for audits of nobody's data.
enum SyntheticJob {
  /// - Parameter folder: for its table; made if it is not there.
  /// - Throws: `DatasetError` where the table cannot be written.
  static func text(in folder: URL, epochs: Int) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let dataset = SyntheticCredit.dataset()
    let file = folder.appendingPathComponent("applications.csv").path
    try CSV.write(dataset.table, to: file)
    return """
      model: {layers: [{dense: 64}, relu, {dense: 32}, relu, {dense: 1}, sigmoid]}
      data: {file: \(quoted(file)), target: \(quoted(dataset.schema.target.name)), test: 0.2}
      training: {epochs: \(epochs), batch: 32, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.05, momentum: 0.9}}, seed: 7}
      """
  }
}
