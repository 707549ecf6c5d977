import Arithmetic
import Sharing
import Tensors

extension ClusterClient {
  /// The keys that shares for the parties are sealed to now.
  func credentials() async throws -> [PartyCredential] {
    let replies = try await ask(connections.map { _ in ServingFrame(.aggregationKey) })
    return try replies.enumerated().map { party, reply in
      guard case .aggregationKey(let credential) = reply.control else {
        throw ServingError.unexpectedReply(party: party)
      }
      return credential
    }
  }

  /// Gives the parties workers' boxes and puts their summands together.
  func add(_ updates: [Int: SealedUpdate], of sum: SharedSum, needed: Int) async throws -> OpenedSum {
    _ = try await ask(connections.map { _ in ServingFrame(.collect(sum)) })
    var opened = OpenedSum()
    for (worker, update) in updates.sorted(by: { $0.key < $1.key }) {
      let parts = connections.indices.map { update.part(of: $0) }
      let replies = try await ask(parts.map { ServingFrame(.contribution(worker: worker, $0.header), body: $0.box) })
      opened.byteCount += parts.reduce(0) { $0 + $1.box.count }
      opened.faults += try Self.faults(in: replies)
    }
    let id = Hexadecimal.text(SecureRandom.bytes(12))
    let replies = try await ask(connections.map { _ in ServingFrame(.aggregate(id: id, needed: needed)) })
    return try Self.opened(replies.map(AggregationReply.init), sum, beside: opened)
  }

  private static func faults(in replies: [ServingFrame<Reply>]) throws -> [String] {
    var faults: [String] = []
    for (party, reply) in replies.enumerated() {
      guard case .contribution(let fault) = reply.control else { throw ServingError.unexpectedReply(party: party) }
      // All parties say the same of a worker that was not honest with any.
      if let fault, !faults.contains(fault) { faults.append(fault) }
    }
    return faults
  }

  /// One sum of three summands.
  static func opened(
    _ replies: [AggregationReply], _ sum: SharedSum, beside start: OpenedSum
  ) throws -> OpenedSum {
    var opened = start
    guard let first = replies.first,
      replies.allSatisfy({ $0.accepted == first.accepted && $0.tooLong == first.tooLong })
    else { throw ServingError.unexpectedReply(party: 0) }
    (opened.accepted, opened.tooLong) = (first.accepted, first.tooLong)
    opened.byteCount += replies.reduce(0) { $0 + $1.byteCount + 8 * ($1.summand?.count ?? 0) }
    let summands = replies.compactMap(\.summand)
    guard !summands.isEmpty else { return opened }
    var total = RingTensor(repeating: 0, shape: [sum.count])
    for party in replies.indices {
      guard let summand = replies[party].summand, summand.count == sum.count else {
        throw ServingError.unexpectedReply(party: party)
      }
      total = total + RingTensor(shape: [sum.count], scalars: summand)
    }
    opened.words = total.scalars
    return opened
  }
}

/// A party's part of a sum, as the coordinator gets it.
struct AggregationReply: Sendable {
  var accepted: [Int]
  var tooLong: [Int]
  /// None where too few vectors were left.
  var summand: [UInt64]?
  var byteCount: Int

  init(_ answer: AggregationAnswer) {
    (accepted, tooLong, byteCount) = (answer.accepted, answer.tooLong, answer.byteCount)
    summand = answer.summand?.scalars
  }

  init(_ frame: ServingFrame<Reply>) throws {
    guard case .aggregated(let accepted, let tooLong, let byteCount) = frame.control,
      let words = WordBytes.words(in: frame.body)
    else { throw ServingError.malformedMessage }
    (self.accepted, self.tooLong, self.byteCount) = (accepted, tooLong, byteCount)
    summand = words.isEmpty ? nil : words
  }
}
