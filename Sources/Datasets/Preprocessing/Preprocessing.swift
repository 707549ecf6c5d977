public import Tensors

/// How rows become features: statistics and categories learned from the training rows only.
///
/// It is plain data, stored beside the model, so that a prediction treats its row as training did. What it holds is as
/// public as the model: means, deviations and category names of the training rows, unless it is ``declared(by:)``.
public struct Preprocessing: Hashable, Sendable {
  public let features: [FittedFeature]
  public let targetTransform: TargetTransform
  /// The number of tensor columns.
  public let featureCount: Int

  /// - Throws: for what no fit would give: repeated names, empty or repeated categories, numbers that are not finite,
  ///   or more than 2^20 tensor columns.
  public init(features: [FittedFeature], targetTransform: TargetTransform) throws(DatasetError) {
    for feature in features { try feature.validate() }
    try targetTransform.validate()
    let featureCount = features.reduce(0) { $0 + $1.width }
    guard !features.isEmpty, Set(features.map(\.name)).count == features.count, featureCount <= 1 << 20 else {
      throw .inconsistent("Preprocessing has no feature, names one twice or makes more than 2^20 tensor columns")
    }
    guard !features.contains(where: { $0.name == targetTransform.name }) else {
      throw .inconsistent("Column \(targetTransform.name) is both a feature and the target; leave one out")
    }
    self.features = features
    self.targetTransform = targetTransform
    self.featureCount = featureCount
  }

  /// Learns means, deviations and categories from the rows of a table.
  public static func fit(_ table: Table, _ schema: Schema) throws(DatasetError) -> Preprocessing {
    guard table.rowCount > 0 else { throw .inconsistent("\(table.name) has no rows to fit the preprocessing on") }
    var features: [FittedFeature] = []
    for column in schema.features { features.append(try FittedFeature.fit(column, to: table)) }
    return try Preprocessing(features: features, targetTransform: TargetTransform.fit(schema.target, to: table))
  }

  /// Preprocessing that no row has influenced: numbers are scaled from their public range to [-1, 1], categories and
  /// classes are the listed ones. Use it where the training rows are private.
  ///
  /// - Throws: if a numeric column declares no range, or categories or classes are not listed.
  public static func declared(by schema: Schema) throws(DatasetError) -> Preprocessing {
    var features: [FittedFeature] = []
    for column in schema.features { features.append(try FittedFeature.declared(by: column)) }
    return try Preprocessing(features: features, targetTransform: TargetTransform.declared(by: schema.target))
  }

  /// What each tensor column is: `A2`, `A2 missing`, `A1=b`, `A1 missing`.
  public var featureNames: [String] { features.flatMap(\.featureNames) }

  /// The features of all rows, of shape `[rows, featureCount]`; the table may lack the target and hold other columns.
  public func transform(_ table: Table) throws(DatasetError) -> Tensor<Float> {
    let width = featureCount
    guard table.rowCount <= (1 << 31) / max(width, 1) else {
      throw .inconsistent("\(table.name) becomes more than 2^31 numbers; split it")
    }
    var scalars = [Float](repeating: 0, count: table.rowCount * width)
    var offset = 0
    for feature in features {
      try feature.write(table, into: &scalars, offset: offset, stride: width)
      offset += feature.width
    }
    return Tensor(shape: [table.rowCount, width], scalars: scalars)
  }

  /// Features and targets of a table.
  public func dataset(of table: Table, name: String, source: String) throws(DatasetError) -> Dataset {
    try Dataset(
      name: name, source: source, featureNames: featureNames, features: transform(table),
      targets: targetTransform.targets(of: table))
  }
}
