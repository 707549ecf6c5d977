import Arithmetic
import Crypto
import Foundation
import NIOConcurrencyHelpers
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// Who made a check fail: the party that deviated is named by every honest party, and nobody else ever is.
@Suite struct IdentifyingTests {
  // MARK: Honest parties

  /// Nobody is named; results are those of parties that name nobody, and bytes but for what is signed. Oracles: the other runs;
  /// the costs, byte for byte.
  @Test(arguments: [2, 3]) func honestPartiesPayForSignaturesAlone(partyCount: Int) async throws {
    let plain = try await simulateAuthenticated(partyCount: partyCount) {
      (try await CheatingTests.run($0), $0.traffic)
    }
    let identified = try await identifiedOutcomes(partyCount: partyCount) {
      (try await CheatingTests.run($0), $0.traffic)
    }.map { try $0.get() }
    let costs = [false, true].map { AuthenticatedCosts(partyCount: partyCount, identifying: $0).sent(by: 0) }
    // Values are opened between two checks.
    let more = costs.map { $0.opening(counts: [1]).byteCount }
    #expect(more[1] - more[0] == 2 * (32 + 64 + 64 + 32) * (partyCount - 1))
    for (one, other) in zip(plain, identified) {
      #expect(CheatingTests.matches(one.0, other.0))
      #expect(one.1.rounds == other.1.rounds && one.1.dealtByteCount == other.1.dealtByteCount)
      #expect(other.1.byteCount - one.1.byteCount == more[1] - more[0])
    }
  }

  // MARK: Every message

  /// Any deviation in any round: whoever honest names a party names the one that deviated, alone or as one of two that
  /// contradict each other.
  @Test(arguments: [2, 3]) func onlyCheatersAreNamed(partyCount: Int) async throws {
    // Naming the session takes a second round here.
    let rounds = try await CheatingTests.roundCount(partyCount: partyCount).rounds + 1
    var generator = SeedTree(seed: 750 + UInt64(partyCount)).generator()
    var (caught, named, unnamed) = (0, 0, 0)
    for index in 0..<CheatingTests.trialCount {
      let tampering = Tampering.allCases[index % Tampering.allCases.count]
      let round = index / Tampering.allCases.count % rounds
      let cheater = Int(generator.next() % UInt64(partyCount))
      let seed = generator.next()
      let results = await identifiedOutcomes(partyCount: partyCount, deadline: .seconds(5)) { base in
        guard base.party == cheater else { return base }
        return TamperingChannel(base, tampering, round: round, seed: seed)
      } _: {
        try await CheatingTests.run($0)
      }
      for (party, result) in results.enumerated() where party != cheater {
        guard case .failure(let error) = result else { continue }
        #expect(error is ChannelError || error is SharingError, "\(error)")
        guard let cheat = (error as? SharingError)?.cheat else { continue }
        caught += 1
        let place = "\(tampering) by \(cheater) in round \(round) of \(rounds), at \(party): \(error)"
        switch cheat.culprit {
        case .party(let found):
          named += 1
          #expect(found == cheater, "\(place)")
        case .oneOf(let parties): #expect(parties.contains(cheater) && !parties.contains(party), "\(place)")
        // Before the session has a name nobody is named; nor where a cheater goes while it is looked for.
        case .unknown: unnamed += round < 2 ? 0 : 1
        }
      }
    }
    #expect(caught > CheatingTests.trialCount / 3)
    #expect(named > caught * 3 / 4)
    #expect(unnamed <= (partyCount == 2 ? 0 : CheatingTests.trialCount / 100))
  }

  // MARK: Signed lies

  /// A party that signs its lie to one of the others, or to all: all of them stop. Where it has signed two things of one check, all
  /// name it; else its victim does, and others say that it is one of the two.
  @Test(arguments: [2, 3, 4], SignedLie.allCases) func signedLiesAreSettled(partyCount: Int, lie: SignedLie)
    async throws
  {
    let cheater = 1
    for victims in partyCount == 2 ? [[0]] : [[0], [partyCount - 1], [0, partyCount - 1]] {
      for check in [1, 3] {
        let results = await Self.outcomes(partyCount: partyCount, lie, check: check, to: victims)
        for (party, result) in results.enumerated() where party != cheater {
          let place = "\(lie) of check \(check) to \(victims) at \(party) of \(partyCount): \(result)"
          guard lie != .sentDigest else {
            #expect(throws: Never.self, "\(place)") { try result.get() }
            continue
          }
          let culprit = try #require(Self.culprit(result), "\(place)")
          let hasSignedTwice = [.digest, .seed, .sum].contains(lie) && victims.count < partyCount - 1
          let isTold = victims.contains(party)
          if partyCount == 2 || hasSignedTwice || isTold && lie != .slander {
            #expect(culprit == .party(cheater), "\(place)")
          } else if case .oneOf(let parties) = culprit {
            #expect(parties.contains(cheater) && !parties.contains(party), "\(place)")
          } else {
            #expect(culprit == .party(cheater), "\(place)")
          }
        }
      }
    }
  }

  private static func outcomes(
    partyCount: Int, _ lie: SignedLie, check: Int, to victims: [Int]
  ) async -> [Result<[RingTensor], any Error>] {
    let signer = Curve25519.Signing.PrivateKey()
    return await identifiedOutcomes(partyCount: partyCount, deadline: .seconds(30)) { base in
      guard base.party == 1 else { return base }
      return SigningCheater(base, lie, check: check, to: victims, signer: signer)
    } signer: {
      $0 == 1 ? signer : Curve25519.Signing.PrivateKey()
    } _: {
      try await openedByLayers($0, isBit: false, opensBetween: true) { false }
    }
  }

  // MARK: Proofs

  private struct Evidence {
    let results: [Result<[RingTensor], any Error>]
    let accusations: [Accusation]
    let dealerKey: [UInt8]
    let keys: [[UInt8]]
  }

  /// A party goes on with other shares than it has, of words or of bits, in the layer called second.
  private static func evidence(
    partyCount: Int, cheater: Int, isBit: Bool,
    wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
    pairs: @escaping @Sendable (PairDealer, Int) -> any PairwiseDealing = { MemoryPairs($0, party: $1) }
  ) async -> Evidence {
    let accusations = NIOLockedValueBox<[Accusation]>([])
    let key = NIOLockedValueBox<[UInt8]>([])
    let keys = NIOLockedValueBox<[[UInt8]]>([])
    let noting: @Sendable (PairDealer, Int) -> any PairwiseDealing = {
      let dealt = pairs($0, $1)
      key.withLockedValue { $0 = dealt.publicKey }
      return dealt
    }
    let accusing: @Sendable (Accusation) -> Void = { accusation in
      accusations.withLockedValue { $0.append(accusation) }
    }
    let results = await identifiedOutcomes(
      partyCount: partyCount, wrapping: wrap, pairs: noting, accusing: accusing
    ) { scheme in
      if !scheme.publicKeys.isEmpty { keys.withLockedValue { $0 = scheme.publicKeys } }
      return try await program(scheme, cheater: cheater, isBit: isBit)
    }
    return Evidence(
      results: results, accusations: accusations.withLockedValue { $0 }, dealerKey: key.withLockedValue { $0 },
      keys: keys.withLockedValue { $0 })
  }

  private static func program(
    _ scheme: AuthenticatedScheme, cheater: Int?, isBit: Bool
  ) async throws -> [RingTensor] {
    // It plays its part honestly when it is looked for.
    try await openedByLayers(scheme, isBit: isBit, opensBetween: true) {
      scheme.party == cheater && !scheme.publicKeys.isEmpty
    }
  }

  /// Party 0 opens wrong values, another one wrong shares of the sums of MACs: both are named by all, with the layer, and proven to
  /// whoever was not there.
  @Test(arguments: [(2, 0), (2, 1), (3, 0), (3, 1), (3, 2)])
  func wrongSharesAreProven(partyCount: Int, cheater: Int) async throws {
    for (isBit, check) in [(false, CheatingCheck.words), (true, .bits)] {
      let found = await Self.evidence(partyCount: partyCount, cheater: cheater, isBit: isBit)
      for (party, result) in found.results.enumerated() where party != cheater {
        #expect(throws: SharingError.cheating(check: check, layer: "second", culprit: .party(cheater))) {
          try result.get()
        }
      }
      #expect(!found.accusations.isEmpty && found.accusations.allSatisfy { $0.accused == cheater })
      for accusation in found.accusations {
        #expect(await Self.holds(accusation, found))
      }
    }
  }

  private static func holds(_ accusation: Accusation, _ found: Evidence) async -> Bool {
    await accusation.holds(keys: found.keys, dealer: found.dealerKey) {
      try await program($0, cheater: nil, isBit: false)
    }
  }

  /// The same with what comes first after each key of its JSON changed, one after the other: a number turned over, or a text made
  /// longer.
  private static func alterations<Value: Codable>(of value: Value) throws -> [(key: String, value: Value)] {
    let text = try json(value)
    return try text.matches(of: /"(\w+)":/).compactMap { key in
      guard let place = text[key.range.upperBound...].firstMatch(of: /(?<text>"")|\b(?<number>[0-9]+)/) else {
        return nil
      }
      var changed = text
      if let number = place.number {
        changed.replaceSubrange(place.range, with: String(try #require(UInt64(number)) ^ 1))
      } else {
        changed.replaceSubrange(place.range, with: "\"x\"")
      }
      guard let value = try? JSONDecoder().decode(Value.self, from: Data(changed.utf8)) else { return nil }
      return (String(key.1), value)
    }
  }

  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func altered<Value: Codable>(_ value: Value, _ key: String) throws -> Value {
    try #require(try alterations(of: value).first { $0.key == key }).value
  }

  /// Whatever is changed of an accusation, it holds no longer; nor for other keys, nor for a program in which the accused did right.
  @Test(arguments: [false, true]) func falseAccusationsDoNotHold(isBit: Bool) async throws {
    // Party 0 opens wrong words; of bits it is a share of the sum that party 1 gets wrong.
    let found = await Self.evidence(partyCount: 3, cheater: isBit ? 1 : 0, isBit: isBit)
    let accusation = try #require(found.accusations.first)
    #expect(await Self.holds(accusation, found))
    let alterations = try Self.alterations(of: accusation)
    for key in [
      "prover", "verifier", "session", "keys", "transcript", "subject", "words", "bits", "seed", "signature", "events",
      "sent", "kind", "message", "statement", "opening", "proof", "check", "trial", "partyCount",
    ] {
      #expect(alterations.contains { $0.key == key }, "\(key)")
    }
    for (key, changed) in alterations { #expect(!(await Self.holds(changed, found)), "\(key)") }
    let others = Evidence(
      results: [], accusations: [], dealerKey: found.dealerKey, keys: found.keys.reversed())
    #expect(isBit == (await Self.holds(accusation, others)))
    let elsewhere = Evidence(results: [], accusations: [], dealerKey: found.keys[0], keys: found.keys)
    #expect(!(await Self.holds(accusation, elsewhere)))
    let text = "\(accusation)"
    #expect(text.contains("proves that party") && !text.contains("["))
  }

  /// What others sent a party, in order.
  private final class Listener: Channel {
    private let base: any Channel
    private let heard = NIOLockedValueBox<[Message]>([])

    init(_ base: any Channel) { self.base = base }
    var messages: [Message] { heard.withLockedValue { $0 } }
    var party: PartyID { base.party }
    var partyCount: Int { base.partyCount }
    func binding(with peer: PartyID) -> [UInt8] { base.binding(with: peer) }
    func send(_ message: Message, to peer: PartyID) async throws(ChannelError) {
      try await base.send(message, to: peer)
    }
    func receive(from peer: PartyID) async throws(ChannelError) -> Message { try await base.receive(from: peer) }
    func close() async { await base.close() }
    func exchange(_ outgoing: [Outgoing], from sources: [PartyID]) async throws(ChannelError) -> [Message] {
      let messages = try await base.exchange(outgoing, from: sources)
      heard.withLockedValue { $0 += messages }
      return messages
    }

    /// What the other of two parties signed at a coin, from 0 on.
    func statement(_ check: Int) throws -> Message {
      let found = messages.filter { $0.count == 160 }
      return try #require(found.indices.contains(check) ? found[check] : nil)
    }

    /// What it answered at the trial after three checks: after its statement and its seed, with keys between the subjects.
    func answer(_ subject: PairSubject) throws -> Message {
      let statement = try statement(3)
      let start = try #require(messages.firstIndex(of: statement)) + (subject == .shares ? 2 : 4)
      return try #require(messages.indices.contains(start) ? messages[start] : nil)
    }

    /// Its share of a check's sum, and the coin's name.
    func opening(_ check: Int) throws -> (opening: [UInt8], transcript: [UInt8]) {
      let places = messages.indices.filter { messages[$0].count == 152 }
      let place = try #require(places.indices.contains(check) ? places[check] : nil)
      return (Array(messages[place].prefix(120)), Array(messages[place - 1].suffix(32)))
    }
  }

  private final class NotingPairs: PairwiseDealing {
    let base: MemoryPairs
    private let noted = NIOLockedValueBox<[(name: PairName, key: PairKey)]>([])
    private let asked = NIOLockedValueBox<[(place: DealtPlace, name: PairName, tags: Message)]>([])

    init(_ base: MemoryPairs) { self.base = base }
    var keys: [(name: PairName, key: PairKey)] { noted.withLockedValue { $0 } }
    var tags: [(place: DealtPlace, name: PairName, tags: Message)] { asked.withLockedValue { $0 } }
    var publicKey: [UInt8] { base.publicKey }
    func key(for name: PairName) async throws -> PairKey {
      let key = try base.key(for: name)
      noted.withLockedValue { $0.append((name, key)) }
      return key
    }
    func keyTags(of name: PairName) async throws -> Message { try base.keyTags(of: name) }
    func tags(at place: DealtPlace, of name: PairName) async throws -> Message {
      let tags = try base.tags(at: place, of: name)
      asked.withLockedValue { $0.append((place, name, tags)) }
      return tags
    }
  }

  /// All that the two parties of a session have heard, of which party 1 gets a share of a sum wrong in the third check.
  private struct Heard {
    let evidence: Evidence
    let listeners: [Listener]
    let pairs: [NotingPairs]

    init() async throws {
      let listeners = NIOLockedValueBox<[Int: Listener]>([:])
      let pairs = NIOLockedValueBox<[Int: NotingPairs]>([:])
      evidence = await IdentifyingTests.evidence(partyCount: 2, cheater: 1, isBit: false) { base in
        let listener = Listener(base)
        listeners.withLockedValue { $0[base.party] = listener }
        return listener
      } pairs: { dealer, party in
        let noting = NotingPairs(MemoryPairs(dealer, party: party))
        pairs.withLockedValue { $0[party] = noting }
        return noting
      }
      self.listeners = try (0..<2).map { party in try #require(listeners.withLockedValue { $0[party] }) }
      self.pairs = try (0..<2).map { party in try #require(pairs.withLockedValue { $0[party] }) }
    }
  }

  /// What an honest party signed of a check that passed does not go with its answer about one that failed. Oracle of how the pieces
  /// are put together: the accusation that holds, of the same pieces.
  @Test func twoChecksMakeNoAccusation() async throws {
    let heard = try await Heard()
    let found = heard.evidence
    let real = try #require(found.accusations.first)
    #expect(await Self.holds(real, found))
    func assembled(of party: Int, check: Int, proof: [UInt8]) throws -> [String: JSONNode] {
      let listener = heard.listeners[1 - party]
      let (opening, transcript) = try listener.opening(check)
      return [
        "statement": JSONNode(bytes: try listener.statement(check)), "opening": JSONNode(bytes: opening),
        "transcript": JSONNode(bytes: transcript), "proof": JSONNode(bytes: proof),
        "check": .number(UInt64(check + 1)), "trial": .number(4),
      ]
    }
    let accusation = try Self.fields(real)
    for (key, value) in try assembled(of: 1, check: 2, proof: try heard.listeners[0].answer(.sums)) {
      #expect(value == accusation[key], "\(key)")
    }
    // Party 1 would frame party 0 by the second check, between which and the first one message was opened.
    let (name, key) = try #require(heard.pairs[1].keys.first { $0.name.prover == 0 })
    let messages = heard.listeners[1].messages
    let first = try #require(messages.firstIndex { $0.count == 152 })
    guard case .list(let events) = accusation["events"] else {
      Issue.record("no events")
      return
    }
    let checks = events.indices.filter {
      if case .fields(let event) = events[$0] { event["check"] != nil } else { false }
    }
    try #require(checks.count == 2)
    var framed = accusation
    framed.merge(try assembled(of: 0, check: 1, proof: try heard.listeners[1].answer(.shares))) { $1 }
    framed["name"] = .fields(try Self.fields(name))
    framed["key"] = .fields(try Self.fields(key))
    framed["events"] = .list(Array(events[..<checks[1]]))
    framed["sent"] = .list([.fields(["kind": .number(0), "message": JSONNode(bytes: messages[first + 1])])])
    let data = try JSONEncoder().encode(framed)
    #expect(!(await Self.holds(try JSONDecoder().decode(Accusation.self, from: data), found)))
  }

  private static func fields(_ value: some Encodable) throws -> [String: JSONNode] {
    try JSONDecoder().decode([String: JSONNode].self, from: Data(try json(value).utf8))
  }

  /// The dealer deals tags of what it has dealt, where and as it has dealt it, and keys for other parties' shares alone.
  @Test func theDealerBelievesNobody() async throws {
    let heard = try await Heard()
    let pairs = heard.pairs[1]
    let (place, name, tags) = try #require(pairs.tags.first)
    #expect(try pairs.base.tags(at: place, of: name) == tags)
    for (key, elsewhere) in try Self.alterations(of: place) where key == "step" {
      #expect(throws: SharingError.self) { try pairs.base.tags(at: elsewhere, of: name) }
    }
    let other = try JSONDecoder().decode(
      DealtPlace.self, from: Data(try Self.json(place).replacing("\"operation\":", with: "\"operation\":9").utf8))
    #expect(throws: SharingError.self) { try pairs.base.tags(at: other, of: name) }
    #expect(throws: SharingError.self) { try pairs.base.tags(at: place, of: try Self.altered(name, "keys")) }
    // Party 1's own key for its own shares, and for those of a party that is none.
    let own = try JSONDecoder().decode(
      PairName.self, from: Data(try Self.json(name).replacing("\"verifier\":0", with: "\"verifier\":1").utf8))
    #expect(throws: SharingError.self) { try pairs.base.key(for: own) }
    #expect(throws: SharingError.self) { try pairs.base.tags(at: place, of: own) }
    for wrong in ["2", "-1"] {
      let nobody = try JSONDecoder().decode(
        PairName.self,
        from: Data(
          try Self.json(name).replacing("\"prover\":1", with: "\"prover\":\(wrong)")
            .replacing("\"verifier\":0", with: "\"verifier\":1").utf8))
      #expect(throws: SharingError.self) { try pairs.base.key(for: nobody) }
    }
  }

  /// Tags of bits at two places differ by more than the key: what is added to them is another.
  @Test func placesHaveKeystreamsOfTheirOwn() async throws {
    let noted = NIOLockedValueBox<[Int: NotingPairs]>([:])
    let noting: @Sendable (PairDealer, Int) -> any PairwiseDealing = { dealer, party in
      let pairs = NotingPairs(MemoryPairs(dealer, party: party))
      noted.withLockedValue { $0[party] = pairs }
      return pairs
    }
    _ = await identifiedOutcomes(partyCount: 2, pairs: noting) { scheme in
      // Party 1 adds to its share, but not when it is looked for.
      var x = try await scheme.input(
        scheme.party == 0 ? RingTensor(repeating: 5, shape: [64]) : nil, of: 0, shape: [64])
      let signs = try await scheme.negative(x, width: 8)
      let bits = try await scheme.and([(signs, signs)])
      _ = try await scheme.and([(bits[0], signs)])
      if scheme.party == 1, !scheme.publicKeys.isEmpty { x = scheme.add(x, word: 1) }
      return try await scheme.open([x])
    }
    let pairs = try #require(noted.withLockedValue { $0[1] })
    let verifier = try #require(noted.withLockedValue { $0[0] })
    let name = try #require(pairs.tags.first).name
    let key = try #require(verifier.keys.first { try Self.json($0.name) == Self.json(name) }).key
    let factor = try Self.json(key).firstMatch(of: /"bits":([0-9]+)/).flatMap { UInt64($0.1) }
    // The two conjunctions, three vectors of 64 bits each.
    let conjunctions = try pairs.tags.filter {
      try Self.json($0.name) == Self.json(name) && $0.tags.count == 3 * 64 * 8
    }
    try #require(conjunctions.count == 2)
    let differences = (0..<192).map { index in
      (0..<8).reduce(0 as UInt64) { word, byte in
        let place = 8 * index + byte
        return word | UInt64(conjunctions[0].tags[place] ^ conjunctions[1].tags[place]) << UInt64(8 * byte)
      }
    }
    let keyOfBits = try #require(factor)
    #expect(!differences.contains(0) && !differences.contains(keyOfBits))
  }

  /// Nobody is named where a party brings something else of an owner's words than it was sent: the owner may have lied.
  @Test func changedParcelsNameNobody() async throws {
    let shape: Shape = [4]
    let owner = AuthenticatedScheme.parcels(
      of: [RingTensor(repeating: 3, shape: shape)], answers: [shape], partyCount: 2)
    var last = owner.parcels[1]
    last.words[1] &+= 1
    let changed = last
    let results = await identifiedOutcomes(partyCount: 2) { scheme in
      let piece = try AuthenticatedScheme.unpack(
        scheme.party == 1 ? changed : owner.parcels[0], party: scheme.party, partyCount: 2, shapes: [shape],
        answers: [shape])
      let admitted = try await scheme.admit(piece)
      return try await scheme.release(admitted.shares[0], under: admitted.masks[0])
    }
    for result in results {
      #expect(throws: SharingError.cheating(check: .inputs, layer: "input")) { try result.get() }
    }
  }

  // MARK: Lies while it is looked for

  /// The dealer as a party sees it that has other tags than it was dealt.
  private struct ForgedTags: PairwiseDealing {
    let base: MemoryPairs
    let error: UInt8

    var publicKey: [UInt8] { base.publicKey }
    func key(for name: PairName) async throws -> PairKey { try base.key(for: name) }
    func keyTags(of name: PairName) async throws -> Message { try base.keyTags(of: name) }
    func tags(at place: DealtPlace, of name: PairName) async throws -> Message {
      var tags = try base.tags(at: place, of: name)
      if !tags.isEmpty { tags[Int(error) % tags.count] ^= error }
      return tags
    }
  }

  /// A cheater that answers for other tags than it was dealt, so as to hide its lie or not, is named all the same.
  @Test(arguments: [UInt8(1), 77, 200]) func forgedTagsHideNothing(error: UInt8) async throws {
    let found = await Self.evidence(
      partyCount: 2, cheater: 1, isBit: true,
      pairs: { dealer, party in
        let base = MemoryPairs(dealer, party: party)
        return party == 1 ? ForgedTags(base: base, error: error) : base
      })
    #expect(throws: SharingError.self) { try found.results[0].get() }
    #expect(Self.culprit(found.results[0]) == .party(1))
  }

  /// A verifier with keys that the dealer has not signed accuses nobody but itself.
  private struct ForgedKeys: PairwiseDealing {
    let base: MemoryPairs

    var publicKey: [UInt8] { base.publicKey }
    func keyTags(of name: PairName) async throws -> Message { try base.keyTags(of: name) }
    func tags(at place: DealtPlace, of name: PairName) async throws -> Message { try base.tags(at: place, of: name) }
    func key(for name: PairName) async throws -> PairKey {
      try IdentifyingTests.altered(try base.key(for: name), "seed")
    }
  }

  @Test func forgedKeysAccuseNobody() async throws {
    let found = await Self.evidence(
      partyCount: 3, cheater: 1, isBit: true,
      pairs: { dealer, party in
        let base = MemoryPairs(dealer, party: party)
        return party == 1 ? ForgedKeys(base: base) : base
      })
    for party in [0, 2] { #expect(Self.culprit(found.results[party]) == .party(1)) }
  }

  private static func culprit(_ result: Result<some Any, any Error>) -> Culprit? {
    guard case .failure(let error) = result else { return nil }
    return (error as? SharingError)?.cheat?.culprit
  }

  /// An error in the highest bit alone passes a check, and a trial, with a probability of 3/4: where the check fails, its author is
  /// named after some trials.
  @Test func lonelyHighestBitsAreFound() async throws {
    var named = 0
    for _ in 0..<40 where named < 3 {
      // The cheater looks for cheaters as others do: in replays it adds nothing, or it would accuse the other and leave.
      let runs = NIOLockedValueBox(0)
      let results = await identifiedOutcomes(partyCount: 2) { scheme in
        var x = try await scheme.input(
          scheme.party == 0 ? RingTensor(repeating: 5, shape: [3]) : nil, of: 0, shape: [3])
        let run = runs.withLockedValue { count in
          count += scheme.party == 0 ? 1 : 0
          return count
        }
        if scheme.party == 0, run == 1 {
          let half = scheme.constant(RingTensor(repeating: 1 << 63, shape: [3]))
          x = scheme.add(x, scheme.scale(scheme.scale(half, by: 1 << 63), by: 2))
        }
        _ = try await scheme.multiply([Multiplication(.elementwise([3]), x, x)])
        return try await scheme.open([x])
      }
      guard let culprit = Self.culprit(results[1]) else { continue }
      #expect(culprit == .party(0))
      named += 1
    }
    #expect(named == 3)
  }

  // MARK: Who is named

  @Test func whoSeesAllPartiesCountsThem() {
    #expect(Culprit.joining([.party(1), .party(0), .party(1)]) == .party(1))
    #expect(Culprit.joining([.party(1), .party(0)]) == .oneOf([0, 1]))
    #expect(Culprit.joining([.party(1), .unknown, .oneOf([0, 1])]) == .party(1))
    #expect(Culprit.joining([.unknown, .oneOf([0, 1])]) == .oneOf([0, 1]))
    #expect(Culprit.joining([.unknown]) == .unknown && Culprit.joining([]) == .unknown)
    let error = SharingError.cheating(check: .words, layer: "dense1", culprit: .party(2))
    #expect("\(error)".hasPrefix("party 2 cheated: the MAC check of opened words failed in layer dense1; no output"))
    let either = SharingError.cheating(check: .agreement, layer: "", culprit: .oneOf([0, 2]))
    #expect("\(either)".hasPrefix("one of the parties 0 and 2, which contradict each other, cheated: different"))
    #expect(
      SharingError.joining([nil, .cheating(check: .bits, layer: ""), error]) == error
        && SharingError.joining([nil, .countersExhausted]) == nil)
  }
}
