public import Sharing
public import Tensors
public import Transports

/// What became of parties whose shares have MACs, as tasks over memory channels, with a dealer of fresh keys.
public func authenticatedOutcomes<Result: Sendable>(
  partyCount: Int, deadline: Duration = .seconds(900),
  wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (AuthenticatedScheme) async throws -> Result
) async -> [Swift.Result<Result, any Error>] {
  let dealer = Dealer(partyCount: partyCount, form: .authenticated)
  return await outcomes(partyCount: partyCount, deadline: deadline, wrapping: wrap) { channel in
    try await body(
      try await AuthenticatedScheme.start(
        over: channel, source: MemoryDealing(dealer: dealer, party: channel.party), session: "test"))
  }
}

/// The results of honest parties, in their order.
public func simulateAuthenticated<Result: Sendable>(
  partyCount: Int, wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (AuthenticatedScheme) async throws -> Result
) async throws -> [Result] {
  try await authenticatedOutcomes(partyCount: partyCount, wrapping: wrap, body).map { try $0.get() }
}

/// Parties whose shares have MACs, over memory channels; they input the values in turn.
public struct AuthenticatedHarness: SchemeHarness {
  public let partyCount: Int

  public init(partyCount: Int) { self.partyCount = partyCount }

  public func evaluate(
    _ inputs: [RingTensor],
    _ program: @escaping @Sendable (AuthenticatedScheme, [AuthenticatedShare]) async throws -> [AuthenticatedShare]
  ) async throws -> (values: [RingTensor], traffic: Cost) {
    let partyCount = partyCount
    let results = try await simulateAuthenticated(partyCount: partyCount) { scheme in
      var shares: [AuthenticatedShare] = []
      for (index, value) in inputs.enumerated() {
        let owner = index % partyCount
        shares.append(try await scheme.input(scheme.party == owner ? value : nil, of: owner, shape: value.shape))
      }
      let before = scheme.traffic
      let output = try await program(scheme, shares)
      let spent = scheme.traffic - before
      return (values: try await scheme.open(output), spent: spent)
    }
    return try agreed(results)
  }
}
