import Arithmetic
import Crypto
import Foundation
import Tensors
public import Transports

/// Replicated secret sharing among three parties that catches who deviates.
///
/// - Threat model: correct with abort, honest majority: any single party, deviating in any way, changes no result: the run ends
///   with ``SharingError/cheating(check:layer:)`` before an output is released, but for a probability below 2⁻⁵⁶ a check. A party
///   that follows the protocol learns nothing. **One that deviates may learn a bit of a secret from whether a check passes**:
///   secrecy against it is not given (section 8 of the document). The channels must be pairwise encrypted, also against the
///   third party.
/// - Sources: Chida et al., CRYPTO 2018, and Abspoel et al., ePrint 2019/1298 (MACs under a shared key); Goyal and Song,
///   ePrint 2020/134, after Boneh et al., CRYPTO 2019 (gates on bits); `docs/protocols/replicated-malicious.md`.
///
/// A secret is x mod 2⁶⁴ with x = x₀ + x₁ + x₂ mod 2¹²⁸, and αx likewise; party i holds components i and i + 1. Nothing is
/// opened before a check. Not `Sendable`: an instance belongs to one task.
public final class CheckedScheme: SharingScheme {
  public typealias Share = CheckedShare
  public typealias Product = CheckedProduct
  public typealias Bits = CheckedBits

  let channel: any Channel
  public let party: PartyID
  private let randomness: PairwiseRandomness
  /// α, which nobody ever learns.
  let key: WideWord
  /// Words that all parties know and none chose: what rounding is random by where components are not.
  private var dither: PseudorandomGenerator?
  private var ditherCount: UInt64 = 0
  private var step: UInt32 = 0
  private var operation: UInt32 = 0
  var ledger = ProductLedger()
  var gates = GateLedger()
  /// What owners outside have sent two parties alike, as this party has it.
  var components = ComponentDigests()
  /// The check that failed, after which nothing goes on.
  private var verdict: SharingError?
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
    let scheme = CheckedScheme(channel: channel, randomness: secrets.randomness)
    scheme.dither = try await scheme.challenge()
    return scheme
  }

  init(channel: any Channel, randomness: PairwiseRandomness) {
    self.channel = channel
    self.party = channel.party
    self.randomness = randomness
    let draws = randomness.operation(0, ofStep: 0)
    func word(_ half: PairwiseRandomness.Key) -> UInt128 {
      let words = draws.words(half, 0, count: 2)
      return UInt128(words[1]) << 64 | UInt128(words[0])
    }
    key = WideWord(first: word(.first), second: word(.second))
    operation = 1
  }

  /// Moves on to the next query or training step, with counters of its own.
  ///
  /// - Throws: ``SharingError/countersExhausted`` after 2³² − 1 steps.
  public func beginStep() throws {
    guard step < .max else { throw SharingError.countersExhausted }
    step += 1
    operation = 0
  }

  /// The draws of the next operation; every party calls this at the same places of the program.
  func beginOperation() -> PairwiseRandomness.Draws {
    defer { operation += 1 }
    return randomness.operation(operation, ofStep: step)
  }

  /// Public random words.
  func publicWords(_ shape: Shape) -> RingTensor {
    ditherCount += 1
    let words = dither?.words(count: shape.count, counterHigh: ditherCount, counterLow: 0)
    return RingTensor(shape: shape, scalars: words ?? [UInt64](repeating: 0, count: shape.count))
  }

  /// Nothing goes on after a check that failed.
  func fail(_ check: CheatingCheck, layer: String = "") -> SharingError {
    let error = SharingError.cheating(check: check, layer: layer)
    verdict = error
    ledger = ProductLedger()
    gates = GateLedger()
    return error
  }

  /// One round: sends what is not empty, waits for what is expected, and checks the lengths.
  func exchange(
    toNext: Outbox = Outbox(), toPrevious: Outbox = Outbox(), fromNext: Int = 0, fromPrevious: Int = 0
  ) async throws -> (next: Inbox, previous: Inbox) {
    if let verdict { throw verdict }
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

  /// One round: makes summands, masked by shares of zero, components. 48 bytes a scalar.
  func reshare(_ summands: [WideTensor]) async throws -> [WidePair] {
    var outbox = Outbox()
    for summand in summands { outbox.append(summand.words) }
    var inbox = try await passBack(outbox)
    return summands.map { summand in
      WidePair(first: summand, second: WideTensor(shape: summand.shape, words: inbox.words(summand.words.count)))
    }
  }

  /// Opens components that each party holds two of to all, the third coming from both who hold it. One round.
  func openTwice(
    first: [UInt64], second: [UInt64], with extra: (toNext: [UInt64], toPrevious: [UInt64]) = ([], [])
  ) async throws -> (missing: [UInt64], fromNext: [UInt64], fromPrevious: [UInt64]) {
    var (toNext, toPrevious) = (Outbox(), Outbox())
    toNext.append(first + extra.toNext)
    toPrevious.append(second + extra.toPrevious)
    var inboxes = try await exchange(
      toNext: toNext, toPrevious: toPrevious, fromNext: toPrevious.message.count,
      fromPrevious: toNext.message.count)
    let missing = inboxes.previous.words(first.count)
    guard inboxes.next.words(first.count) == missing else { throw fail(.agreement) }
    return (missing, inboxes.next.words(extra.toPrevious.count), inboxes.previous.words(extra.toNext.count))
  }

  /// This party's summand of a sharing of zero.
  func zeroShare(_ draws: PairwiseRandomness.Draws, draw: Int = 0, shape: Shape) -> WideTensor {
    WideTensor(shape: shape, words: draws.words(.first, draw, count: 2 * shape.count))
      - WideTensor(shape: shape, words: draws.words(.second, draw, count: 2 * shape.count))
  }
}

/// A session does not print what it holds: its keys, and messages that wait in its channel.
extension CheckedScheme: CustomStringConvertible, CustomReflectable {
  public var description: String { "‹party \(party) of a checked replicated session›" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
