import SecureAggregation
import Testing

@Suite struct ProtocolTests {
  static let replies: [MessageKind] = [.advertisement, .shares, .maskedInput, .agreement, .unmasking]

  /// Oracle: the plain sum over the contributors, exactly. They are those who had not dropped before their masked
  /// input.
  private func check(_ plan: AggregationPlan, dropping count: Int, at stage: MessageKind, seed: UInt64) throws {
    let inputs = Inputs(plan, seed: seed)
    var simulation = try Simulation(plan, inputs: inputs.all)
    var generator = SeededGenerator(state: seed)
    let gone = Set(simulation.names.shuffled(using: &generator).prefix(count))
    let result = try simulation.run(dropping: [stage: gone])
    let contributed = stage.rawValue > MessageKind.maskedInput.rawValue ? [] : gone
    #expect(result.contributors == simulation.names.filter { !contributed.contains($0) })
    #expect(result.sum == inputs.sum(of: result.contributors))
    #expect(simulation.errors.isEmpty && simulation.server.refusals.isEmpty)
  }

  /// None, one and 30 % of the clients drop out at each stage, with words of four bytes and of eight.
  @Test(arguments: replies, [0, 1, 3]) func completeGraph(stage: MessageKind, dropped: Int) throws {
    for (bits, length) in [(16, 1037), (53, 130), (28, 3)] {
      let plan = try AggregationPlan(clientCount: 10, vectorLength: length, valueBits: bits)
      try check(plan, dropping: dropped, at: stage, seed: UInt64(bits + dropped))
    }
  }

  @Test(arguments: [MessageKind.shares, .maskedInput, .unmasking]) func regularGraph(stage: MessageKind) throws {
    let assumption = RegularGraph.Assumption(corrupted: 0, dropouts: 0.3)
    let graph = try RegularGraph.smallest(clients: 40, under: assumption)
    let plan = try AggregationPlan(
      clientCount: 40, vectorLength: 40, valueBits: 16, minimumClients: 20, topology: .regular(graph))
    #expect(graph.degree < 30)
    try check(plan, dropping: 12, at: stage, seed: UInt64(stage.rawValue))
  }

  @Test func activeRegularGraph() throws {
    let assumption = RegularGraph.Assumption(corrupted: 0, dropouts: 0.1, server: .active)
    let graph = try RegularGraph.smallest(clients: 40, under: assumption)
    let plan = try AggregationPlan(clientCount: 40, vectorLength: 9, valueBits: 20, topology: .regular(graph))
    try check(plan, dropping: 4, at: .maskedInput, seed: 5)
  }

  /// A few drop out at every stage of one round.
  @Test func dropoutsAtEveryStage() throws {
    let plan = try AggregationPlan(clientCount: 20, vectorLength: 50, valueBits: 16)
    let inputs = Inputs(plan, seed: 9)
    var simulation = try Simulation(plan, inputs: inputs.all)
    let names = simulation.names
    let dropping = Dictionary(uniqueKeysWithValues: zip(Self.replies, names).map { ($0, Set([$1])) })
    let result = try simulation.run(dropping: dropping)
    #expect(result.contributors == Array(names[3...]))
    #expect(result.sum == inputs.sum(of: result.contributors))
  }

  @Test(arguments: [2, 3, 4, 5]) func smallCohorts(clients: Int) throws {
    let plan = try AggregationPlan(clientCount: clients, vectorLength: 5, valueBits: 1)
    try check(plan, dropping: 0, at: .advertisement, seed: UInt64(clients))
  }

  /// One client fewer than the threshold at any stage: an error, and no sum.
  @Test(arguments: replies) func belowTheThresholdNothingOpens(stage: MessageKind) throws {
    let plan = try AggregationPlan(clientCount: 10, vectorLength: 5, valueBits: 16)
    var simulation = try Simulation(plan, inputs: Inputs(plan, seed: 1).all)
    let gone = Set(simulation.names.prefix(4))
    #expect(throws: SecureAggregationError.self) { try simulation.run(dropping: [stage: gone]) }
    #expect(simulation.server.expected == nil)
    #expect(throws: SecureAggregationError.abandoned) { try simulation.server.advance() }
    if stage != .unmasking {
      #expect(simulation.view[.unmasking] == nil, "nobody was asked for shares of secrets")
    }
  }

  @Test func belowTheAgreedMinimumNothingOpens() throws {
    let plan = try AggregationPlan(clientCount: 10, vectorLength: 5, valueBits: 16, minimumClients: 9)
    var simulation = try Simulation(plan, inputs: Inputs(plan, seed: 1).all)
    let gone = Set(simulation.names.prefix(2))
    #expect(throws: SecureAggregationError.tooFewClients(left: 8, threshold: 9)) {
      try simulation.run(dropping: [.maskedInput: gone])
    }
  }

  /// The bytes that docs/SECURE-AGGREGATION.md states, for every message.
  @Test func byteCounts() throws {
    let plan = try AggregationPlan(clientCount: 10, vectorLength: 1000, valueBits: 16)
    var simulation = try Simulation(plan, inputs: Inputs(plan, seed: 1).all)
    var asked: [MessageKind: Int] = [:]
    var messages = simulation.server.begin()
    while let stage = simulation.server.expected {
      asked[stage] = messages.values.map(\.byteCount).max()
      let replies = simulation.answers(to: messages)
      simulation.view[stage] = replies
      guard case .ask(let next) = try simulation.server.receive(replies) else { break }
      messages = next
    }
    let n = 10
    #expect(asked[.advertisement] == 18 + 32 + 4 + n * (1 + 11))
    #expect(asked[.shares] == 18 + 2 + 160 * n)
    #expect(asked[.maskedInput] == 18 + 2 + 80 * (n - 1))
    #expect(asked[.agreement] == 18 + 2)
    #expect(asked[.unmasking] == 18 + 2 + 64 * plan.threshold)
    let replied = simulation.view.mapValues { Set($0.values.map(\.count)) }
    #expect(replied[.advertisement] == [18 + 160])
    #expect(replied[.shares] == [18 + 80 * (n - 1)])
    #expect(replied[.maskedInput] == [18 + 2500])
    #expect(replied[.agreement] == [18 + 64])
    #expect(replied[.unmasking] == [18 + 32 * n])
  }
}
