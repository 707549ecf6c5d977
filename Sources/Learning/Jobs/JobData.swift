import Datasets
import Settings

/// Finds and prepares the data of a job: from a named set, a table, or the tables of several owners.
struct JobData {
  private let job: Job
  private let environment: [String: String]

  init(_ job: Job, environment: [String: String]) {
    self.job = job
    self.environment = environment
  }

  /// Data and how many of its rows are whose, in the order of the rows.
  struct Loaded {
    var data: PreparedDataset
    var ownerRows: [Int]
    var ownerTestRows: [Int]
    /// Columns of which the job declares nothing, where nothing else makes features of them.
    var leftOut: [String] = []
  }

  /// What the holder of a part of the rows has.
  func load(_ part: JobPart) throws(DatasetError) -> Loaded {
    switch part {
    case .all: return try loadAll()
    case .owner(let index): return try load(.table(job.ownerFiles[index]))
    case .table(let path):
      // Whoever asks a worker for rows learns nothing of its columns by a misspelt one.
      return try declared(try read(path, namesNearest: false))
    case .none:
      let declared = try DeclaredData(job)
      return try declared.prepared(train: declared.emptyTable, test: declared.emptyTable)
    }
  }

  /// A table of which nothing but what the job declares decides how its rows become features.
  private func declared(_ table: Table) throws(DatasetError) -> Loaded {
    let declared = try DeclaredData(job)
    let (train, test) = try split(table, declared)
    return try declared.prepared(train: train, test: test)
  }

  /// Tables of owners, likewise, one owner after the other.
  private func declared(owners: [String]) throws(DatasetError) -> Loaded {
    let declared = try DeclaredData(job)
    var (trains, tests): ([Table], [Table]) = ([], [])
    for path in owners {
      let (train, test) = try split(try read(path), declared)
      trains.append(train)
      tests.append(test)
    }
    var loaded = try declared.prepared(
      train: try Table.joined(trains, name: "the owners' rows"),
      test: try Table.joined(tests, name: "the owners' test rows"))
    (loaded.ownerRows, loaded.ownerTestRows) = (trains.map(\.rowCount), tests.map(\.rowCount))
    return loaded
  }

  /// A table on this machine, which has every column that the job names.
  private func read(_ path: String, namesNearest: Bool = true) throws(DatasetError) -> Table {
    let table = try CSV.read(path: path)
    guard let name = job.namedColumns.first(where: { !table.columnNames.contains($0) }) else { return table }
    throw .missingColumn(
      name, table: table.name, nearest: namesNearest ? Spelling.nearest(to: name, in: table.columnNames) : nil)
  }

  private func split(_ table: Table, _ declared: DeclaredData) throws(DatasetError) -> (train: Table, test: Table) {
    let target = declared.preprocessing.targetTransform
    return try table.split(
      test: job.data.test, seed: job.training.seed, stratifiedBy: target.labels == nil ? nil : target.name)
  }

  /// A named set under privacy: ranges and categories are the publisher's or the job's, and no row's.
  private func privately(_ set: TabularDataset) throws(DatasetError) -> Loaded {
    let preprocessing = try declared(by: set.schema, table: set.name)
    let (train, test) = try set.split(test: job.data.test, seed: job.training.seed)
    return single(
      PreparedDataset(
        train: try preprocessing.dataset(of: train, name: set.name, source: set.source),
        test: try preprocessing.dataset(of: test, name: set.name, source: set.source), preprocessing: preprocessing))
  }

  /// How rows of a named set become features by what its publisher and the job declare.
  func declared(by published: Schema, table: String) throws(DatasetError) -> Preprocessing {
    let target = published.target.name
    var schema = try declaring(published, table: table, butNot: target)
    if let columns = job.data.columns {
      for name in columns where !schema.features.contains(where: { $0.name == name }) {
        throw .missingColumn(name, table: table)
      }
      schema.features.removeAll { !columns.contains($0.name) }
    }
    guard let range = job.data.ranges[target] else { return try Preprocessing.declared(by: schema) }
    let features = Schema(features: schema.features, target: .init(target, .numeric()))
    return try Preprocessing(
      features: Preprocessing.declared(by: features).features,
      targetTransform: TargetTransform(name: target, kind: try DeclaredData.scaled(to: range)))
  }

  /// The job's own rows to train on and to judge by, with lists of all categories, before anything is fitted.
  func parts() throws(DatasetError) -> WorkerTable {
    let tabular: TabularDataset
    switch job.data.source {
    case .set(let name, let path):
      switch try set(name, path) {
      case .tensors(let train, let test): return .tensors(train: train, test: test)
      case .tabular(let set):
        tabular = TabularDataset(
          name: set.name, source: set.source, schema: try declaring(set.schema, table: name), table: set.table,
          testTable: set.testTable)
      }
    case .file(let path, let target):
      let table = try read(path)
      let (train, _) = try split(table, target)
      tabular = TabularDataset(name: table.name, source: path, schema: try schema(of: train, target), table: table)
    case .owners: throw .inconsistent("Workers that bring their own rows have no part of the job's; name a table")
    }
    let (train, test) = try tabular.split(test: job.data.test, seed: job.training.seed)
    return .table(try tabular.schema.listingCategories(of: train), train: train, test: test)
  }

  private func loadAll() throws(DatasetError) -> Loaded {
    let owners = job.ownerFiles
    switch job.data.source {
    case .set(let name, let path):
      let loaded = try set(name, path)
      guard case .tabular(let tabular) = loaded else {
        guard job.data.ranges.isEmpty, job.data.categories.isEmpty, owners.isEmpty else {
          throw .inconsistent(
            "The data set \(name) has no columns; remove data.ranges, data.categories and encrypted.owners")
        }
        return single(try loaded.prepared(test: job.data.test, seed: job.training.seed))
      }
      guard job.privacy == nil else { return try privately(tabular) }
      let schema = try declaring(tabular.schema, table: name)
      guard owners.isEmpty else {
        return try prepared(owners: owners, judge: nil) { (_: Table) throws(DatasetError) in schema }
      }
      let declared = TabularDataset(
        name: tabular.name, source: tabular.source, schema: schema, table: tabular.table, testTable: tabular.testTable)
      return single(try declared.prepared(test: job.data.test, seed: job.training.seed))
    case .file(let path, let target):
      guard owners.isEmpty else {
        let table = try read(path)
        return try prepared(owners: owners, judge: table) { (train: Table) throws(DatasetError) in
          try schema(of: train, target)
        }
      }
      let table = try read(path)
      guard job.privacy == nil else { return try declared(table) }
      let (train, held) = try split(table, target)
      let tabular = TabularDataset(name: table.name, source: path, schema: try schema(of: train, target), table: train)
      return single(try tabular.prepared(train: train, test: held))
    case .owners(let target):
      guard job.privacy == nil else { return try declared(owners: owners) }
      return try prepared(owners: owners, judge: nil) { (train: Table) throws(DatasetError) in
        try schema(of: train, target)
      }
    }
  }

  private func single(_ data: PreparedDataset) -> Loaded {
    Loaded(data: data, ownerRows: [data.train.rowCount], ownerTestRows: [data.test.rowCount])
  }

  private func set(_ name: String, _ path: String?) throws(DatasetError) -> LoadedDataset {
    guard let set = NamedDataset(rawValue: name) else { throw .inconsistent("There is no data set named \(name)") }
    return try set.load(from: try set.folder(flag: path, environment: environment))
  }

  /// The rows of all owners, one owner after the other. They are judged by the rows of `judge`, or by a share of each
  /// owner's rows, which is kept back.
  private func prepared(
    owners: [String], judge: Table?, _ schema: (Table) throws(DatasetError) -> Schema
  ) throws(DatasetError) -> Loaded {
    var (trains, tests): ([Table], [Table]) = ([], [])
    for path in owners {
      let table = try read(path)
      guard judge == nil else {
        trains.append(table)
        continue
      }
      let (train, test) = try split(table, try schema(table).target.name)
      trains.append(train)
      tests.append(test)
    }
    let train = try Table.joined(trains, name: "the owners' rows")
    let test = if let judge { judge } else { try Table.joined(tests, name: "the owners' test rows") }
    let tabular = TabularDataset(
      name: train.name, source: owners.joined(separator: ", "), schema: try schema(train), table: train)
    // A table to judge by is the job owner's, who counts as the first.
    let testRows = judge.map { [$0.rowCount] + trains.dropFirst().map { _ in 0 } } ?? tests.map(\.rowCount)
    return Loaded(
      data: try tabular.prepared(train: train, test: test), ownerRows: trains.map(\.rowCount), ownerTestRows: testRows)
  }

  /// Training and test rows of one table, each label of the target giving its share.
  private func split(_ table: Table, _ target: String) throws(DatasetError) -> (train: Table, test: Table) {
    let isNumeric = try Schema.inferred(from: table, target: target).target.kind == .numeric()
    return try table.split(
      test: job.data.test, seed: job.training.seed, stratifiedBy: isNumeric ? nil : target)
  }

  private func schema(of train: Table, _ target: String) throws(DatasetError) -> Schema {
    try declaring(try Schema.inferred(from: train, target: target, ranges: job.data.ranges), table: train.name)
  }

  /// The schema with the job's public ranges and categories.
  private func declaring(
    _ schema: Schema, table: String, butNot target: String? = nil
  ) throws(DatasetError) -> Schema {
    var schema = schema
    for name in job.data.ranges.keys.sorted() + job.data.categories.keys.sorted() where name != target {
      guard let index = schema.features.firstIndex(where: { $0.name == name }) else {
        throw .missingColumn(name, table: table)
      }
      switch (schema.features[index].kind, job.data.ranges[name], job.data.categories[name]) {
      case (.numeric(_, let missing), let range?, nil):
        schema.features[index].kind = .numeric(range: range, missing: missing)
      case (.categorical(_, let missing, let unknown), nil, let categories?):
        schema.features[index].kind = .categorical(categories: categories, missing: missing, unknown: unknown)
      default:
        throw .unusableColumn(
          name, table: table, reason: "ranges are for numbers and categories for words; correct one")
      }
    }
    return schema
  }
}
