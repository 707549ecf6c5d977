import RemoteTensors
import Tensors
import Testing

/// What an owner may say.
@Suite struct OwnerTests {
  @Test(arguments: [(1, 1), (0, 0), (10, 10), (10, 0), (-5, 1)])
  func rulesThatProtectNothingAreRefused(rows: Int, statistics: Int) {
    #expect(throws: RemoteError.self) { try ReleasePolicy.Aggregates(minimumRows: rows, statistics: statistics) }
  }

  @Test func ownTensorsAreChecked() async throws {
    let store = TensorStore(name: "alice")
    try await store.add(Tensor(repeating: 1, shape: [3]), named: "x")
    await #expect(throws: RemoteError.self) { try await store.add(Tensor(repeating: 1, shape: [3]), named: "x") }
    await #expect(throws: RemoteError.self) { try await store.add(Tensor(repeating: .nan, shape: [3]), named: "y") }
    await #expect(throws: RemoteError.self) { try await store.add(Tensor(repeating: 1, shape: [0]), named: "z") }
  }

  @Test func nothingLeavesWithoutARule() async throws {
    try await withHouse { house in
      try await house.store(.alice).add(Tensor(repeating: 1, shape: [1000, 2]), named: "x")
      let alice = try await house.connect("ann", .alice)
      let sum = try await alice.tensor(named: "x").sum(axes: [0])
      #expect(await refusal { _ = try await sum.get() }?.exitCode == 4)
      let bob = try await house.connect("ann", .bob)
      #expect(await refusal { _ = try await sum.move(to: bob) }?.exitCode == 4)
      #expect(await refusal { _ = try await sum.share(among: [alice, bob]) }?.exitCode == 4)
      #expect(await house.store(.alice).log.map(\.client) == ["ann", "ann", "ann"])
    }
  }

  @Test func aTensorThatIsGoneGivesNoMoreSums() async throws {
    try await withHouse([.alice: try .statistics(rows: 10, count: 3)]) { house in
      try await house.store(.alice).add(Tensor(repeating: 1, shape: [10, 2]), named: "x")
      let alice = try await house.connect("ann", .alice)
      let x = try await alice.tensor(named: "x")
      await house.store(.alice).remove(named: "x")
      #expect(await refusal { _ = try await x.sum(axes: [0]) }?.exitCode == 2)
      #expect(await refusal { _ = try await x.get() }?.exitCode == 4)
    }
  }
}
