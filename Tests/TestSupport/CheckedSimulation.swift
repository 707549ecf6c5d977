public import Sharing
public import Tensors
public import Transports

/// What became of three parties whose products are checked, as tasks over memory channels.
public func checkedOutcomes<Result: Sendable>(
  deadline: Duration = .seconds(900), wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (CheckedScheme) async throws -> Result
) async -> [Swift.Result<Result, any Error>] {
  await outcomes(deadline: deadline, wrapping: wrap) { channel in
    try await body(try await CheckedScheme.start(over: channel, session: "test"))
  }
}

/// The results of honest parties, in their order.
public func simulateChecked<Result: Sendable>(
  wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (CheckedScheme) async throws -> Result
) async throws -> [Result] {
  try await checkedOutcomes(wrapping: wrap, body).map { try $0.get() }
}

/// Parties whose products are checked, over memory channels; they input the values in turn, or an owner outside shares them.
public struct CheckedHarness: SchemeHarness {
  public let form: ShareForm?

  public init(form: ShareForm? = nil) { self.form = form }

  public func evaluate(
    _ inputs: [RingTensor],
    _ program: @escaping @Sendable (CheckedScheme, [CheckedShare]) async throws -> [CheckedShare]
  ) async throws -> (values: [RingTensor], traffic: Cost) {
    let outside = try form.map { try replicatedShares(of: inputs, form: $0) }
    let results = try await simulateChecked { scheme in
      var shares: [CheckedShare] = []
      if let outside {
        shares = try await scheme.admit(outside[scheme.party])
      } else {
        for (index, value) in inputs.enumerated() {
          let owner = index % 3
          shares.append(try await scheme.input(scheme.party == owner ? value : nil, of: owner, shape: value.shape))
        }
      }
      let before = scheme.traffic
      let output = try await program(scheme, shares)
      let spent = scheme.traffic - before
      return (values: try await scheme.open(output), spent: spent)
    }
    return try agreed(results)
  }
}
