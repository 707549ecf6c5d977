import Arithmetic
import CKernels
public import Transports

/// Replicated secret sharing over Z/2⁶⁴ among three parties.
///
/// - Threat model: semi-honest, honest majority; any single party learns nothing, two together learn everything. The
///   channels must be pairwise encrypted, also against the third party.
/// - Sources: Araki et al., *High-Throughput Semi-Honest Secure Three-Party Computation with an Honest Majority*,
///   CCS 2016 (sharing, products); Mohassel and Rindal, *ABY3*, CCS 2018 (mixed protocols); Huang et al., *Cheetah*,
///   USENIX Security 2022 (truncation with known sign).
///
/// A secret is x = x₀ + x₁ + x₂; party i holds xᵢ and xᵢ₊₁. Not `Sendable`: an instance belongs to one task.
public final class ReplicatedScheme: SharingScheme {
  public typealias Share = ReplicatedShare
  public typealias Product = ReplicatedProduct
  public typealias Bits = ReplicatedBits

  let channel: any Channel
  public let party: PartyID
  let randomness: PairwiseRandomness
  /// Which protocols are used; the same at all parties at the same places of the program.
  public var options = ReplicatedOptions()
  /// Party 2: deals to the others where rounds are saved.
  private(set) lazy var dealer = Dealer(
    generators: [randomness.generator(.second), randomness.generator(.first)], program: Self.dealtProgram)
  private var step: UInt32 = 0
  private var operation: UInt32 = 0
  /// What this party has sent, and the rounds it has gone through, since the session began.
  public internal(set) var traffic = Cost.none

  var next: PartyID { (party + 1) % 3 }
  var previous: PartyID { (party + 2) % 3 }

  /// Starts a session: agrees on fresh keys with both neighbours. One round.
  ///
  /// - Parameter session: a name all three parties give alike, mixed into the keys.
  public static func start(over channel: any Channel, session: String) async throws -> ReplicatedScheme {
    try await start(over: channel, session: session, telling: nil)
  }

  /// - Parameter observer: hears of every draw, in tests.
  package static func start(
    over channel: any Channel, session: String, telling observer: SessionDraws.Observer?
  ) async throws -> ReplicatedScheme {
    precondition(channel.partyCount == 3, "replicated sharing is among three parties")
    let secrets = try await agree(over: channel, session: session)
    return ReplicatedScheme(channel: channel, randomness: secrets.randomness(telling: observer))
  }

  /// Fresh keys with both neighbours, for a session that may have to be taken up again: a training. One round.
  package static func agree(over channel: any Channel, session: String) async throws -> SessionSecrets {
    try await SessionKeys.agree(over: channel, session: session)
  }

  /// A session with keys that were agreed on, after so many steps.
  ///
  /// A step that was begun before is repeated with the same words: it must then be the same step, on the same shares.
  package convenience init(channel: any Channel, secrets: SessionSecrets, step: UInt32 = 0) {
    self.init(channel: channel, randomness: secrets.randomness)
    self.step = step
  }

  init(channel: any Channel, randomness: PairwiseRandomness) {
    self.channel = channel
    self.party = channel.party
    self.randomness = randomness
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
    let place = beginPlace()
    return randomness.operation(place.operation, ofStep: place.step)
  }

  /// The counters of the next operation, as a dealer knows them.
  func beginPlace() -> DealtPlace {
    defer { operation += 1 }
    return DealtPlace(program: Self.dealtProgram, step: step, operation: operation)
  }

  /// What all dealing in a session belongs to: keys are fresh in every one.
  static let dealtProgram = "replicated"

  /// One round: sends what is not empty, waits for what is expected, and checks the lengths.
  func exchange(
    toNext: Outbox = Outbox(), toPrevious: Outbox = Outbox(), fromNext: Int = 0, fromPrevious: Int = 0
  ) async throws -> (next: Inbox, previous: Inbox) {
    var outgoing: [Outgoing] = []
    if !toNext.message.isEmpty { outgoing.append(Outgoing(toNext.message, to: next)) }
    if !toPrevious.message.isEmpty { outgoing.append(Outgoing(toPrevious.message, to: previous)) }
    traffic.rounds += 1
    traffic.byteCount += toNext.message.count + toPrevious.message.count
    var sources: [PartyID] = []
    if fromNext > 0 { sources.append(next) }
    if fromPrevious > 0 { sources.append(previous) }
    var messages = try await channel.exchange(outgoing, from: sources)[...]
    func inbox(_ expected: Int, from peer: PartyID) throws -> Inbox {
      guard expected > 0, let message = messages.popFirst() else { return Inbox([]) }
      guard message.count == expected else {
        throw SharingError.unexpectedLength(from: peer, expected: expected, received: message.count)
      }
      return Inbox(message)
    }
    return (try inbox(fromNext, from: next), try inbox(fromPrevious, from: previous))
  }
}

/// A session does not print what it holds: its keys, and messages that wait in its channel.
extension ReplicatedScheme: CustomStringConvertible, CustomReflectable {
  public var description: String { "‹party \(party) of a replicated session›" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
