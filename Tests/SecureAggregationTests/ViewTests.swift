import Arithmetic
import SecureAggregation
import Testing

/// What the server sees of one client does not depend on that client's values.
@Suite struct ViewTests {
  private func view(_ inputs: [[UInt64]], _ plan: AggregationPlan) throws -> Simulation {
    var simulation = try Simulation(plan, inputs: inputs)
    _ = try simulation.run()
    return simulation
  }

  /// χ² of the bytes over 256 values: 255 degrees of freedom, deviation √510; a bound of 6 deviations is passed by
  /// uniform bytes in all but one of 10⁸ cases.
  private func isUniform(_ bytes: some Sequence<UInt8>) -> Bool {
    var counts = [Double](repeating: 0, count: 256)
    for byte in bytes { counts[Int(byte)] += 1 }
    let expected = counts.reduce(0, +) / 256
    let statistic = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    return abs(statistic - 255) < 6 * 510.0.squareRoot()
  }

  @Test func maskedInputsAreUniformAndOfOneLength() throws {
    let plan = try AggregationPlan(clientCount: 4, vectorLength: 20_000, valueBits: 16)
    var lengths: Set<Int> = []
    for value in [0, 65_535] as [UInt64] {
      let inputs = [[UInt64]](repeating: .init(repeating: value, count: 20_000), count: 4)
      let simulation = try view(inputs, plan)
      for vector in (simulation.view[.maskedInput] ?? [:]).values {
        lengths.insert(vector.count)
        #expect(isUniform(vector.dropFirst(18)))
      }
    }
    #expect(lengths == [18 + 45_000])
  }

  /// The server's view after unmasking, without dropouts: the masked inputs, and all seeds. With the seeds it strips
  /// the clients' own masks; what is left must be uniform for every proper subset of the clients, whatever the inputs,
  /// and the plain sum for all of them. So any other inputs with the same sum have the same view: a simulator that
  /// knows the sum only draws all vectors but one at random and the last to fit.
  @Test func strippedInputsSayNothingButTheSum() throws {
    let plan = try AggregationPlan(clientCount: 4, vectorLength: 8192, valueBits: 14)
    let constant = [[UInt64]](repeating: .init(repeating: 5, count: 8192), count: 4)
    var shifted = constant
    shifted[0] = .init(repeating: 10, count: 8192)
    shifted[1] = .init(repeating: 0, count: 8192)
    for inputs in [constant, shifted] {
      let simulation = try view(inputs, plan)
      let stripped = try simulation.strippedInputs()
      #expect(plan.modulusBits == 16)
      for subset in 1..<15 {
        var sums = [UInt64](repeating: 0, count: 8192)
        for client in 0..<4 where subset >> client & 1 == 1 {
          for index in sums.indices { sums[index] += stripped[client][index] }
        }
        let low = sums.map { UInt8(truncatingIfNeeded: $0) }
        let high = sums.map { UInt8(truncatingIfNeeded: $0 >> 8) }
        #expect(isUniform(low + high))
      }
      for index in 0..<8192 {
        let sum = stripped[0][index] + stripped[1][index] + stripped[2][index] + stripped[3][index]
        #expect(sum & 0xffff == 20)
      }
    }
  }

  /// Two attempts with the same clients and inputs share nothing that was sent.
  @Test func attemptsShareNothing() throws {
    let plan = try AggregationPlan(clientCount: 3, vectorLength: 100, valueBits: 16)
    let inputs = Inputs(plan, seed: 1).all
    let (one, other) = (try view(inputs, plan), try view(inputs, plan))
    for stage in ProtocolTests.replies {
      for name in one.names {
        let a = one.view[stage]?[name]?.dropFirst(18) ?? []
        let b = other.view[stage]?[name]?.dropFirst(18) ?? []
        #expect(!a.isEmpty && a.count == b.count && a != b)
      }
    }
  }

  @Test func nothingPrints() throws {
    let plan = try AggregationPlan(clientCount: 3, vectorLength: 1, valueBits: 53)
    let simulation = try Simulation(plan, inputs: [[4_000_000_007], [1], [2]])
    let client = try #require(simulation.clients[simulation.names[0]])
    var text = "\(client) " + String(reflecting: client)
    dump(client, to: &text)
    #expect(!text.contains("4000000007"))
  }
}

extension Simulation {
  /// The masked inputs less the clients' own masks, from the server's view alone; for attempts without dropouts.
  func strippedInputs() throws -> [[UInt64]] {
    let derivation = KeyDerivation(attempt: server.attempt)
    let places = (1...plan.threshold).map(UInt64.init)
    let weights = SecretSharing.weights(at: places)
    return try names.indices.map { owner in
      let shares = try names.prefix(plan.threshold).map { name in
        let reply = try #require(view[.unmasking]?[name])
        return try #require(FieldElement(bytes: reply.dropFirst(18 + 32 * owner).prefix(32)))
      }
      let seed = SecretSharing.secret(of: shares, weights: weights).bytes
      var vector = MaskedVector(count: plan.vectorLength, bits: plan.modulusBits)
      vector.add(packed: try #require(view[.maskedInput]?[names[owner]]).dropFirst(18))
      vector.add([.init(stream: derivation.ownMask(seed: seed), isNegative: true)])
      return vector.values
    }
  }
}
