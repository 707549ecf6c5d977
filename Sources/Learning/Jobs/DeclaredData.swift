import Datasets

/// Whose rows of a job a process has.
public enum JobPart: Hashable, Sendable {
  case all
  /// Those of one of ``Job/EncryptedPart/owners``.
  case owner(Int)
  /// Those of one owner, in this table.
  case table(String)
  /// No rows, only what the job declares.
  case none
}

/// Data of which everything public stands in the job: columns, ranges, categories and classes. No row influences it, so
/// owners who never see each other's rows prepare theirs alike.
///
/// Features are the columns of `data.ranges` and `data.categories`, by name; others are not used.
struct DeclaredData {
  let preprocessing: Preprocessing
  private let source: String

  /// - Throws: `DatasetError` where the target, or no feature, is declared.
  init(_ job: Job) throws(DatasetError) {
    let target: String
    switch job.data.source {
    case .owners(let name), .file(_, let name): target = name
    case .set: throw .inconsistent("Owners that share their rows by themselves need data.target")
    }
    let names = Set(job.data.ranges.keys).union(job.data.categories.keys).subtracting([target]).sorted()
    var features: [Schema.Column] = []
    for name in names {
      switch (job.data.ranges[name], job.data.categories[name]) {
      case (let range?, nil): features.append(.init(name, .numeric(range: range)))
      case (nil, let categories?): features.append(.init(name, .categorical(categories: categories)))
      case (nil, nil), (_?, _?): throw .inconsistent("Column \(name) has both a range and categories; keep one")
      }
    }
    guard !features.isEmpty else {
      throw .inconsistent(
        "Rows that nobody may look at, of owners or under privacy, need every feature declared; add data.ranges and "
          + "data.categories")
    }
    let schema = Schema(features: features, target: .init(target, .numeric()))
    let declared = try Preprocessing.declared(by: schema).features
    preprocessing = try Preprocessing(
      features: declared, targetTransform: TargetTransform(name: target, kind: try Self.kind(of: target, job)))
    if case .file(let path, _) = job.data.source {
      source = path
    } else {
      source = "the rows of \(job.encrypted?.owners.count ?? 1) owners"
    }
  }

  /// Two classes are the negative and the positive one, in this order; numbers are scaled to their range.
  private static func kind(of target: String, _ job: Job) throws(DatasetError) -> TargetTransform.Kind {
    switch (job.data.ranges[target], job.data.categories[target]) {
    case (let range?, nil): return try scaled(to: range)
    case (nil, let labels?) where labels.count == 2: return .binary(negative: labels[0], positive: labels[1])
    case (nil, let labels?): return .classes(labels)
    case (nil, nil), (_?, _?):
      throw .inconsistent(
        "Rows that nobody may look at, of owners or under privacy, need the target declared; add \(target) to "
          + "data.ranges or data.categories")
    }
  }

  /// Numbers as shares of half their range, from its middle.
  static func scaled(to range: PublicRange) throws(DatasetError) -> TargetTransform.Kind {
    guard range.scale == .linear else {
      throw .inconsistent("The target's range is on a linear scale; write it as [low, high] in data.ranges")
    }
    return .numeric(mean: range.middle.place, deviation: range.middle.half)
  }

  var emptyTable: Table {
    get throws(DatasetError) {
      let names = preprocessing.features.map(\.name) + [preprocessing.targetTransform.name]
      return try Table(name: source, columnNames: names, columns: names.map { _ in [] })
    }
  }

  func prepared(train: Table, test: Table) throws(DatasetError) -> JobData.Loaded {
    let data = PreparedDataset(
      train: try preprocessing.dataset(of: train, name: train.name, source: source),
      test: try preprocessing.dataset(of: test, name: test.name, source: source), preprocessing: preprocessing)
    let used = Set(preprocessing.features.map(\.name) + [preprocessing.targetTransform.name])
    return JobData.Loaded(
      data: data, ownerRows: [train.rowCount], ownerTestRows: [test.rowCount],
      leftOut: train.columnNames.filter { !used.contains($0) })
  }
}
