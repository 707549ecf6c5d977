public import Sharing
public import Tensors
public import Transports

/// Runs three replicated parties as tasks over memory channels; the results in party order.
public func simulateReplicated<Result: Sendable>(
  options: ReplicatedOptions = ReplicatedOptions(), deadline: Duration = .seconds(900),
  wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (ReplicatedScheme) async throws -> Result
) async throws -> [Result] {
  try await simulate(deadline: deadline, wrapping: wrap) { channel in
    let scheme = try await ReplicatedScheme.start(over: channel, session: "test")
    scheme.options = options
    return try await body(scheme)
  }
}

/// Runs a program at each of several parties over memory channels; the results in party order.
public func simulate<Result: Sendable>(
  partyCount: Int = 3, deadline: Duration = .seconds(900),
  wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (any Channel) async throws -> Result
) async throws -> [Result] {
  try await outcomes(partyCount: partyCount, deadline: deadline, wrapping: wrap, body).map { try $0.get() }
}

/// What became of a program at each of several parties over memory channels. A party that fails closes its channel, as
/// parties do in earnest, so that the others need not wait for it.
public func outcomes<Result: Sendable>(
  partyCount: Int = 3, deadline: Duration = .seconds(900),
  wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (any Channel) async throws -> Result
) async -> [Swift.Result<Result, any Error>] {
  let channels = MemoryMesh.channels(partyCount: partyCount, deadline: deadline)
  return await withTaskGroup(of: (Int, Swift.Result<Result, any Error>).self) { group in
    for channel in channels {
      group.addTask {
        let wrapped = wrap(channel)
        do {
          return (channel.party, .success(try await body(wrapped)))
        } catch {
          await wrapped.close()
          return (channel.party, .failure(error))
        }
      }
    }
    var results: [(Int, Swift.Result<Result, any Error>)] = []
    for await result in group { results.append(result) }
    return results.sorted { $0.0 < $1.0 }.map(\.1)
  }
}

/// How the components of a test's inputs are chosen.
public enum ShareForm: Hashable, Sendable, CaseIterable {
  /// At random, as an owner outside shares them.
  case uniform
  /// All of the value in one component, the others zero, as public values are shared.
  case component0, component1, component2
}

/// The three parties' shares of tensors.
public func replicatedShares(
  of tensors: [RingTensor], form: ShareForm = .uniform
) throws -> [[ReplicatedShare]] {
  func shares(component: Int) -> [[ReplicatedShare]] {
    (0..<3).map { party in
      tensors.map { tensor in
        let zero = RingTensor(repeating: 0, shape: tensor.shape)
        return ReplicatedShare(
          first: party == component ? tensor : zero, second: (party + 1) % 3 == component ? tensor : zero)
      }
    }
  }
  switch form {
  case .uniform:
    return try InputSharing.parcels(of: tensors).enumerated().map { party, parcel in
      try InputSharing.unpack(parcel, party: party, shapes: tensors.map(\.shape))
    }
  case .component0: return shares(component: 0)
  case .component1: return shares(component: 1)
  case .component2: return shares(component: 2)
  }
}

/// Opens what a program over shares of `tensors` returns, and checks that all parties see the same and took the same
/// number of rounds.
public func evaluateReplicated(
  _ tensors: [RingTensor], form: ShareForm = .uniform, options: ReplicatedOptions = ReplicatedOptions(),
  _ program: @escaping @Sendable (ReplicatedScheme, [ReplicatedShare]) async throws -> [ReplicatedShare]
) async throws -> (values: [RingTensor], traffic: Cost) {
  let shares = try replicatedShares(of: tensors, form: form)
  let results = try await simulateReplicated(options: options) { scheme in
    let before = scheme.traffic
    let output = try await program(scheme, shares[scheme.party])
    let spent = scheme.traffic - before
    return (try await scheme.open(output), spent)
  }
  guard results.allSatisfy({ $0.0 == results[0].0 && $0.1.rounds == results[0].1.rounds }) else {
    throw DisagreementError()
  }
  let bytes = results.reduce(0) { $0 + $1.1.byteCount }
  return (results[0].0, Cost(rounds: results[0].1.rounds, byteCount: bytes))
}

/// Two parties opened different values, or were not in step.
public struct DisagreementError: Error {}
