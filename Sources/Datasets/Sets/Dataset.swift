public import Tensors

/// Rows of features and what to predict from them.
public struct Dataset: Hashable, Sendable {
  public let name: String
  /// Where the rows come from: publication, archive, generator.
  public let source: String
  /// A name for each column of ``features``; empty where columns have none, as pixels.
  public let featureNames: [String]
  /// `[rows, …]`
  public let features: Tensor<Float>
  public let targets: Targets

  /// - Throws: if rows do not match, or a number is not finite.
  public init(
    name: String, source: String, featureNames: [String] = [], features: Tensor<Float>, targets: Targets
  ) throws(DatasetError) {
    try targets.validate()
    guard features.shape.rank >= 1, features.shape[0] == targets.rowCount else {
      throw .inconsistent(
        "\(name) has features of shape \(features.shape) and \(targets.rowCount) targets; the first axis must match")
    }
    guard featureNames.isEmpty || features.shape == [targets.rowCount, featureNames.count] else {
      throw .inconsistent("\(name) has features of shape \(features.shape) and \(featureNames.count) names for them")
    }
    guard features.scalars.allSatisfy(\.isFinite) else {
      throw .inconsistent("A feature of \(name) is nan or inf; correct it")
    }
    self.init(trusted: name, source, featureNames, features, targets)
  }

  private init(trusted name: String, _ source: String, _ names: [String], _ features: Tensor<Float>, _ targets: Targets)
  {
    self.name = name
    self.source = source
    featureNames = names
    self.features = features
    self.targets = targets
  }

  public var rowCount: Int { targets.rowCount }
  public var classCount: Int? { targets.classCount }

  /// Some of the rows, in the order given; each index is one of the set's.
  public func rows(_ rows: [Int]) -> Dataset {
    Dataset(trusted: name, source, featureNames, features.gatherRows(rows), targets.rows(rows))
  }

  /// The rows of one training step: features `[rows, …]` and targets as ``Targets/tensor``.
  public func batch(rows: [Int]) -> (features: Tensor<Float>, targets: Tensor<Float>) {
    (features.gatherRows(rows), targets.rows(rows).tensor)
  }
}

/// Splits by seed; the same seed gives the same rows everywhere.
extension Dataset {
  /// Rows to learn from and rows to judge by, stratified by class.
  public func split(test: Double, seed: UInt64) throws(DatasetError) -> (train: Dataset, test: Dataset) {
    let split = try RowSplit.heldOut(strata: strata, test: test, seed: seed)
    return (rows(split.train), rows(split.test))
  }

  /// The splits of `repeats` times `count`-fold cross-validation, stratified by class.
  public func folds(_ count: Int, repeats: Int = 1, seed: UInt64) throws(DatasetError) -> [RowSplit] {
    try RowSplit.folds(count, repeats: repeats, strata: strata, seed: seed)
  }

  private var strata: [Int] { targets.classes ?? [Int](repeating: 0, count: rowCount) }
}
