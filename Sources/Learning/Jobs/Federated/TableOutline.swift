public import Datasets

/// What a worker tells of its table before anything is computed: the columns' names and kinds, the names of categories and of classes,
/// and which columns have missing cells. No numbers, no counts.
public struct TableOutline: Hashable, Sendable, Codable {
  public var features: [Schema.Column]
  public var target: String
  /// The distinct labels of the target; `nil` where it is a number.
  public var labels: [String]?
  /// Whether a target that is a number is centred and scaled, as some named sets' are; `nil` where it is as it is.
  public var standardisesTarget: Bool?

  /// `nil` where the rows are no table.
  public init?(_ table: WorkerTable, loss: Loss) throws(DatasetError) {
    guard case .table(let schema, let train, let test) = table else { return nil }
    features = schema.features
    target = schema.target.name
    guard loss != .meanSquaredError || schema.target.hasClasses else {
      labels = nil
      standardisesTarget = schema.target.kind == .numeric(isStandardised: true) ? true : nil
      return
    }
    switch schema.target.kind {
    case .binary(let negative, let positive): labels = [negative, positive]
    case .classes(let listed?): labels = listed
    case .classes(nil), .numeric:
      labels = Schema.sortedLabels(try train.column(target) + test.column(target))
    }
  }

  /// What all workers' tables have in common: categories and classes of all of them.
  ///
  /// - Throws: `DatasetError` naming the column and the workers whose tables differ.
  public static func agreed(_ outlines: [String: TableOutline]) throws(DatasetError) -> Schema {
    let ordered = outlines.sorted { $0.key < $1.key }
    guard let (first, outline) = ordered.first else { throw .inconsistent("No worker has a table") }
    var features = outline.features
    var labels = outline.labels
    for (name, other) in ordered.dropFirst() {
      let (mine, theirs) = (features.map(\.name), other.features.map(\.name))
      if let column = mine.first(where: { !theirs.contains($0) }) ?? theirs.first(where: { !mine.contains($0) }) {
        let (with, without) = mine.contains(column) ? (first, name) : (name, first)
        throw .inconsistent(
          "Column \(column) is a feature at \(with) and not at \(without); name the features of all in data.columns")
      }
      for index in features.indices {
        guard let column = other.features.first(where: { $0.name == features[index].name }),
          let kind = features[index].kind.joined(with: column.kind)
        else {
          throw .inconsistent(
            "Column \(features[index].name) is not of one kind at \(first) and \(name); correct a table or data.columns"
          )
        }
        features[index].kind = kind
      }
      guard (labels == nil) == (other.labels == nil) else {
        throw .inconsistent("The target \(outline.target) is a number at some workers and a class at others")
      }
      labels = labels.map { Schema.sortedLabels($0 + (other.labels ?? [])) }
    }
    let isStandardised = outlines.values.allSatisfy { $0.standardisesTarget == true }
    return Schema(
      features: features,
      target: .init(outline.target, try kind(of: labels, outline.target, isStandardised: isStandardised)))
  }

  private static func kind(
    of labels: [String]?, _ target: String, isStandardised: Bool
  ) throws(DatasetError) -> Schema.TargetKind {
    guard let labels else { return .numeric(isStandardised: isStandardised) }
    guard (2...CategoricalEncoding.fittedLimit).contains(labels.count) else {
      throw .inconsistent(
        "The target \(target) has \(labels.count) classes at all workers together and should have 2 to "
          + "\(CategoricalEncoding.fittedLimit); choose another target")
    }
    guard labels.count == 2 else { return .classes(labels) }
    let isFirstPositive = Schema.positiveLabels.contains(labels[0].lowercased())
    return .binary(negative: labels[isFirstPositive ? 1 : 0], positive: labels[isFirstPositive ? 0 : 1])
  }
}

extension Schema.Kind {
  /// The kind of a column at two workers; `nil` where it is of two.
  fileprivate func joined(with other: Schema.Kind) -> Schema.Kind? {
    switch (self, other) {
    case (.numeric(let range, let missing), .numeric(let otherRange, let otherMissing)):
      guard range == otherRange else { return nil }
      return .numeric(range: range, missing: missing == .mean ? otherMissing : missing)
    case (.categorical(let mine, let missing, let unknown), .categorical(let theirs, let otherMissing, _)):
      return .categorical(
        categories: Schema.sortedLabels((mine ?? []) + (theirs ?? [])),
        missing: missing == .allZeros ? otherMissing : missing, unknown: unknown)
    case (.numeric, .categorical), (.categorical, .numeric): return nil
    }
  }
}
