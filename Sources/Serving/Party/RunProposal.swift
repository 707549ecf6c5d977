import Transports

/// What party 0 proposes to run next, and what the parties say to it.
///
/// One line for each piece of work. A piece runs when all parties have their shares of it and nothing against it; so a client
/// that brings a share to some parties only holds up nobody but itself.
struct RunProposal {
  enum Kind: String, Sendable {
    case query = "q"
    case training = "t"
    case aggregation = "a"
    /// What party 0 has refused: nobody need wait for it.
    case refusal = "x"
  }

  struct Entry: Hashable, Sendable {
    let kind: Kind
    let id: String
    /// The model's key and the batch, of a query: the parties must mean the same.
    let model: String
    let batch: Int
    /// Whether a share that is not there may be waited for.
    let mayWait: Bool
  }

  /// What a party says to one piece.
  enum Verdict: UInt8, Sendable {
    /// The client's share is not here.
    case missing
    case ready
    /// The client knows why, or will.
    case refused
  }

  let entries: [Entry]

  /// A bound on what runs at once, and on what is refused at once.
  static let mostEntries = 128

  init(_ entries: [Entry]) { self.entries = entries }

  var message: Message {
    Array(
      entries.map { "\($0.kind.rawValue) \($0.id) \($0.model) \($0.batch) \($0.mayWait ? 1 : 0)" }
        .joined(separator: "\n").utf8)
  }

  /// - Throws: ``ServingError/malformedMessage``.
  init(_ message: ArraySlice<UInt8>) throws {
    guard let text = String(validating: message, as: UTF8.self) else { throw ServingError.malformedMessage }
    entries = try text.split(separator: "\n").map { line in
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 5, let kind = Kind(rawValue: String(words[0])), let batch = Int(words[3]) else {
        throw ServingError.malformedMessage
      }
      return Entry(
        kind: kind, id: String(words[1]), model: String(words[2]), batch: batch, mayWait: words[4] == "1")
    }
    guard !entries.isEmpty, entries.count <= 2 * Self.mostEntries else { throw ServingError.malformedMessage }
  }

  static func message(of verdicts: [Verdict]) -> Message { verdicts.map(\.rawValue) }

  /// - Throws: ``ServingError/malformedMessage``.
  func verdicts(in message: Message) throws -> [Verdict] {
    let verdicts = message.compactMap(Verdict.init)
    guard verdicts.count == entries.count, message.count == entries.count else { throw ServingError.malformedMessage }
    return verdicts
  }
}

extension PendingWork {
  var id: String {
    switch self {
    case .query(let query): query.id
    case .training(let training): training.id
    case .aggregation(let sum): sum.id
    }
  }

  /// As party 0 proposes it.
  func entry(mayWait: Bool) -> RunProposal.Entry {
    switch self {
    case .query(let query):
      .init(kind: .query, id: query.id, model: query.model.key, batch: query.batch, mayWait: mayWait)
    case .training(let training): .init(kind: .training, id: training.id, model: "-", batch: 1, mayWait: mayWait)
    case .aggregation(let sum): .init(kind: .aggregation, id: sum.id, model: "-", batch: 1, mayWait: mayWait)
    }
  }
}
