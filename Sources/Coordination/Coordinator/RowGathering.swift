import Learning
import Links

/// Has the workers that an encrypted job names share their rows among its parties. The rows pass by the coordinator: it
/// learns how many there are.
struct RowGathering: Sendable {
  private let request: RowsRequest
  private let names: [String]
  private let patience: Duration
  private let registry: WorkerRegistry

  /// - Throws: ``CoordinationError/setting(_:reason:)`` where the job is none of workers' rows.
  init(_ request: RowsRequest, registry: WorkerRegistry) throws {
    let job = try Job.parse(request.text)
    guard let part = job.encrypted, !part.owners.isEmpty, part.owners.allSatisfy(\.isWorker) else {
      throw CoordinationError.setting("encrypted.owners", reason: "must be workers, as [{worker: NAME}, …]")
    }
    self.request = request
    self.registry = registry
    names = part.owners.compactMap(\.name)
    patience = .seconds(part.deadlineSeconds)
  }

  /// Asks all of them; each has the deadline for each of its messages to a party, and some time to prepare its rows.
  ///
  /// - Throws: ``CoordinationError/refused(_:)`` with the reasons of all that refuse, before any other failure.
  func run() async throws -> [(rows: Int, testRows: Int)] {
    let names = names
    let areHere = await registry.wait(within: patience) { seats in
      names.allSatisfy { name in seats.contains { $0.name == name && $0.isIdle } }
    }
    guard areHere else {
      let missing = names.filter { name in !registry.seats.contains { $0.name == name && $0.isIdle } }
      throw CoordinationError.gone(missing.joined(separator: ", "))
    }
    var counts = [(rows: Int, testRows: Int)?](repeating: nil, count: names.count)
    var refusals: [String] = []
    var failure: CoordinationError?
    try await Gathering(seats: registry.seats(of: names), patience: patience + .seconds(600)).run { _ in
      (.shareRows(request), .none)
    } take: { outcome in
      switch outcome.answer {
      case .success((.shared(let rows, let testRows), _)): counts[outcome.index] = (rows, testRows)
      case .success((.refused(let reason), _)): refusals.append("\(names[outcome.index]): \(reason)")
      case .success: failure = .malformedMessage(from: names[outcome.index])
      case .failure(let error): failure = error
      }
    }
    guard refusals.isEmpty else { throw CoordinationError.refused(refusals.sorted()) }
    if let failure { throw failure }
    return counts.compactMap { $0 }
  }
}
