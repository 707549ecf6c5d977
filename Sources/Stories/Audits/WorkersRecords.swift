import Coordination
import Datasets
import Learning
import Tensors

/// The workers' rows of a federated job as their models meet them, where this machine has them: an audit's measure.
struct WorkersRecords {
  /// By the worker's name: rows of equal length.
  let byWorker: [String: [[Double]]]
  /// The class of each row, where there are classes.
  let labels: [String: [Int]]
  /// The shape of a row as the data has it.
  let example: Shape
  /// Numbers a row.
  var length: Int { example.count }

  /// - Parameter wanted: the workers whose rows are looked at; others' images are not read.
  /// - Throws: ``CoordinationError/setting(_:reason:)`` where the rows are elsewhere, `DatasetError` where they cannot be read.
  init(_ job: Job, of wanted: Set<String>, environment: [String: String]) throws {
    guard let federated = job.federated else {
      throw CoordinationError.setting("mode", reason: "must be federated: the record is of a federated training")
    }
    let names: [String]
    let tables: [WorkerTable]
    if federated.owners.isEmpty {
      guard job.coordinator == nil else {
        throw CoordinationError.setting(
          "coordinator", reason: "has workers whose rows are elsewhere; the audit measures by rows that are here")
      }
      let places = (0..<federated.workers).filter { wanted.contains(Self.name($0)) || !Self.isOfImages(job) }
      names = places.map(Self.name)
      tables = try places.map { try WorkerTable.part($0, of: job, environment: environment) }
    } else {
      names = federated.owners.map(\.name)
      tables = try federated.owners.map { try WorkerTable.file($0.file, for: job) }
    }
    let sets = try Self.sets(tables)
    byWorker = Dictionary(zip(names, sets.map { Self.rows($0.features) })) { first, _ in first }
    labels = Dictionary(zip(names, sets.map { $0.targets.classes ?? [] })) { first, _ in first }
    example = Shape(Array(sets.first?.features.shape.extents.dropFirst() ?? []))
  }

  private static func name(_ place: Int) -> String { "worker-\(place + 1)" }

  /// Images are numbers already: nobody's depend on another's rows.
  static func isOfImages(_ job: Job) -> Bool {
    if case .set(let name, _) = job.data.source { return NamedDataset(rawValue: name)?.publishedSchema == nil }
    return false
  }

  /// Numbers are standardised by all workers' rows together, as round 0 does.
  private static func sets(_ tables: [WorkerTable]) throws -> [Dataset] {
    var parts: [Table] = []
    var schema: Schema?
    var images: [Dataset] = []
    for table in tables {
      switch table {
      case .tensors(let train, _): images.append(train)
      case .table(let own, let train, _):
        schema = schema ?? own
        parts.append(train)
      }
    }
    guard let schema else { return images }
    let preprocessing = try Preprocessing.fit(try Table.joined(parts, name: "the workers' rows"), schema)
    return try parts.map { try preprocessing.dataset(of: $0, name: $0.name, source: $0.name) }
  }

  private static func rows(_ features: Tensor<Float>) -> [[Double]] {
    let width = features.count / max(features.shape[0], 1)
    return (0..<features.shape[0]).map { row in
      features.scalars[row * width..<(row + 1) * width].map { Double($0) }
    }
  }
}
