import Graphs
import RemoteTensors
import Tensors
import Testing

/// What every worker does, in this process or behind a WebSocket. The oracle is plain Swift, or `PlainEngine`.
@Suite struct ConformanceTests {
  @Test(arguments: Medium.allCases)
  func computesOnPointers(over medium: Medium) async throws {
    try await withHouse(over: medium) { house in
      let bob = try await house.connect("ann", .bob)
      let a = Tensor<Float>(shape: [2, 2], scalars: [1, 2, 3, 4])
      let b = Tensor<Float>(shape: [2, 2], scalars: [5, 6, 7, 8])
      let (x, y) = (try await a.send(to: bob), try await b.send(to: bob))
      #expect(try await x.get() == a)
      #expect(try await (x + y).get().scalars == [6, 8, 10, 12])
      #expect(try await (x - y).get().scalars == [-4, -4, -4, -4])
      #expect(try await (x * y).get().scalars == [5, 12, 21, 32])
      #expect(try await x.matmul(y).get().scalars == [19, 22, 43, 50])
      #expect(try await (x + x).get().scalars == [2, 4, 6, 8])
      #expect(try await x.sum(axes: [0]).get() == Tensor(shape: [1, 2], scalars: [4, 6]))
      #expect(try await x.mean(axes: [0, 1]).get() == Tensor(shape: [1, 1], scalars: [2.5]))
    }
  }

  @Test(arguments: Medium.allCases)
  func runsAWholeProgram(over medium: Medium) async throws {
    try await withHouse(over: medium) { house in
      var random = SeededGenerator(state: 1)
      let bob = try await house.connect("ann", .bob)
      let (x, w) = (random.tensor([6, 4]), random.tensor([4, 3]))
      let builder = GraphBuilder()
      let hidden = builder.input("x", [6, 4]).matmul(builder.input("w", [4, 3])).relu()
      let graph = builder.build([hidden.softmax(), hidden, hidden, builder.input("x", [6, 4])])
      let expected = try PlainEngine().run(graph, inputs: ["x": x, "w": w])
      let results = try await bob.run(graph, inputs: ["x": try await x.send(to: bob), "w": try await w.send(to: bob)])
      #expect(results.count == expected.count)
      for (result, value) in zip(results, expected) { #expect(try await result.get() == value) }
    }
  }

  @Test(arguments: Medium.allCases)
  func releasesStatisticsUnderARule(over medium: Medium) async throws {
    try await withHouse(over: medium, [.alice: try .statistics(rows: 10, count: 2)]) { house in
      // Integers below 2^24, so that sums of floats are exact.
      let x = Tensor<Float>(shape: [12, 2], scalars: (0..<24).map { Float($0 * $0 % 13) })
      try await house.store(.alice).add(x, named: "patients")
      let alice = try await house.connect("ann", .alice)
      #expect(try await alice.catalogue().map(\.name) == ["patients"])
      let patients = try await alice.tensor(named: "patients")
      #expect(try await patients.sum(axes: [0]).get() == x.summed(axes: [0]))
      // Mean and variance in one program; the sum has left before and costs nothing.
      let builder = GraphBuilder()
      let rows = builder.input("x", [12, 2])
      let mean = rows.mean(axes: [0])
      let variance = (rows * rows).mean(axes: [0]) - mean * mean
      let results = try await alice.run(builder.build([mean, variance]), inputs: ["x": patients])
      for column in 0..<2 {
        let values = (0..<12).map { Double(x.scalars[2 * $0 + column]) }
        let average = values.reduce(0, +) / 12
        let spread = values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / 12
        // Floats of magnitude 100, subtracted: 1e-4.
        #expect(abs(Double(try await results[0].get().scalars[column]) - average) < 1e-5)
        #expect(abs(Double(try await results[1].get().scalars[column]) - spread) < 1e-4)
      }
      let further = await refusal { _ = try await patients.sum(axes: [0, 1]).get() }
      #expect(further?.exitCode == 4)
      #expect(
        await house.store(.alice).log.map(\.kind) == [
          .released, .released, .released, .released, .released, .refused(exitCode: 4),
        ])
    }
  }

  @Test(arguments: Medium.allCases)
  func movesBetweenWorkers(over medium: Medium) async throws {
    try await withHouse(over: medium, [.alice: try .statistics(rows: 4, count: 1)]) { house in
      try await house.store(.alice).add(Tensor(repeating: 3, shape: [5, 2]), named: "x")
      let alice = try await house.connect("ann", .alice)
      let bob = try await house.connect("ann", .bob)
      let x = try await Tensor<Float>(shape: [3], scalars: [1, 2, 3]).send(to: alice)
      let moved = try await x.move(to: bob)
      #expect(moved.worker === bob)
      #expect(try await (moved * moved).get().scalars == [1, 4, 9])
      #expect(await refusal { _ = try await x.get() }?.exitCode == 2)
      // A statistic that the policy lets out is the client's afterwards.
      let sum = try await alice.tensor(named: "x").sum(axes: [0]).move(to: bob)
      #expect(try await sum.get().scalars == [15, 15])
      #expect(await refusal { _ = try await moved.move(to: bob) }?.exitCode == 2)
    }
  }

  @Test(arguments: Medium.allCases)
  func sharesAmongWorkers(over medium: Medium) async throws {
    var policy = try ReleasePolicy.statistics(rows: 4, count: 1)
    policy.sharesWith = ["alice", "bob", "carol"]
    try await withHouse(over: medium, [.alice: policy, .bob: policy]) { house in
      try await house.store(.alice).add(Tensor(repeating: 0.25, shape: [8, 2]), named: "x")
      try await house.store(.bob).add(Tensor(repeating: -1.5, shape: [4, 2]), named: "x")
      var workers: [RemoteWorker] = []
      for name in House.Name.allCases { workers.append(try await house.connect("ann", name)) }
      let a = try await workers[0].tensor(named: "x").sum(axes: [0]).share(among: workers)
      let b = try await workers[1].tensor(named: "x").sum(axes: [0]).share(among: workers)
      // 16 fraction bits, and these values have fewer: exact.
      #expect(try await (a + b).get() == Tensor(shape: [1, 2], scalars: [-4, -4]))
      #expect(try await (a - b).get().scalars == [8, 8])
      #expect(try await a.scaled(by: -0.75).get().scalars == [-1.5, -1.5])
      #expect(await refusal { _ = try await (a.scaled(by: 0.5) + b).get() }?.exitCode == 2)
      #expect(await refusal { _ = try await a.scaled(by: 0x1p22) }?.exitCode == 2)
      let c = try await Tensor<Float>(shape: [2, 1], scalars: [.infinity, .nan]).send(to: workers[2])
      #expect(try await c.share(among: workers).get().scalars == [0x1p24, 0])
    }
  }

  @Test(arguments: Medium.allCases)
  func forgetsWhatIsNotNeeded(over medium: Medium) async throws {
    try await withHouse(over: medium) { house in
      let bob = try await house.connect("ann", .bob)
      let x = try await Tensor<Float>(shape: [1], scalars: [1]).send(to: bob)
      do { _ = try await x + x }
      _ = try await bob.catalogue()
      #expect(await house.store(.bob).tensorCount == 1)
      try await x.delete()
      #expect(await house.store(.bob).tensorCount == 0)
      #expect(await refusal { _ = try await x.get() }?.exitCode == 2)
    }
  }

  @Test(arguments: Medium.allCases)
  func keepsClientsApart(over medium: Medium) async throws {
    try await withHouse(over: medium) { house in
      let (ann, ben) = (try await house.connect("ann", .bob), try await house.connect("ben", .bob))
      let x = try await Tensor<Float>(shape: [1], scalars: [1]).send(to: ann)
      let y = try await Tensor<Float>(shape: [1], scalars: [2]).send(to: ben)
      #expect(try await x.get().scalars == [1])
      #expect(try await y.get().scalars == [2])
      #expect(await refusal { _ = try await x + y }?.exitCode == 2)
      #expect(await house.store(.bob).tensorCount == 2)
    }
  }

  @Test(arguments: Medium.allCases)
  func answersManyTasks(over medium: Medium) async throws {
    try await withHouse(over: medium) { house in
      let bob = try await house.connect("ann", .bob)
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<50 {
          group.addTask {
            let x = try await Tensor<Float>(shape: [1], scalars: [Float(number)]).send(to: bob)
            return try await (x + x).get().scalars == [Float(2 * number)]
          }
        }
        for try await isRight in group { #expect(isRight) }
      }
      try await Tensor<Float>(shape: [1], scalars: [1]).send(to: bob).delete()
      #expect(await house.store(.bob).tensorCount == 0)
    }
  }
}

extension ReleasePolicy {
  static func statistics(rows: Int, count: Int) throws -> ReleasePolicy {
    ReleasePolicy(aggregates: try Aggregates(minimumRows: rows, statistics: count))
  }
}
