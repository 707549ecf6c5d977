import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// What additive sharing does beyond the primitives of all schemes.
@Suite struct AdditiveTests {
  @Test(arguments: [2, 3])
  func fixedOperandsServeManyProducts(partyCount: Int) async throws {
    try await FixedOperands.check(
      AdditiveHarness(partyCount: partyCount), partyCount: partyCount, wordByteCount: 8, seed: 90)
  }

  @Test(arguments: [2, 3, 5])
  func partiesShareWithoutAWord(partyCount: Int) async throws {
    var generator = SeedTree(seed: 91).generator()
    let values = (0..<partyCount).map { _ in generator.words([3, 4]) }
    let results = try await simulateAdditive(partyCount: partyCount) { scheme in
      let before = scheme.traffic
      let shares = (0..<partyCount).map { owner in
        scheme.input(owner == scheme.party ? values[owner] : nil, of: owner, shape: [3, 4])
      }
      #expect(scheme.traffic == before)
      return try await scheme.open(shares)
    }
    for opened in results { #expect(opened == values) }
  }

  @Test func parcelsAddUpAndMustFit() throws {
    var generator = SeedTree(seed: 92).generator()
    let shapes: [Shape] = [[3, 4], [], [0], [1537]]
    let tensors = shapes.map { generator.words($0) }
    let shares = try additiveShares(of: tensors, partyCount: 3)
    for (index, tensor) in tensors.enumerated() {
      #expect(shares.dropFirst().reduce(shares[0][index].summand) { $0 + $1[index].summand } == tensor)
    }
    let parcels = AdditiveSharing.parcels(of: tensors, partyCount: 3)
    for (parcel, party, shapes) in [(0, 2, shapes), (2, 0, shapes), (1, 2, shapes), (2, 2, [[5]])] {
      #expect(throws: SharingError.self) {
        try AdditiveSharing.unpack(parcels[parcel], party: party, partyCount: 3, shapes: shapes)
      }
      #expect(!"\(parcels[parcel])".contains("words"))
    }
  }

  @Test(arguments: ScalarFunction.allCases, [(2, 16), (2, 24), (3, 16), (3, 20)])
  func functionsAreAsAccurate(_ function: ScalarFunction, _ setting: (parties: Int, bits: Int)) async throws {
    let positive = [1e-4, 0.5, 0.75, 1, 2, 8, 15.9999, 16.0001, 256, 257, 1023]
    let inputs = FunctionAccuracyTests.grid(-20...20, count: 401) + [0, 9.7] + positive + positive.map { -$0 }
    try await FunctionAccuracyTests.check(
      function, AdditiveHarness(partyCount: setting.parties), inputs, fractionBits: setting.bits)
  }

  /// Shares and sessions print nothing of what they hold.
  @Test func nothingPrints() async throws {
    let texts = try await simulate(partyCount: 2) { channel -> [String] in
      let scheme = InsecureDealer.scheme(over: channel, seed: 201)
      let x = scheme.constant(SecrecyTests.tensor)
      let fixed = try await scheme.fix([x])[0]
      let product = try await scheme.multiply([Multiplication(.elementwise([2, 3]), x, fixed)])[0]
      let bits = try await scheme.negative(x, width: 64)
      #expect(SecrecyTests.texts(of: scheme).contains("‹party \(scheme.party) of an additive session›"))
      return [SecrecyTests.texts(of: x), SecrecyTests.texts(of: fixed), SecrecyTests.texts(of: product)]
        + [SecrecyTests.texts(of: bits)]
    }
    for text in texts.joined() {
      #expect(text.contains("‹secret [2, 3]›") && SecrecyTests.hides(text))
    }
  }

  /// A peer that runs another program ends the session with the documented error.
  @Test func wrongLengthsAreRefused() async {
    let dealer = Dealer(partyCount: 2)
    let results = await outcomes(partyCount: 2, deadline: .seconds(5)) { channel in
      let scheme = try await AdditiveScheme.start(
        over: channel, source: MemoryDealing(dealer: dealer, party: channel.party), session: "x")
      _ = try await scheme.open([scheme.constant(RingTensor(repeating: 1, shape: [3 + scheme.party]))])
    }
    for result in results { #expect(throws: (any Error).self) { try result.get() } }
  }
}
