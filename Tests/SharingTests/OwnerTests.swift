import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

/// What owners outside share among parties whose shares have MACs, and are answered.
@Suite struct OwnerTests {
  private static let shapes: [Shape] = [[2, 3], [5], [1]]
  private static let answers: [Shape] = [[2, 3], [4]]

  private static func tensors() -> [RingTensor] {
    var generator = SeedTree(seed: 801).generator()
    return shapes.map { generator.words($0) }
  }

  /// Oracle: the owner's words; the costs, byte for byte.
  @Test(arguments: [2, 3, 5]) func ownersGetBackWhatTheyShared(partyCount: Int) async throws {
    let tensors = Self.tensors()
    let owner = AuthenticatedScheme.parcels(of: tensors, answers: Self.answers, partyCount: partyCount)
    let parties = try await simulateAuthenticated(partyCount: partyCount) { scheme in
      let piece = try AuthenticatedScheme.unpack(
        owner.parcels[scheme.party], party: scheme.party, partyCount: partyCount, shapes: Self.shapes,
        answers: Self.answers)
      let before = scheme.traffic
      let admitted = try await scheme.admit(piece)
      let opened = try await scheme.open(admitted.shares)
      let middle = scheme.traffic
      let told = try await scheme.release(scheme.add(admitted.shares[0], word: 7), under: admitted.masks[0])
      return (opened, told, middle - before, scheme.traffic - middle)
    }
    for party in parties { #expect(party.0 == tensors) }
    #expect(try AuthenticatedScheme.combine(parties.map(\.1), mask: owner.masks[0]) == tensors[0].adding(7))
    let costs = AuthenticatedCosts(partyCount: partyCount)
    // The masks of answers count with what is revealed, but for rounds.
    let planned =
      costs.sharing(counts: [12]) + costs.revealing(counts: [10]) + costs.opening(counts: [12])
    let sent = owner.parcels.reduce(8 * partyCount * 10) { $0 + $1.byteCount }
    let releases = costs.sent(by: 0).revealing(counts: [6])
    #expect(parties[0].3.rounds + 1 == releases.rounds)
    var spent = parties.reduce(Cost(byteCount: sent)) { $0 + $1.2 }
    spent.rounds = 0
    // One of two answers was released: what the other would have taken is that of opening and checking it.
    spent.byteCount += parties.reduce(0) { $0 + $1.3.byteCount } + partyCount * (partyCount - 1) * 16 * 4
    #expect(spent.byteCount == planned.byteCount && spent.dealtByteCount == planned.dealtByteCount)
  }

  /// Whatever a party, or the owner, changes of what was sent is found before anything depends on it.
  @Test(arguments: [0, 1, 2, 11, 17, 18, 30, 31, 45, 46]) func changedParcelsAreRefused(place: Int) async throws {
    let owner = AuthenticatedScheme.parcels(of: Self.tensors(), answers: Self.answers, partyCount: 2)
    var last = owner.parcels[1]
    let count = last.words.count / 2
    #expect(count == 2 * (12 + 10 + 1) + 1)
    last.words[place] &+= 1 << UInt64(place)
    let changed = last
    let results = await authenticatedOutcomes(partyCount: 2) { scheme in
      let parcel = scheme.party == 1 ? changed : owner.parcels[0]
      _ = try await scheme.admit(
        try AuthenticatedScheme.unpack(
          parcel, party: scheme.party, partyCount: 2, shapes: Self.shapes, answers: Self.answers))
    }
    for result in results {
      #expect(throws: SharingError.cheating(check: .inputs, layer: "input")) { try result.get() }
    }
  }

  @Test func parcelsAndPiecesFitAndDoNotPrint() throws {
    let owner = AuthenticatedScheme.parcels(of: Self.tensors(), answers: Self.answers, partyCount: 2)
    for party in 0..<2 {
      let other = owner.parcels[1 - party]
      #expect(throws: SharingError.self) {
        try AuthenticatedScheme.unpack(other, party: party, partyCount: 2, shapes: Self.shapes, answers: Self.answers)
      }
      let piece = try AuthenticatedScheme.unpack(
        owner.parcels[party], party: party, partyCount: 2, shapes: Self.shapes, answers: Self.answers)
      #expect("\(piece)".hasPrefix("‹secret"))
    }
    #expect("\(owner)" == "‹parcels for 2 parties›")
    let said = RingTensor(repeating: 1, shape: [2])
    #expect(throws: SharingError.cheating(check: .answers, layer: "output")) {
      try AuthenticatedScheme.combine([said, said.adding(1)], mask: said)
    }
  }
}
