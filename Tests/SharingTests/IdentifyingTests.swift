import Arithmetic
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
    #expect(more[1] - more[0] == 2 * (32 + 64 + 64) * (partyCount - 1))
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
      let results = await identifiedOutcomes(partyCount: partyCount, deadline: .seconds(20)) { base in
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
    #expect(unnamed <= CheatingTests.trialCount / 50)
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
    let results = await identifiedOutcomes(partyCount: partyCount, pairs: noting, accusing: accusing) { scheme in
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

  /// The same with one number after a key of its JSON turned over.
  private static func altered<Value: Codable>(_ value: Value, _ key: String) throws -> Value {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var text = String(decoding: try encoder.encode(value), as: UTF8.self)
    let start = try #require(text.range(of: "\"\(key)\":"), "\(key)")
    let number = try #require(
      text.range(of: "(?<=[\\[:,])[0-9]+", options: .regularExpression, range: start.upperBound..<text.endIndex)
        ?? text.range(of: "^[0-9]+", options: .regularExpression, range: start.upperBound..<text.endIndex))
    let old = try #require(UInt64(text[number]))
    text.replaceSubrange(number, with: String(old ^ 1))
    return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
  }

  /// Whatever is changed of an accusation, it holds no longer; nor for other keys, nor for a program in which the accused did right.
  @Test(arguments: [false, true]) func falseAccusationsDoNotHold(isBit: Bool) async throws {
    // Party 0 opens wrong words; of bits it is a share of the sum that party 1 gets wrong.
    let found = await Self.evidence(partyCount: 3, cheater: isBit ? 1 : 0, isBit: isBit)
    let accusation = try #require(found.accusations.first)
    #expect(await Self.holds(accusation, found))
    let keys = [
      "prover", "verifier", "session", "transcript", "subject", "words", "bits", "seed", "signature", "events", "sent",
      "statement", "opening", "proof", "check", "trial", "partyCount",
    ]
    for key in keys {
      let changed = try Self.altered(accusation, key)
      #expect(!(await Self.holds(changed, found)), "\(key)")
    }
    let others = Evidence(
      results: [], accusations: [], dealerKey: found.dealerKey, keys: found.keys.reversed())
    #expect(isBit == (await Self.holds(accusation, others)))
    let elsewhere = Evidence(results: [], accusations: [], dealerKey: found.keys[0], keys: found.keys)
    #expect(!(await Self.holds(accusation, elsewhere)))
    let text = "\(accusation)"
    #expect(text.contains("proves that party") && !text.contains("["))
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
    func tags(for demand: Demand, at place: DealtPlace, index: UInt64, of name: PairName) async throws -> Message {
      var tags = try base.tags(for: demand, at: place, index: index, of: name)
      if !tags.isEmpty { tags[Int(error) % tags.count] ^= error }
      return tags
    }
  }

  /// A cheater that answers for other tags than it was dealt, so as to hide its lie or not, is named all the same.
  @Test(arguments: [UInt8(1), 77, 200]) func forgedTagsHideNothing(error: UInt8) async throws {
    let found = await Self.evidence(partyCount: 2, cheater: 1, isBit: true) { dealer, party in
      let base = MemoryPairs(dealer, party: party)
      return party == 1 ? ForgedTags(base: base, error: error) : base
    }
    #expect(throws: SharingError.self) { try found.results[0].get() }
    #expect(Self.culprit(found.results[0]) == .party(1))
  }

  /// A verifier with keys that the dealer has not signed accuses nobody but itself.
  private struct ForgedKeys: PairwiseDealing {
    let base: MemoryPairs

    var publicKey: [UInt8] { base.publicKey }
    func keyTags(of name: PairName) async throws -> Message { try base.keyTags(of: name) }
    func tags(for demand: Demand, at place: DealtPlace, index: UInt64, of name: PairName) async throws -> Message {
      try base.tags(for: demand, at: place, index: index, of: name)
    }
    func key(for name: PairName) async throws -> PairKey {
      try IdentifyingTests.altered(try base.key(for: name), "seed")
    }
  }

  @Test func forgedKeysAccuseNobody() async throws {
    let found = await Self.evidence(partyCount: 3, cheater: 1, isBit: true) { dealer, party in
      let base = MemoryPairs(dealer, party: party)
      return party == 1 ? ForgedKeys(base: base) : base
    }
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
