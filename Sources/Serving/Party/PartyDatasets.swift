import Learning
import Sharing

/// Rows that owners have shared with a party and nobody has trained on yet.
///
/// They are kept by data set, by the owner's place in it, and by the name in the certificate of who shared them, so that
/// nobody can put rows in another's place.
struct PartyDatasets {
  private struct Place: Hashable {
    let dataset: String
    let owner: Int
    let name: String
  }

  private struct Entry {
    var rows = TrainingRows(training: SharedRows(width: 0))
    var agreed: Set<Job.EncryptedPart.Revealed> = []
  }

  private var entries: [Place: Entry] = [:]

  /// A bound on what clients can make a party hold.
  static let mostScalars = 1 << 31
  static let mostOwners = 1 << 16

  mutating func store(_ block: SharedRows.Block, _ header: RowsHeader, from name: String) throws {
    let place = Place(dataset: header.dataset, owner: header.owner, name: name)
    var entry = entries[place] ?? Entry()
    if header.start == 0 {
      entry.rows[header.part] = SharedRows(width: header.width)
      entry.agreed = Set(header.agreed)
    }
    guard entry.rows[header.part].width == header.width, entry.rows[header.part].rowCount == header.start else {
      throw ServingError.badRequest("rows of an owner are missing or differ in width: share all of them again")
    }
    let held = entries.values.reduce(0) { sum, entry in
      sum + RowPart.allCases.reduce(0) { $0 + entry.rows[$1].rowCount * entry.rows[$1].width }
    }
    guard held + header.rowCount * header.width <= Self.mostScalars, entries.count < Self.mostOwners else {
      throw ServingError.badRequest("a party takes no more than \(Self.mostScalars) numbers of data")
    }
    entry.rows[header.part].append(block)
    entries[place] = entry
  }

  func rowCounts(of dataset: String, owners: [String]) -> [(training: Int, test: Int)] {
    owners.enumerated().map { owner, name in
      let rows = entries[Place(dataset: dataset, owner: owner, name: name)]?.rows
      return (rows?.training.rowCount ?? 0, rows?.test.rowCount ?? 0)
    }
  }

  /// The rows of all owners, in their order; the data set is gone afterwards.
  ///
  /// - Throws: ``ServingError/badRequest(_:)`` where an owner's rows are missing, or where an owner did not agree to what
  ///   the program reveals.
  mutating func take(_ dataset: String, owners: [String], for program: TrainingProgram) throws -> TrainingRows {
    var all = TrainingRows(
      training: SharedRows(width: program.rowWidth(of: .training)), test: SharedRows(width: program.rowWidth(of: .test))
    )
    for (owner, name) in owners.enumerated() {
      guard let entry = entries[Place(dataset: dataset, owner: owner, name: name)] else {
        throw ServingError.badRequest("the rows of owner \(owner + 1), \(name), are not there: share them first")
      }
      if let hidden = program.revealed.first(where: { !entry.agreed.contains($0) }) {
        throw ServingError.badRequest(
          "owner \(owner + 1), \(name), did not agree that the \(hidden.rawValue) is revealed: share the rows again")
      }
      for part in RowPart.allCases where entry.rows[part].rowCount > 0 {
        guard entry.rows[part].width == all[part].width else {
          throw ServingError.badRequest(
            "the \(part.rawValue) rows of owner \(owner + 1), \(name), have \(entry.rows[part].width) numbers each, "
              + "not \(all[part].width)")
        }
        all[part].append(entry.rows[part])
      }
    }
    entries = entries.filter { $0.key.dataset != dataset }
    return all
  }
}

extension TrainingProgram {
  /// What the client learns.
  fileprivate var revealed: [Job.EncryptedPart.Revealed] {
    (revealsLoss ? [.loss] : []) + (revealsModel ? [.model] : []) + (judging == nil ? [] : [.metrics])
  }
}
