public import Sharing
public import Tensors
public import Transports

/// Runs additive parties as tasks over memory channels, with a dealer of fresh keys; the results in party order.
public func simulateAdditive<Result: Sendable>(
  partyCount: Int, deadline: Duration = .seconds(900),
  wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (AdditiveScheme) async throws -> Result
) async throws -> [Result] {
  let dealer = Dealer(partyCount: partyCount)
  return try await simulate(partyCount: partyCount, deadline: deadline, wrapping: wrap) { channel in
    try await body(
      try await AdditiveScheme.start(
        over: channel, source: MemoryDealing(dealer: dealer, party: channel.party), session: "test"))
  }
}

/// The parties' shares of tensors: at random, as an owner outside shares them, or all of the value at one party.
public func additiveShares(
  of tensors: [RingTensor], partyCount: Int, allAtParty owner: Int? = nil
) throws -> [[AdditiveShare]] {
  if let owner {
    return (0..<partyCount).map { party in
      tensors.map { AdditiveShare(party == owner ? $0 : RingTensor(repeating: 0, shape: $0.shape)) }
    }
  }
  return try AdditiveSharing.parcels(of: tensors, partyCount: partyCount).enumerated().map { party, parcel in
    try AdditiveSharing.unpack(parcel, party: party, partyCount: partyCount, shapes: tensors.map(\.shape))
  }
}

/// Additive parties over memory channels.
public struct AdditiveHarness: SchemeHarness {
  public let partyCount: Int
  private let owner: Int?

  public init(partyCount: Int, allAtParty owner: Int? = nil) {
    self.partyCount = partyCount
    self.owner = owner
  }

  public func evaluate(
    _ inputs: [RingTensor],
    _ program: @escaping @Sendable (AdditiveScheme, [AdditiveShare]) async throws -> [AdditiveShare]
  ) async throws -> (values: [RingTensor], traffic: Cost) {
    let shares = try additiveShares(of: inputs, partyCount: partyCount, allAtParty: owner)
    let results = try await simulateAdditive(partyCount: partyCount) { scheme in
      let before = scheme.traffic
      let output = try await program(scheme, shares[scheme.party])
      let spent = scheme.traffic - before
      return (values: try await scheme.open(output), spent: spent)
    }
    return try agreed(results)
  }
}
