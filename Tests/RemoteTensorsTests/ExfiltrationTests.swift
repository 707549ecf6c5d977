import Graphs
import RemoteTensors
import Tensors
import Testing

@Suite struct ExfiltrationTests {
  /// Alice's world with the given rows.
  private func withScene(_ x: Tensor<Float>, _ body: (Scene) async throws -> Void) async throws {
    var policy = try ReleasePolicy.statistics(rows: 10, count: 4)
    (policy.movesTo, policy.sharesWith) = (["carol"], ["carol"])
    try await withHouse([.alice: policy, .bob: try .statistics(rows: 2, count: 1), .carol: policy]) { house in
      let store = house.store(.alice)
      try await store.add(x, named: "x")
      try await store.add(Tensor(repeating: 1, shape: [20, 3]), named: "y")
      try await store.add(Tensor(repeating: 1, shape: [4, 3]), named: "few", population: "few")
      try await store.add(x.sliced(axis: 0, 0..<19), named: "leaver")
      let alice = try await house.connect("ann", .alice)
      try await body(
        Scene(
          house: house, alice: alice, bob: try await house.connect("ann", .bob),
          carol: try await house.connect("ann", .carol), x: try await alice.tensor(named: "x")))
    }
  }

  @Test(arguments: Exfiltration.all)
  func isRefused(_ program: Exfiltration) async throws {
    var random = SeededGenerator(state: 3)
    try await withScene(random.tensor([20, 3])) { scene in
      let error = await refusal { try await program.run(scene) }
      #expect(error?.exitCode == 4, "\(program.testDescription): \(error.map { "\($0)" } ?? "not refused")")
      let logs = await scene.house.store(.alice).log + scene.house.store(.carol).log
      #expect(logs.last(where: { $0.kind == .refused(exitCode: 4) }) != nil)
    }
  }

  @Test(arguments: Exfiltration.all)
  func errorsDoNotDependOnValues(_ program: Exfiltration) async throws {
    var told: [RemoteError?] = []
    for value: Float in [0, 1e30] {
      try await withScene(Tensor(repeating: value, shape: [20, 3])) { scene in
        told.append(await refusal { try await program.run(scene) })
      }
    }
    #expect(told[0] == told[1])
    // One sentence, without a value in it.
    #expect(told[0].map { !"\($0)".contains("e+") && !"\($0)".contains("1e") } == true)
  }

  /// Data of equal sums and sums of squares: whatever a random program gets must be equal to the last bit.
  @Test func randomProgramsSeeSumsAlone() async throws {
    // 0 + 3 + 3 = 1 + 1 + 4, and so are the sums of their squares.
    let (a, b): ([Float], [Float]) = ([0, 3, 3], [4, 1, 1])
    let policy = try ReleasePolicy.statistics(rows: 12, count: 11)
    var results: [[Tensor<Float>?]] = []
    for column in [a, b] {
      var random = SeededGenerator(state: 5)
      try await withHouse([.alice: policy]) { house in
        let rows = [a, b, a].flatMap { $0 } + column
        try await house.store(.alice).add(
          Tensor(shape: [12, 2], scalars: rows.flatMap { [$0, 4 - $0] }), named: "x")
        let alice = try await house.connect("ann", .alice)
        let x = try await alice.tensor(named: "x")
        var seen: [Tensor<Float>?] = []
        for _ in 0..<60 {
          let outputs = try await alice.run(randomProgram(&random), inputs: ["x": x])
          for output in outputs { seen.append(try? await output.get()) }
        }
        results.append(seen)
      }
    }
    #expect(results[0].count { $0 != nil } > 30)
    #expect(results[0].count { $0 == nil } > 30)
    // NaN is equal to itself here.
    #expect(results[0].map { $0?.scalars.map(\.bitPattern) } == results[1].map { $0?.scalars.map(\.bitPattern) })
  }

  private func randomProgram(_ random: inout SeededGenerator) -> Graph {
    let builder = GraphBuilder()
    var symbols = [builder.input("x", [12, 2]), builder.constant(2, [12, 2]), builder.constant(0.5, [1, 2])]
    for _ in 0..<8 {
      let a = symbols.randomElement(using: &random)!
      let b = symbols.randomElement(using: &random)!
      switch Int.random(in: 0..<13, using: &random) {
      case 0: symbols.append(a + b)
      case 1: symbols.append(a - b)
      case 2: symbols.append(a * b)
      case 3: symbols.append(a / b)
      case 4: symbols.append(a * 3)
      case 5: symbols.append(a.relu())
      case 6: symbols.append(a.power(2))
      case 7, 8: symbols.append(a.sum(axes: [0]))
      case 9: symbols.append(a.mean(axes: [0]))
      case 10: symbols.append(a.sum(axes: [1]).broadcast(to: [a.shape[0], 2]))
      case 11: symbols.append(a.sliced(axis: 0, 0..<1))
      default: symbols.append(symbols[0].sum(axes: [0]) * a)
      }
    }
    return builder.build(Array(symbols.suffix(5)))
  }
}
