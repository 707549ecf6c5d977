import CKernels

/// A party that shares secrets additively with others and has correlated randomness from a dealer: what ``DealtGates``
/// need of it.
protocol DealtParty: AnyObject {
  /// 1 at the party that adds what is public, 0 elsewhere.
  var first: UInt64 { get }

  /// The correlated randomness of the next operation, but for the dealer's corrections.
  func beginDealing(_ demand: Demand) -> DealtDraws
  /// Waits for the dealer's corrections, at the party that gets them.
  func receiveCorrections(for demand: Demand, _ draws: inout DealtDraws) async throws
  /// One round: the sums of what all parties hold of words, and of bits.
  func openSums(words: [[UInt64]], planes: [PlaneBlock]) async throws -> (words: [[UInt64]], planes: [PlaneBlock])
}

extension DealtParty {
  /// All of an operation's correlated randomness.
  func deal(_ demand: Demand) async throws -> DealtDraws {
    var draws = beginDealing(demand)
    try await receiveCorrections(for: demand, &draws)
    return draws
  }

  func openSums(words: [[UInt64]]) async throws -> [[UInt64]] {
    try await openSums(words: words, planes: []).words
  }
}

/// Planes of bits, all of one length, whole words each.
struct PlaneBlock {
  var words: [UInt64]
  let rows: Int
  let count: Int

  var byteCount: Int { rows * ((count + 7) / 8) }
}

/// What a party opens in one round, and what becomes of it with the others' messages.
struct OpenedSums {
  private(set) var words: [[UInt64]]
  private(set) var planes: [PlaneBlock]

  init(words: [[UInt64]], planes: [PlaneBlock]) {
    self.words = words
    self.planes = planes
  }

  /// The party's own message.
  var message: Outbox {
    var outbox = Outbox()
    outbox.reserve(8 * words.reduce(0) { $0 + $1.count } + planes.reduce(0) { $0 + $1.byteCount })
    for vector in words { outbox.append(vector) }
    for block in planes { outbox.append(planes: block.words, rows: block.rows, bitCount: block.count) }
    return outbox
  }

  /// Adds what another party sent.
  mutating func add(_ message: Inbox) {
    var inbox = message
    for index in words.indices { inbox.add(to: &words[index]) }
    for index in planes.indices {
      let theirs = inbox.planes(planes[index].rows, bitCount: planes[index].count)
      ck_bits_xor(theirs.count, planes[index].words, theirs, &planes[index].words)
    }
  }
}

extension Inbox {
  /// Adds the next words to a vector.
  mutating func add(to vector: inout [UInt64]) {
    let theirs = words(vector.count)
    ck_u64_add(vector.count, vector, theirs, &vector)
  }
}
