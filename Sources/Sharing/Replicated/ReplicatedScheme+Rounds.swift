import CKernels
import Tensors
import Transports

/// The variant with fewer rounds: parties 0 and 1 work on x = (x₀ + x₁) + x₂ as two additive parties, and party 2 is their
/// dealer, on line.
///
/// Source: `docs/PROTOCOLS.md`, section 3.4. What party 2 sends to party 1 depends on no input: it never waits, so its
/// messages are there before they are needed, and the roles are not rotated. Party 0's parts come from key 0, which it
/// shares with party 2; party 1's masks come from key 2, its other parts are party 2's corrections. What parties 0 and 1
/// open goes between the two alone: party 2 knows the masks.
///
/// A rectifier takes 7 rounds for b = 64, 45.25 bytes a scalar and 48.375 from party 2; 6 rounds, 37.75 and 31.5 bytes for
/// b = 32. Results are exact for all words.
extension ReplicatedScheme {
  private enum Draw {
    /// Key 0 and key 2: components 0 and 2 of a result.
    static let outer = 0
  }

  func dealtNegative(_ share: ReplicatedShare, width: Int) async throws -> ReplicatedBits {
    let count = share.shape.count
    guard party < 2, count > 0 else {
      let mask = try await dealOut(
        .comparison(count: count, width: width), count: count, rounds: 1 + BorrowTree(width: width).gateCounts.count)
      return nothing(
        share.shape, origin: mask.map { .init(identity: share.identity, mask: $0, opened: [], summand: []) })
    }
    return ReplicatedBits(try await DealtGates(self).negative(twoPartyShare(share), width: width))
  }

  func dealtDecompose(_ share: ReplicatedShare, width: Int) async throws -> [ReplicatedBits] {
    let count = share.shape.count
    guard party < 2, count > 0 else {
      let rounds = 1 + BorrowTree(width: width).prefixLevels.count
      try await dealOut(.decomposition(count: count, width: width), count: count, rounds: rounds)
      return (0..<width).map { _ in nothing(share.shape) }
    }
    return try await DealtGates(self).decompose(twoPartyShare(share), width: width).map { ReplicatedBits($0) }
  }

  func dealtAnd(_ pairs: [(ReplicatedBits, ReplicatedBits)]) async throws -> [ReplicatedBits] {
    let counts = pairs.map(\.0.shape.count)
    guard party < 2, counts.contains(where: { $0 > 0 }) else {
      let planes = counts.map { Demand.Planes(rows: 1, count: $0) }
      try await dealOut(.conjunction(planes), count: counts.reduce(0, +), rounds: 1)
      return pairs.map { nothing($0.0.shape) }
    }
    return try await DealtGates(self).and(pairs.map { ($0.dealt, $1.dealt) }).map { ReplicatedBits($0) }
  }

  func dealtMultiply(_ bits: ReplicatedBits, _ share: ReplicatedShare) async throws -> ReplicatedShare {
    let count = share.shape.count
    guard count > 0 else { return share }
    guard party < 2 else {
      let mask = bits.origin.flatMap { $0.identity === share.identity ? $0.mask : nil }
      try await dealOut(.selection(count: count, mask: mask), count: count, rounds: 1)
      return try await replicate([share.shape], [])[0]
    }
    return try await replicate(
      [share.shape], [try await DealtGates(self).multiply(bits.dealt, twoPartyShare(share))])[0]
  }

  func dealtConvert(_ bits: ReplicatedBits) async throws -> ReplicatedShare {
    guard party < 2 else {
      try await dealOutWords(of: [bits])
      return try await replicate([bits.shape], [])[0]
    }
    return try await replicate([bits.shape], [try await DealtGates(self).convert(bits.dealt)])[0]
  }

  func dealtWeightedSums(_ bits: [ReplicatedBits], tables: [[UInt64]]) async throws -> [ReplicatedShare] {
    let shapes = tables.map { _ in bits.first?.shape ?? [0] }
    guard party < 2, !bits.isEmpty else {
      try await dealOutWords(of: bits)
      return try await replicate(shapes, [])
    }
    return try await replicate(shapes, try await DealtGates(self).weightedSums(bits.map(\.dealt), tables: tables))
  }

  /// Party 0's x₀ + x₁ or party 1's x₂.
  private func twoPartyShare(_ share: ReplicatedShare) -> AdditiveShare {
    AdditiveShare(party == 0 ? share.first + share.second : share.second, identity: share.identity)
  }

  /// What party 2 has of bits that the others share, and all have of none.
  private func nothing(_ shape: Shape, origin: AdditiveBits.Origin? = nil) -> ReplicatedBits {
    let none = [UInt64](repeating: 0, count: (shape.count + 63) / 64)
    return ReplicatedBits(AdditiveBits(shape: shape, words: none, origin: origin))
  }

  /// One round, 16 bytes a scalar: parties 0 and 1 exchange their summands, each masked by the outer component of the result
  /// that it knows with party 2.
  private func replicate(_ shapes: [Shape], _ summands: [AdditiveShare]) async throws -> [ReplicatedShare] {
    let count = shapes.reduce(0) { $0 + $1.count }
    let draws = beginOperation()
    guard count > 0 else { return split(shapes, [], []) }
    let key: PairwiseRandomness.Key = party == 1 ? .second : .first
    // Component 0 at party 0, component 2 at the others.
    let outer = draws.words(key, Draw.outer, count: count)
    guard party < 2 else {
      traffic.rounds += 1
      return split(shapes, outer, draws.words(.second, Draw.outer, count: count))
    }
    var masked = summands.count == 1 ? summands[0].summand.scalars : summands.flatMap(\.summand.scalars)
    ck_u64_sub(count, masked, outer, &masked)
    var outbox = Outbox()
    outbox.append(masked)
    var inbox = try await exchangeInPair(outbox)
    ck_u64_add(count, masked, inbox.words(count), &masked)
    return party == 0 ? split(shapes, outer, masked) : split(shapes, masked, outer)
  }

  private func split(_ shapes: [Shape], _ first: [UInt64], _ second: [UInt64]) -> [ReplicatedShare] {
    var start = 0
    return shapes.map { shape in
      let range = start..<start + shape.count
      start = range.upperBound
      return ReplicatedShare(
        first: RingTensor(shape: shape, scalars: Array(first[range])),
        second: RingTensor(shape: shape, scalars: Array(second[range])))
    }
  }
}

/// Parties 0 and 1 as parties with a dealer, and party 2 as the dealer.
extension ReplicatedScheme: DealtParty {
  var first: UInt64 { party == 0 ? 1 : 0 }

  func beginDealing(_ demand: Demand) -> DealtDraws {
    let key: PairwiseRandomness.Key = party == 0 ? .first : .second
    return DealtDraws(
      place: beginPlace(), generator: randomness.generator(key), corrections: nil,
      observer: randomness.observer(of: key))
  }

  func receiveCorrections(for demand: Demand, _ draws: inout DealtDraws) async throws {
    let expected = demand.correctionByteCount(partyCount: 2)
    guard party == 1, expected > 0 else { return }
    let message = try await channel.receive(from: 2)
    guard message.count == expected else {
      throw SharingError.unexpectedLength(from: 2, expected: expected, received: message.count)
    }
    draws.corrections = Inbox(message)
  }

  func openSums(words: [[UInt64]], planes: [PlaneBlock]) async throws -> (words: [[UInt64]], planes: [PlaneBlock]) {
    var sums = OpenedSums(words: words, planes: planes)
    sums.add(try await exchangeInPair(sums.message))
    return (sums.words, sums.planes)
  }

  /// One round between parties 0 and 1, who send each other as much.
  private func exchangeInPair(_ outbox: Outbox) async throws -> Inbox {
    let expected = outbox.message.count
    return party == 0
      ? try await exchange(toNext: outbox, fromNext: expected).next
      : try await exchange(toPrevious: outbox, fromPrevious: expected).previous
  }

  /// Party 2: sends what the operation needs, and lets its rounds go by. Returns the name of the operation's first mask;
  /// operations on nothing have none, and take no counter at any party.
  @discardableResult
  private func dealOut(_ demand: Demand, count: Int, rounds: Int) async throws -> DealtMask? {
    guard count > 0 else { return nil }
    let place = beginPlace()
    _ = try await exchange(toPrevious: Outbox(dealer.corrections(for: demand, at: place)))
    traffic.rounds += rounds - 1
    return DealtMask(place: place, draw: 0)
  }

  /// Party 2: bits as words for each plane.
  private func dealOutWords(of bits: [ReplicatedBits]) async throws {
    let count = bits.first?.shape.count ?? 0
    try await dealOut(.conversion(rows: bits.count, count: count), count: count, rounds: 1)
  }
}
