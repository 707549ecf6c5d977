import Foundation
package import Identity
import Sharing
package import Transports

/// The last party's tickets for runs to come, on disk, sealed; or in memory where it has no storage.
///
/// A ticket is given once: its run is marked as begun before it is handed over.
package struct TicketShelf {
  private let place: (folder: String, key: StorageKey)?
  private var generation = ""
  private let used: UsedSteps
  private let party: PartyID
  /// Runs with a ticket, by program; in memory the tickets too.
  private var tickets: [String: [UInt32: Message]] = [:]

  /// - Parameters:
  ///   - folder: a folder for this stock alone.
  ///   - used: which runs were begun.
  package init(folder: String?, key: StorageKey?, used: UsedSteps, party: PartyID) throws {
    self.used = used
    self.party = party
    guard let folder, let key else {
      place = nil
      return
    }
    try PrivateFolder.make(folder)
    place = (folder, key)
  }

  /// Throws away the tickets of every other generation.
  package mutating func begin(_ generation: String) throws {
    guard generation.prefix(32) != self.generation else { return }
    self.generation = String(generation.prefix(32))
    tickets = [:]
    guard let place else { return }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: place.folder)) ?? [] where name != self.generation
    {
      try? FileManager.default.removeItem(atPath: place.folder + "/" + name)
    }
  }

  /// Finds the tickets of a program that an earlier process left; those of runs that were begun are removed.
  package mutating func open(_ program: String) throws {
    guard tickets[program] == nil else { return }
    tickets[program] = [:]
    guard let folder = folder(of: program) else { return }
    try PrivateFolder.make(folder)
    let first = try used.first(of: program)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard name.hasSuffix(".sealed"), let step = UInt32(name.dropLast(7)) else { continue }
      if step < first {
        try? FileManager.default.removeItem(atPath: folder + "/" + name)
      } else {
        tickets[program]?[step] = []
      }
    }
  }

  package func count(of program: String) -> Int { tickets[program]?.count ?? 0 }

  /// The run that the next ticket is to be for.
  package func nextStep(of program: String) throws -> UInt32 {
    max(try used.first(of: program), (tickets[program]?.keys.max()).map { $0 + 1 } ?? 0)
  }

  package mutating func add(_ ticket: Message, for program: String, step: UInt32) throws {
    if let path = path(program, step), let place {
      try SealedFile.write(Data(ticket), label: label(program, step), key: place.key, to: path)
    }
    tickets[program, default: [:]][step] = place == nil ? ticket : []
  }

  /// The ticket of the next run, which counts as begun from here on; `nil` where there is none.
  package mutating func take(_ program: String) throws -> (step: UInt32, ticket: Message)? {
    guard let step = tickets[program]?.keys.min() else { return nil }
    try used.use(step, of: program)
    let kept = tickets[program]?.removeValue(forKey: step) ?? []
    guard let path = path(program, step), let place else { return (step, kept) }
    let data = try SealedFile.read(label: label(program, step), key: place.key, from: path)
    try? FileManager.default.removeItem(atPath: path)
    return (step, Message(data))
  }

  package mutating func remove(_ program: String) {
    tickets[program] = nil
    if let folder = folder(of: program) { try? FileManager.default.removeItem(atPath: folder) }
  }

  private func folder(of program: String) -> String? {
    place.map { "\($0.folder)/\(generation)/\(program.replacingOccurrences(of: " ", with: "-"))" }
  }

  private func path(_ program: String, _ step: UInt32) -> String? { folder(of: program).map { "\($0)/\(step).sealed" } }

  private func label(_ program: String, _ step: UInt32) -> String {
    "tacit/stock/1|party \(party)|\(program)|\(step)"
  }
}
