public import Datasets
public import Tensors

/// One worker's rows of a federated job, before anybody knows the statistics by which numbers are standardised.
public enum WorkerTable: Sendable {
  /// Rows to train on and to judge by, and what the columns mean: kinds, public ranges and lists of categories.
  case table(Schema, train: Table, test: Table)
  /// Rows that are numbers already, as images are.
  case tensors(train: Dataset, test: Dataset)

  /// The part of a worker, from 0, where a job deals its own data among its workers: to try a federation on one machine.
  ///
  /// Rows to judge by are dealt at random, whatever the partition. What the columns mean is taken from the whole training table: kinds
  /// and lists of categories count as public here.
  ///
  /// - Throws: `DatasetError` where the data cannot be read or dealt.
  public static func part(_ index: Int, of job: Job, environment: [String: String]) throws(DatasetError) -> WorkerTable
  {
    guard let federated = job.federated, (0..<federated.workers).contains(index) else {
      throw .inconsistent("The job has \(job.federated?.workers ?? 0) workers; choose a part from 1 to that")
    }
    let (workers, seed) = (federated.workers, job.training.seed)
    switch try JobData(job, environment: environment).parts() {
    case .table(let schema, let train, let test):
      let target = schema.target.hasClasses ? schema.target.name : nil
      return .table(
        schema,
        train: try train.partitioned(federated.partition, target: target, workers: workers, seed: seed)[index],
        test: try test.partitioned(.iid, target: nil, workers: workers, seed: seed)[index])
    case .tensors(let train, let test):
      return .tensors(
        train: try train.partitioned(federated.partition, workers: workers, seed: seed)[index],
        test: try test.partitioned(.iid, workers: workers, seed: seed)[index])
    }
  }

  /// A worker's own table, of which it keeps a share back to judge by. What its columns mean is told by ``TableOutline`` and agreed
  /// among all workers.
  ///
  /// - Parameter columns: those that the owner lets be read; all if `nil`.
  /// - Throws: `DatasetError` where the file cannot be read or lacks a column.
  public static func file(
    _ path: String, for job: Job, columns allowed: Set<String>? = nil
  ) throws(DatasetError) -> WorkerTable {
    guard case .owners(let target) = job.data.source else {
      throw .inconsistent("A worker that brings its own rows needs a job with data: {target: column}")
    }
    let whole = try CSV.read(path: path)
    _ = try whole.column(target)
    // What the job does not read is not kept, so that no later question finds it.
    let read = Set(job.data.columns ?? whole.columnNames).intersection(allowed ?? Set(whole.columnNames)).union([target]
    )
    let table = try whole.keeping(read)
    let isNumeric = job.training.loss == .meanSquaredError
    let (train, test) = try table.split(
      test: job.data.test, seed: job.training.seed, stratifiedBy: isNumeric ? nil : target)
    let left = Set(whole.columnNames).subtracting(read)
    var schema = try Schema.inferred(
      from: train, target: target, ranges: job.data.ranges.filter { !left.contains($0.key) })
    for name in job.data.columns ?? [] where !schema.features.contains(where: { $0.name == name }) {
      throw .missingColumn(name, table: table.name)
    }
    try schema.declare(job.data.categories, table: table.name)
    return .table(try schema.listingCategories(of: train), train: train, test: test)
  }

  /// The shape of one example; `nil` where that follows from the columns.
  public var exampleShape: Shape? {
    switch self {
    case .table: nil
    case .tensors(let train, _): Shape(Array(train.features.shape.extents.dropFirst()))
    }
  }
}

extension Schema {
  /// The schema with the categories of the training rows where none are declared.
  func listingCategories(of train: Table) throws(DatasetError) -> Schema {
    var schema = self
    for (index, column) in features.enumerated() {
      guard case .categorical(nil, let missing, let unknown) = column.kind else { continue }
      let categories = Schema.sortedLabels(try train.column(column.name))
      guard categories.count <= CategoricalEncoding.fittedLimit else {
        throw .unusableColumn(
          column.name, table: train.name,
          reason: "it has \(categories.count) categories; leave the column out, or declare its categories")
      }
      schema.features[index].kind = .categorical(categories: categories, missing: missing, unknown: unknown)
    }
    if case .classes(nil) = target.kind {
      schema.target.kind = .classes(Schema.sortedLabels(try train.column(target.name)))
    }
    return schema
  }

  /// Puts down public lists of categories.
  mutating func declare(_ categories: [String: [String]], table: String) throws(DatasetError) {
    for (name, list) in categories where name != target.name {
      guard let index = features.firstIndex(where: { $0.name == name }) else {
        throw .missingColumn(name, table: table)
      }
      guard case .categorical(_, let missing, let unknown) = features[index].kind else {
        throw .unusableColumn(name, table: table, reason: "categories are for words and it holds numbers; correct one")
      }
      features[index].kind = .categorical(categories: list, missing: missing, unknown: unknown)
    }
  }
}

extension Schema.Target {
  var hasClasses: Bool {
    switch kind {
    case .binary, .classes: true
    case .numeric: false
    }
  }
}
