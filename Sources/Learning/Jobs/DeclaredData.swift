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
    guard case .owners(let target) = job.data.source else {
      throw .inconsistent("Owners that share their rows by themselves need data.target")
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
        "Owners that share their rows by themselves need every feature declared; add data.ranges and data.categories")
    }
    let schema = Schema(features: features, target: .init(target, .numeric()))
    let declared = try Preprocessing.declared(by: schema).features
    preprocessing = try Preprocessing(
      features: declared, targetTransform: TargetTransform(name: target, kind: try Self.kind(of: target, job)))
    source = "the rows of \(job.encrypted?.owners.count ?? 1) owners"
  }

  /// Two classes are the negative and the positive one, in this order; numbers are scaled to their range.
  private static func kind(of target: String, _ job: Job) throws(DatasetError) -> TargetTransform.Kind {
    switch (job.data.ranges[target], job.data.categories[target]) {
    case (let range?, nil):
      return .numeric(mean: (range.low + range.high) / 2, deviation: (range.high - range.low) / 2)
    case (nil, let labels?) where labels.count == 2: return .binary(negative: labels[0], positive: labels[1])
    case (nil, let labels?): return .classes(labels)
    case (nil, nil), (_?, _?):
      throw .inconsistent(
        "Owners that share their rows by themselves need the target declared; add \(target) to data.ranges or "
          + "data.categories")
    }
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
    return JobData.Loaded(data: data, ownerRows: [train.rowCount], ownerTestRows: [test.rowCount])
  }
}
