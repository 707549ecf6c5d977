package import Crypto
import NIOConcurrencyHelpers
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

/// The same where cheaters are named; the program is all of a session.
///
/// - Parameters:
///   - pairs: the dealer as a party sees it.
///   - signer: a party's key.
package func identifiedOutcomes<Result: Sendable>(
  partyCount: Int, deadline: Duration = .seconds(60),
  wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  pairs: @escaping @Sendable (PairDealer, Int) -> any PairwiseDealing = { MemoryPairs($0, party: $1) },
  signer: @escaping @Sendable (Int) -> Curve25519.Signing.PrivateKey = { _ in Curve25519.Signing.PrivateKey() },
  accusing: @escaping @Sendable (Accusation) -> Void = { _ in },
  _ body: @escaping @Sendable (AuthenticatedScheme) async throws -> Result
) async -> [Swift.Result<Result, any Error>] {
  let dealer = Dealer(partyCount: partyCount, form: .authenticated)
  let notes = DealtNotes()
  let pairDealer = PairDealer(dealer, record: notes)
  return await outcomes(partyCount: partyCount, deadline: deadline, wrapping: wrap) { channel in
    let source = NotedDealing(base: MemoryDealing(dealer: dealer, party: channel.party), notes: notes)
    let scheme = try await AuthenticatedScheme.start(
      over: channel, source: source, session: "test", keys: "",
      identification: Identification(
        pairs: pairs(pairDealer, channel.party), signer: signer(channel.party), accusing: accusing))
    return try await scheme.identifying(body)
  }
}

/// What was dealt as it was asked for.
private final class DealtNotes: DealtRecord {
  private let demands = NIOLockedValueBox<[DealtPlace: Demand]>([:])

  func note(_ demand: Demand, at place: DealtPlace) {
    demands.withLockedValue { $0[place] = $0[place] ?? demand }
  }

  func dealt(at place: DealtPlace) -> (demand: Demand, keys: String)? {
    demands.withLockedValue { $0[place] }.map { ($0, "") }
  }
}

private struct NotedDealing: CorrelationSource {
  let base: MemoryDealing
  let notes: DealtNotes

  func key() -> [UInt8] { base.key() }
  func corrections(for demand: Demand, at place: DealtPlace) -> ArraySlice<UInt8> {
    notes.note(demand, at: place)
    return base.corrections(for: demand, at: place)
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

/// A computation of three layers, in whose second one whoever cheats goes on with shares of another secret than the rest:
/// their MACs alone change, or their values do.
///
/// - Parameters:
///   - isBit: the secret is one of bits, and else one of words.
///   - opensBetween: something is opened after the first layer, so that what was opened before is known as sums alone.
package func openedByLayers(
  _ scheme: AuthenticatedScheme, isBit: Bool, opensBetween: Bool = false, cheating: () -> Bool
) async throws -> [RingTensor] {
  scheme.enter(layer: "first")
  var x = try await scheme.input(
    scheme.party == 0 ? RingTensor(repeating: 5, shape: [3]) : nil, of: 0, shape: [3])
  var bits = try await scheme.negative(x, width: 8)
  if opensBetween { _ = try await scheme.open([x]) }
  scheme.enter(layer: "second")
  let isCheating = cheating()
  if isBit { bits = isCheating ? scheme.not(bits) : bits }
  x = scheme.add(x, word: isCheating && !isBit ? 1 << 40 : 0)
  _ = try await scheme.multiply([Multiplication(.elementwise([3]), x, x)])
  let chosen = try await scheme.multiply(bits, x)
  scheme.enter(layer: "third")
  _ = try await scheme.multiply([Multiplication(.elementwise([3]), chosen, chosen)])
  return try await scheme.open([chosen])
}
