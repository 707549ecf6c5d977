import Tensors

/// How the target column becomes numbers, and numbers become labels again.
public struct TargetTransform: Hashable, Sendable {
  /// The name of the target column.
  public let name: String
  public let kind: Kind

  public init(name: String, kind: Kind) {
    self.name = name
    self.kind = kind
  }

  public enum Kind: Hashable, Sendable {
    /// Two labels: `negative` is 0, `positive` is 1.
    case binary(negative: String, positive: String)
    /// A label is its index in the list.
    case classes([String])
    /// `(number − mean) / deviation`; mean 0 and deviation 1 leave the number as it is.
    case numeric(mean: Double, deviation: Double)
  }

  static func fit(_ target: Schema.Target, to table: Table) throws(DatasetError) -> TargetTransform {
    let kind: Kind
    switch target.kind {
    case .binary, .classes(_?), .numeric(isStandardised: false): return try declared(by: target)
    case .classes(nil):
      let labels = try Schema.sortedLabels(table.column(target.name))
      guard labels.count >= 2, labels.count <= CategoricalEncoding.fittedLimit else {
        throw .unusableColumn(
          target.name, table: table.name,
          reason: "it has \(labels.count) classes and should have 2 to \(CategoricalEncoding.fittedLimit); "
            + "choose another target")
      }
      kind = .classes(labels)
    case .numeric(isStandardised: true):
      guard let moments = Moments(of: try table.numbers(in: target.name).compactMap { $0 }) else {
        throw .unusableColumn(
          target.name, table: table.name, reason: "all its cells are missing; choose another target")
      }
      kind = .numeric(mean: moments.mean, deviation: moments.scale)
    }
    return TargetTransform(name: target.name, kind: kind)
  }

  static func declared(by target: Schema.Target) throws(DatasetError) -> TargetTransform {
    switch target.kind {
    case .binary(let negative, let positive):
      return TargetTransform(name: target.name, kind: .binary(negative: negative, positive: positive))
    case .classes(let labels?): return TargetTransform(name: target.name, kind: .classes(labels))
    case .numeric(isStandardised: false):
      return TargetTransform(name: target.name, kind: .numeric(mean: 0, deviation: 1))
    case .classes(nil), .numeric(isStandardised: true):
      throw .inconsistent("The target \(target.name) must be fitted on rows; list its classes, or leave it unscaled")
    }
  }

  /// The labels by class, negative before positive; `nil` for numbers.
  public var labels: [String]? {
    switch kind {
    case .binary(let negative, let positive): [negative, positive]
    case .classes(let labels): labels
    case .numeric: nil
    }
  }

  /// A model's output in the unit of the target column; only numbers are changed.
  public func value(of output: Float) -> Double {
    switch kind {
    case .binary, .classes: Double(output)
    case .numeric(let mean, let deviation): Double(output) * deviation + mean
    }
  }

  /// The targets of all rows.
  public func targets(of table: Table) throws(DatasetError) -> Targets {
    switch kind {
    case .numeric(let mean, let deviation):
      var scalars: [Float] = []
      for (row, number) in try table.numbers(in: name).enumerated() {
        guard let number else { throw table.fault(.missing, row: row, column: name) }
        let scalar = Float((number - mean) / deviation)
        guard scalar.isFinite else { throw table.fault(.notFinite, row: row, column: name) }
        scalars.append(scalar)
      }
      return .numbers(Tensor(shape: [scalars.count, 1], scalars: scalars))
    case .binary(let negative, let positive):
      let classes = try classes(of: table, labels: [negative, positive])
      return .binary(Tensor(shape: [classes.count, 1], scalars: classes.map { Float($0) }))
    case .classes(let labels):
      return .classes(try classes(of: table, labels: labels), count: labels.count)
    }
  }

  private func classes(of table: Table, labels: [String]) throws(DatasetError) -> [Int] {
    let indices = Dictionary(zip(labels, 0...)) { first, _ in first }
    var classes: [Int] = []
    classes.reserveCapacity(table.rowCount)
    for (row, cell) in try table.column(name).enumerated() {
      guard let cell else { throw table.fault(.missing, row: row, column: name) }
      guard let index = indices[cell] else { throw table.fault(.unknownLabel, row: row, column: name) }
      classes.append(index)
    }
    return classes
  }
}
