public import Tensors
public import Transports

/// Additive secret sharing over Z/2⁶⁴ among two or more parties, with correlated randomness from a dealer.
///
/// - Threat model: semi-honest; all parties but one learn nothing together, as long as none works together with the
///   dealer, who never sees data. The channels must be pairwise encrypted, also against the dealer.
/// - Sources: Beaver, *Efficient Multiparty Protocols Using Circuit Randomization*, CRYPTO 1991 (products); Dalskov, Escudero
///   and Keller, PETS 2020, and Escudero et al., CRYPTO 2020 (truncation); comparison by a masked opening, as in
///   Damgård et al., TCC 2006, with dealt monomials (`docs/PROTOCOLS.md` 3.4).
///
/// A secret is x = Σ xᵢ; party i holds xᵢ. Party 0 adds what is public. Not `Sendable`: an instance belongs to one task.
public final class AdditiveScheme: SharingScheme, DealtParty {
  public typealias Share = AdditiveShare
  public typealias Product = AdditiveProduct
  public typealias Bits = AdditiveBits

  /// The program that steps belong to unless another one is named.
  public static let mainProgram = "main"

  private let channel: any Channel
  public let party: PartyID
  private let source: any CorrelationSource
  private let zeros: ZeroSharing
  private let observer: DealtDraws.Observer?
  private var steps: DealtSteps
  private var zeroCount: UInt64 = 0
  /// What this party has sent and been dealt, and the rounds it has gone through, since the session began.
  public private(set) var traffic = Cost.none

  public var partyCount: Int { channel.partyCount }
  /// 1 at the party that adds what is public, 0 elsewhere.
  var first: UInt64 { party == 0 ? 1 : 0 }

  /// Starts a session: agrees on fresh keys with the dealer and with each other party. One round.
  ///
  /// - Parameter session: a name all parties give alike, mixed into the keys.
  public static func start(
    over channel: any Channel, source: any CorrelationSource, session: String
  ) async throws -> AdditiveScheme {
    let zeros = try await ZeroSharing.agree(over: channel, session: session)
    return AdditiveScheme(channel: channel, source: source, master: try await source.key(), zeros: zeros)
  }

  init(
    channel: any Channel, source: any CorrelationSource, master: [UInt8], zeros: ZeroSharing,
    observer: DealtDraws.Observer? = nil
  ) {
    self.channel = channel
    self.party = channel.party
    self.source = source
    self.zeros = zeros
    self.observer = observer
    steps = DealtSteps(master: master, program: Self.mainProgram)
  }

  /// Moves on to the next query or training step, with counters of its own.
  ///
  /// - Parameters:
  ///   - program: names what the step will do: steps of one name demand the same of the dealer.
  ///   - number: the step, where it is not the next; what it leaves out is never used.
  /// - Throws: ``SharingError/countersExhausted`` after 2³² − 1 steps; ``SharingError/stepUsed(program:step:)`` for a step
  ///   that was begun before.
  public func beginStep(of program: String = mainProgram, at number: UInt32? = nil) throws {
    try steps.begin(program, at: number)
  }

  /// The correlated randomness of the next operation; every party calls this at the same places of the program.
  func beginDealing(_ demand: Demand) -> DealtDraws {
    let place = steps.nextPlace()
    return DealtDraws(place: place, generator: steps.generator, corrections: nil, observer: observer)
  }

  func receiveCorrections(for demand: Demand, _ draws: inout DealtDraws) async throws {
    let expected = demand.correctionByteCount(partyCount: partyCount)
    guard party == partyCount - 1, expected > 0 else { return }
    let message = try await source.corrections(for: demand, at: draws.place)
    guard message.count == expected else {
      throw SharingError.wrongCorrections(expected: expected, received: message.count)
    }
    traffic.dealtByteCount += expected
    draws.corrections = Inbox(message)
  }

  /// One round: sends one message to all others, and yields theirs.
  func broadcast(_ outbox: Outbox) async throws -> [Inbox] {
    let message = outbox.message
    traffic.rounds += 1
    traffic.byteCount += message.count * (partyCount - 1)
    let peers = channel.peers
    let messages = try await channel.exchange(peers.map { Outgoing(message, to: $0) }, from: peers)
    for (peer, received) in zip(peers, messages) where received.count != message.count {
      throw SharingError.unexpectedLength(from: peer, expected: message.count, received: received.count)
    }
    return messages.map(Inbox.init)
  }

  /// One round: sends a message to one party, which gets those of all others.
  func collect(at receiver: PartyID, _ outbox: Outbox) async throws -> [Inbox] {
    let message = outbox.message
    traffic.rounds += 1
    guard party == receiver else {
      traffic.byteCount += message.count
      try await channel.send(message, to: receiver)
      return []
    }
    let messages = try await channel.exchange([], from: channel.peers)
    for (peer, received) in zip(channel.peers, messages) where received.count != message.count {
      throw SharingError.unexpectedLength(from: peer, expected: message.count, received: received.count)
    }
    return messages.map(Inbox.init)
  }

  /// One round: the sums of what all parties hold of words, and of bits.
  func openSums(words: [[UInt64]], planes: [PlaneBlock]) async throws -> (words: [[UInt64]], planes: [PlaneBlock]) {
    var sums = OpenedSums(words: words, planes: planes)
    for message in try await broadcast(sums.message) { sums.add(message) }
    return (sums.words, sums.planes)
  }

  /// This party's summand of zero.
  func zero(_ count: Int) -> [UInt64] {
    defer { zeroCount += 1 }
    return zeros.zero(count, counter: zeroCount)
  }

  /// Shares a value of one of the parties without a word: the others' summands are keystreams they share with it.
  ///
  /// - Parameter value: the words at the owner; not looked at elsewhere.
  public func input(_ value: RingTensor?, of owner: PartyID, shape: Shape) -> AdditiveShare {
    let streams = zeros.words(shape.count, with: party == owner ? nil : owner, counter: zeroCount)
    zeroCount += 1
    guard party == owner, let value else {
      return AdditiveShare(RingTensor(shape: shape, scalars: streams.first ?? []))
    }
    return AdditiveShare(streams.reduce(value) { $0 - RingTensor(shape: shape, scalars: $1) })
  }
}

/// A session does not print what it holds: its keys, and messages that wait in its channel.
extension AdditiveScheme: CustomStringConvertible, CustomReflectable {
  public var description: String { "‹party \(party) of an additive session›" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
