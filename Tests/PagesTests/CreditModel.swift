import Datasets
import Foundation
import Graphs
import Learning
import ModelFiles
import Serving
import Tensors
import TestSupport

/// A model of credit applications with its published form: its weights are drawn, not learned, and its last bias is such
/// that it decides for half of the rows.
struct CreditModel {
  let file: ModelFile
  /// Applications that nobody has made.
  let rows: Table
  let preprocessing: Preprocessing

  init(rows count: Int = 50) throws {
    let table = SyntheticCredit.table(rows: count)
    let preprocessing = try Preprocessing.fit(SyntheticCredit.table(rows: 200), SyntheticCredit.schema)
    let width = preprocessing.featureCount
    let builder = GraphBuilder()
    let hidden = (builder.input("x", [1, width]).matmul(builder.input("first", [width, 16]))).relu()
    let graph = builder.build([
      (hidden.matmul(builder.input("second", [16, 1])) + builder.input("bias", [1])).sigmoid()
    ])
    var weights: [String: Tensor<Float>] = [
      "first": SmallModels.numbers([width, 16]), "second": SmallModels.numbers([16, 1], seed: 5),
      "bias": Tensor(shape: [1], scalars: [0]),
    ]
    func make() throws -> ModelFile {
      try ModelFile(
        graph: graph, weights: weights, preprocessing: preprocessing,
        provenance: .init(creator: "test", dataset: "synthetic", source: "none"), inputRange: preprocessing.publicRange)
    }
    let input = try preprocessing.transform(table)
    let logits = try SecretPredictor.plain(try make(), input).scalars.map { log($0 / (1 - $0)) }.sorted()
    // Between two rows, so that rounding on shares decides none.
    let middle = (logits[logits.count / 2 - 1] + logits[logits.count / 2]) / 2
    weights["bias"] = Tensor(shape: [1], scalars: [-middle])
    (file, rows, self.preprocessing) = (try make(), table, preprocessing)
  }

  /// The cells of an application, by column, without the target.
  func cells(of row: Int) -> [String: String] {
    var cells: [String: String] = [:]
    for (name, column) in zip(rows.columnNames, rows.columns) where name != preprocessing.targetTransform.name {
      cells[name] = column[row]
    }
    return cells
  }
}
