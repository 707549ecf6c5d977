public import Graphs
public import Sharing
public import Tensors
public import Transports

/// Runs three replicated parties as tasks over memory channels; the results in party order.
public func simulateReplicated<Result: Sendable>(
  deadline: Duration = .seconds(60),
  wrapping wrap: @escaping @Sendable (MemoryChannel) -> any Channel = { $0 },
  _ body: @escaping @Sendable (ReplicatedScheme) async throws -> Result
) async throws -> [Result] {
  let channels = MemoryMesh.channels(partyCount: 3, deadline: deadline)
  return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
    for channel in channels {
      group.addTask {
        let scheme = try await ReplicatedScheme.start(over: wrap(channel), session: "test")
        return (channel.party, try await body(scheme))
      }
    }
    var results: [(Int, Result)] = []
    for try await result in group { results.append(result) }
    return results.sorted { $0.0 < $1.0 }.map(\.1)
  }
}

/// The three parties' shares of tensors, as their owner outside would make them.
public func replicatedShares(of tensors: [RingTensor]) throws -> [[ReplicatedShare]] {
  try InputSharing.parcels(of: tensors).enumerated().map { party, parcel in
    try InputSharing.unpack(parcel, party: party, shapes: tensors.map(\.shape))
  }
}

/// Opens what a program over shares of `tensors` returns, and checks that all parties see the same.
public func evaluateReplicated(
  _ tensors: [RingTensor],
  _ program: @escaping @Sendable (ReplicatedScheme, [ReplicatedShare]) async throws -> [ReplicatedShare]
) async throws -> (values: [RingTensor], traffic: Traffic) {
  let shares = try replicatedShares(of: tensors)
  let results = try await simulateReplicated { scheme in
    let before = scheme.traffic
    let output = try await program(scheme, shares[scheme.party])
    let spent = scheme.traffic - before
    return (try await scheme.open(output), spent)
  }
  guard results.allSatisfy({ $0.0 == results[0].0 }) else { throw DisagreementError() }
  let bytes = results.reduce(0) { $0 + $1.1.byteCount }
  return (results[0].0, Traffic(rounds: results.map(\.1.rounds).max() ?? 0, byteCount: bytes))
}

/// Two parties opened different values.
public struct DisagreementError: Error {}
