import Arithmetic
import CKernels
import Tensors
public import Transports

/// Additive secret sharing with MACs among two or more parties, with correlated randomness from a dealer.
///
/// - Threat model: malicious with abort; all parties but one, deviating together in any way, learn nothing and change no
///   result: the run ends with ``SharingError/cheating(check:layer:culprit:)`` before an output is released, but for a probability
///   of 2⁻⁵⁸ a check. The dealer is trusted to deal rightly and to work with no party; it never sees data.
/// - Sources: Cramer et al., *SPDZ2k*, CRYPTO 2018; Damgård et al., *New Primitives for Actively-Secure MPC over Rings*, S&P
///   2019 (`docs/protocols/spdz.md`).
///
/// A secret x is x′ mod 2⁶⁴ with x′ = Σ x′ⱼ and Σ mⱼ = α·x′ mod 2¹²⁸; party j holds (x′ⱼ, mⱼ). Party 0 adds what is public.
/// Not `Sendable`: an instance belongs to one task.
public final class AuthenticatedScheme: SharingScheme {
  public typealias Share = AuthenticatedShare
  public typealias Product = AuthenticatedProduct
  public typealias Bits = AuthenticatedBits

  let channel: any Channel
  public let party: PartyID
  let session: [UInt8]
  let keys: MACKeys
  private let source: any CorrelationSource
  private let observer: DealtDraws.Observer?
  private var steps: DealtSteps
  /// What was opened and not checked yet.
  var ledger = OpenedLedger()
  /// The layer that operations serve.
  var layer = ""
  var checkCount: UInt64 = 0
  /// The check that failed, after which nothing goes on.
  var verdict: SharingError?
  /// Whether what an owner shared is not what parties brought of it, as far as the next check bears it out.
  var hasWrongInputs = false
  /// What a cheater can be named by, where that is wanted.
  var identity: IdentifiedSession?
  /// The record that a program is run on once more, instead of with others.
  let replay: Replay?
  let keyName: String
  /// What this party has sent and been dealt, and the rounds it has gone through, since the session began.
  public internal(set) var traffic = Cost.none

  public var partyCount: Int { channel.partyCount }
  /// 1 at the party that adds what is public, 0 elsewhere.
  var first: UInt64 { party == 0 ? 1 : 0 }

  /// Starts a session: all parties agree on what names it. One round.
  ///
  /// - Parameters:
  ///   - session: a name all parties give alike.
  ///   - keys: what names the keys of MACs, at the dealer as here; with one dealer no two sessions may have the same.
  public static func start(
    over channel: any Channel, source: any CorrelationSource, session: String, keys: String = ""
  ) async throws -> AuthenticatedScheme {
    try await start(over: channel, source: source, session: session, keys: keys, identification: nil)
  }

  /// - Parameter identification: what cheaters are named by; all parties have it, or none. A second round then.
  package static func start(
    over channel: any Channel, source: any CorrelationSource, session: String, keys: String,
    identification: Identification?
  ) async throws -> AuthenticatedScheme {
    guard let identification else {
      let name = try await SessionName.agree(over: channel, session: session)
      return AuthenticatedScheme(
        channel: channel, source: source, master: try await source.key(), session: name, keys: keys)
    }
    let agreed = try await SessionName.agree(over: channel, session: session, signer: identification.signer)
    let scheme = AuthenticatedScheme(
      channel: channel, source: source, master: try await source.key(), session: agreed.name, keys: keys)
    scheme.identity = IdentifiedSession(
      identification, keys: agreed.keys, mark: hash("settling", [], session: agreed.name, check: 0))
    // The record's digest is said instead.
    scheme.ledger = OpenedLedger(isHashed: false)
    return scheme
  }

  init(
    channel: any Channel, source: any CorrelationSource, master: [UInt8], session: [UInt8], keys: String = "",
    observer: DealtDraws.Observer? = nil
  ) {
    self.channel = channel
    self.party = channel.party
    self.source = source
    self.session = session
    self.observer = observer
    self.keys = MACKeys(master: master, name: keys)
    keyName = keys
    replay = nil
    steps = DealtSteps(master: master, program: AdditiveScheme.mainProgram)
  }

  /// A party of no session, that runs a program once more.
  ///
  /// - Parameter keys: what public summands are multiplied by in the place of MACs.
  init(channel: any Channel, keys: MACKeys, replay: Replay) {
    self.channel = channel
    self.party = channel.party
    self.keys = keys
    self.replay = replay
    source = RehearsalSource(partyCount: channel.partyCount, form: .authenticated)
    session = []
    observer = nil
    keyName = ""
    ledger = OpenedLedger(isHashed: false)
    let nothing = [UInt8](repeating: 0, count: PseudorandomGenerator.keyByteCount)
    steps = DealtSteps(master: nothing, program: AdditiveScheme.mainProgram)
  }

  /// Moves on to the next query or training step, with counters of its own: see ``AdditiveScheme/beginStep(of:at:)``.
  public func beginStep(of program: String = AdditiveScheme.mainProgram, at number: UInt32? = nil) throws {
    try steps.begin(program, at: number)
  }

  public func enter(layer: String) { self.layer = layer }

  /// The correlated randomness of the next operation; every party calls this at the same places of the program.
  func deal(_ demand: Demand) async throws -> DealtDraws {
    let place = steps.nextPlace()
    var draws = DealtDraws(place: place, generator: steps.generator, corrections: nil, observer: observer)
    if let replay {
      draws.replayed = try await replay.macs(for: demand, at: place)
      return draws
    }
    let expected = demand.correctionByteCount(partyCount: partyCount, form: .authenticated)
    guard party == partyCount - 1, expected > 0 else { return draws }
    let message = try await source.corrections(for: demand, at: place)
    guard message.count == expected else {
      throw SharingError.wrongCorrections(expected: expected, received: message.count)
    }
    traffic.dealtByteCount += expected
    draws.corrections = Inbox(message)
    return draws
  }

  /// One round: sends one message to all others, and yields theirs, each of the length given, or else of this one's.
  ///
  /// - Parameter kind: what it is kept as, where a cheater is to be named; what is not kept is not needed for that.
  func broadcast(
    _ outbox: Outbox, expecting counts: [Int]? = nil, as kind: OpeningRecord.Sent.Kind? = nil
  ) async throws -> [Inbox] {
    if let verdict { throw verdict }
    let message = outbox.message
    traffic.rounds += 1
    traffic.byteCount += message.count * (partyCount - 1)
    let peers = channel.peers
    let messages = try await channel.exchange(peers.map { Outgoing(message, to: $0) }, from: peers)
    try await heed(messages)
    for (peer, received) in zip(peers, messages) where received.count != counts?[peer] ?? message.count {
      // Whose programs differ do not get as far as to look for a cheater.
      guard identity?.failure == nil else { throw await fail(.agreement, .deviated, against: [peer]) }
      throw SharingError.unexpectedLength(
        from: peer, expected: counts?[peer] ?? message.count, received: received.count)
    }
    if let kind, identity != nil {
      var all = messages
      all.insert(message, at: party)
      identity?.record.note(kind, all)
    }
    return messages.map(Inbox.init)
  }

  /// One round: the words and bits of which all parties hold summands; kept for the next check.
  func openSums(
    _ words: [AuthenticatedWords], _ planes: [AuthenticatedPlanes] = []
  ) async throws -> (words: [WideTensor], planes: [[UInt64]]) {
    if let replay { return try replaySums(words, planes, replay) }
    var opened = words.map(\.value)
    var bits = planes.map { $0.block.trimmed }
    var outbox = Outbox()
    for tensor in opened { outbox.append(tensor.words) }
    for block in bits { outbox.append(planes: block.words, rows: block.rows, bitCount: block.count) }
    for message in try await broadcast(outbox, as: .opening) {
      var inbox = message
      for index in opened.indices {
        let theirs = inbox.words(opened[index].words.count)
        ck_u128_add(opened[index].count, opened[index].words, theirs, &opened[index].words)
      }
      for index in bits.indices {
        let theirs = inbox.planes(bits[index].rows, bitCount: bits[index].count)
        ck_bits_xor(theirs.count, bits[index].words, theirs, &bits[index].words)
      }
    }
    identity?.record.append(opened.flatMap(\.words) + bits.flatMap(\.words))
    ledger.enter(layer)
    for (tensor, own) in zip(opened, words) { ledger.append(tensor.words, macs: own.mac.words) }
    for (block, own) in zip(bits, planes) {
      ledger.append(planes: block.words, macs: own.macs, rows: own.rows, count: own.count)
    }
    return (opened, bits.map(\.words))
  }

  /// The same map of values and of MACs, where public summands count once in all values and α times in all MACs.
  func each(
    _ body: (_ part: KeyPath<AuthenticatedWords, WideTensor>, _ factor: UInt128) -> WideTensor
  ) -> AuthenticatedWords {
    AuthenticatedWords(value: body(\.value, UInt128(first)), mac: body(\.mac, keys.words))
  }
}

/// A session does not print what it holds: its keys, and messages that wait in its channel.
extension AuthenticatedScheme: CustomStringConvertible, CustomReflectable {
  public var description: String { "‹party \(party) of an authenticated session›" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension PlaneBlock {
  /// The same planes with zeros past their count.
  var trimmed: PlaneBlock {
    let rest = count % 64
    guard rest > 0 else { return self }
    var block = self
    let stride = (count + 63) / 64
    for row in 1...max(rows, 1) where row <= rows { block.words[row * stride - 1] &= 1 << UInt64(rest) - 1 }
    return block
  }
}
