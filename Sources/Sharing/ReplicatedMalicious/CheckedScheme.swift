import Arithmetic
import CKernels
import Tensors
public import Transports

/// Replicated secret sharing among three parties that catches who deviates.
///
/// - Threat model: secure with abort, honest majority: any single party, deviating in any way, changes no result and learns no
///   more than its output: the run ends with ``SharingError/cheating(check:layer:culprit:)`` before an output is released, but for a
///   probability below 2⁻⁵⁶ a check, and whether it ends depends on what that party did alone. The channels must be pairwise
///   encrypted, also against the third party.
/// - Sources: Boyle, Gilboa, Ishai and Nof, CCS 2019, and Goyal and Song, ePrint 2020/134, after Boneh et al., CRYPTO 2019
///   (products proven together); Abspoel et al., TCC 2019 (Galois rings); `docs/protocols/replicated-malicious.md`.
///
/// A secret is x = x₀ + x₁ + x₂ mod 2⁶⁴; party i holds components i and i + 1. Nothing is opened before a check. Not `Sendable`:
/// an instance belongs to one task.
public final class CheckedScheme: SharingScheme {
  public typealias Share = CheckedShare
  public typealias Product = CheckedProduct
  public typealias Bits = CheckedBits

  let channel: any Channel
  public let party: PartyID
  private let randomness: PairwiseRandomness
  /// Words that all parties know and none chose: what rounding is random by.
  private var dither: PseudorandomGenerator
  private var ditherCount: UInt64 = 0
  private var step: UInt32 = 0
  private var operation: UInt32 = 0
  var ledger = ProductLedger()
  var gates = GateLedger()
  var layers = CheckedLayers()
  /// Foldings of each check, and more where there is more to check: ``levelCount``, or ``trainingLevelCount``.
  private(set) var levels = CheckedScheme.levelCount
  /// The last coin's hash, by which parties see that they had it alike.
  var lastCoin: [UInt8] = []
  /// Which coefficients of random points may be 1: all, but in tests that want to see forgeries.
  package var challengeMask = UInt64.max
  /// Why the session ended: after a check that failed, or a message that did not come or had another length, nothing goes on.
  private var verdict: (any Error)?
  /// Whether the session ended.
  package var isOver: Bool { verdict != nil }
  /// What this party has sent, and the rounds it has gone through, since the session began.
  public private(set) var traffic = Cost.none

  var next: PartyID { (party + 1) % 3 }
  var previous: PartyID { (party + 2) % 3 }

  /// Starts a session: agrees on fresh keys with both neighbours, and tosses a coin. Three rounds.
  ///
  /// - Parameter session: a name all three parties give alike, mixed into the keys.
  public static func start(over channel: any Channel, session: String) async throws -> CheckedScheme {
    precondition(channel.partyCount == 3, "replicated sharing is among three parties")
    let secrets = try await SessionKeys.agree(over: channel, session: "malicious|\(session)")
    return try await start(over: channel, randomness: secrets.randomness)
  }

  /// A session of a training, whose checks fold as often as any step needs.
  package static func startTraining(over channel: any Channel, session: String) async throws -> CheckedScheme {
    let scheme = try await start(over: channel, session: session)
    scheme.levels = trainingLevelCount
    return scheme
  }

  /// A session with keys that were agreed on: tosses the coin. Two rounds.
  static func start(over channel: any Channel, randomness: PairwiseRandomness) async throws -> CheckedScheme {
    // The coin's own session rounds nothing.
    let unused = PseudorandomGenerator(key: [UInt8](repeating: 0, count: PseudorandomGenerator.keyByteCount))
    let scheme = CheckedScheme(channel: channel, randomness: randomness, dither: unused)
    scheme.dither = try await scheme.toss().generator
    try await scheme.confirm()
    return scheme
  }

  init(channel: any Channel, randomness: PairwiseRandomness, dither: PseudorandomGenerator) {
    self.channel = channel
    self.party = channel.party
    self.randomness = randomness
    self.dither = dither
  }

  /// Moves on to the next query or training step, with counters of its own.
  ///
  /// - Throws: ``SharingError/countersExhausted`` after 2³² − 1 steps.
  public func beginStep() throws {
    guard step < .max else { throw SharingError.countersExhausted }
    step += 1
    operation = 0
  }

  public func enter(layer: String) { layers.enter(layer, at: kept) }

  /// How much waits for a check.
  var kept: CheckedLayers.Place {
    CheckedLayers.Place(
      scalars: ledger.scalars.count, forms: ledger.forms.count, moves: ledger.moves.count, gates: gates.count)
  }

  /// The draws of the next operation; every party calls this at the same places of the program.
  func beginOperation() -> PairwiseRandomness.Draws {
    defer { operation += 1 }
    return randomness.operation(operation, ofStep: step)
  }

  /// Public random words.
  func publicWords(_ shape: Shape) -> RingTensor {
    ditherCount += 1
    return RingTensor(
      shape: shape, scalars: dither.words(count: shape.count, counterHigh: ditherCount, counterLow: 0))
  }

  /// Nothing goes on after a check that failed.
  func fail(_ check: CheatingCheck, layer: String = "") -> SharingError {
    let error = SharingError.cheating(check: check, layer: layer)
    end(with: error)
    return error
  }

  private func end(with error: any Error) {
    verdict = error
    ledger = ProductLedger()
    gates = GateLedger()
  }

  /// One round: sends what is not empty, waits for what is expected, and checks the lengths.
  func exchange(
    toNext: Outbox = Outbox(), toPrevious: Outbox = Outbox(), fromNext: Int = 0, fromPrevious: Int = 0
  ) async throws -> (next: Inbox, previous: Inbox) {
    if let verdict { throw verdict }
    do {
      return try await deliver(toNext, toPrevious, fromNext, fromPrevious)
    } catch {
      end(with: error)
      throw error
    }
  }

  private func deliver(
    _ toNext: Outbox, _ toPrevious: Outbox, _ fromNext: Int, _ fromPrevious: Int
  ) async throws -> (next: Inbox, previous: Inbox) {
    var outgoing: [Outgoing] = []
    if !toNext.message.isEmpty { outgoing.append(Outgoing(toNext.message, to: next)) }
    if !toPrevious.message.isEmpty { outgoing.append(Outgoing(toPrevious.message, to: previous)) }
    traffic.rounds += 1
    traffic.byteCount += toNext.message.count + toPrevious.message.count
    let expected = [(next, fromNext), (previous, fromPrevious)]
    let sources = expected.filter { $0.1 > 0 }
    var messages = try await channel.exchange(outgoing, from: sources.map(\.0))[...]
    let inboxes = try expected.map { peer, count in
      guard count > 0, let message = messages.popFirst() else { return Inbox([]) }
      guard message.count == count else {
        throw SharingError.unexpectedLength(from: peer, expected: count, received: message.count)
      }
      return Inbox(message)
    }
    return (inboxes[0], inboxes[1])
  }

  /// One round, none where there is nothing to send: the previous party gets a message, and this one gets as much from the next.
  func passBack(_ outbox: Outbox) async throws -> Inbox {
    let count = outbox.message.count
    return count == 0 ? Inbox([]) : try await exchange(toPrevious: outbox, fromNext: count).next
  }

  /// One round: makes summands, masked by shares of zero, components. 24 bytes a scalar.
  func reshare(_ summands: [RingTensor]) async throws -> [CheckedShare] {
    var outbox = Outbox()
    for summand in summands { outbox.append(summand.scalars) }
    var inbox = try await passBack(outbox)
    return summands.map { summand in
      CheckedShare(first: summand, second: RingTensor(shape: summand.shape, scalars: inbox.words(summand.count)))
    }
  }

  /// Opens components that each party holds two of to all, the third coming from both who hold it; `nil` where these differ. One round.
  func openTwice(first: [UInt64], second: [UInt64]) async throws -> [UInt64]? {
    var (toNext, toPrevious) = (Outbox(), Outbox())
    toNext.append(first)
    toPrevious.append(second)
    var inboxes = try await exchange(
      toNext: toNext, toPrevious: toPrevious, fromNext: toPrevious.message.count,
      fromPrevious: toNext.message.count)
    let missing = inboxes.previous.words(first.count)
    return inboxes.next.words(first.count) == missing ? missing : nil
  }

  /// This party's summand of a sharing of zero.
  func zeroShare(_ draws: PairwiseRandomness.Draws, shape: Shape) -> RingTensor {
    RingTensor(shape: shape) { target in
      draws.fill(.first, 0, offset: 0, target)
      guard let base = target.baseAddress else { return }
      ck_u64_sub(target.count, base, draws.words(.second, 0, count: target.count), base)
    }
  }
}

/// A session does not print what it holds: its keys, and messages that wait in its channel.
extension CheckedScheme: CustomStringConvertible, CustomReflectable {
  public var description: String { "‹party \(party) of a checked replicated session›" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
