import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// What the engine promises not to pay for: the traffic of small programs, piece by piece.
@Suite struct FoldingTests {
  static let costs = ReplicatedCosts()

  static func traffic(
    fractionBits: Int = 16, _ build: (GraphBuilder) -> [Symbol]
  ) async throws -> Cost {
    let builder = GraphBuilder()
    let graph = builder.build(build(builder))
    return try await checkGraph(graph, inputs: LayerTests.inputs(of: graph, seed: 61), fractionBits: fractionBits)
  }

  @Test func biasIsFree() async throws {
    let spent = try await Self.traffic {
      [$0.input("x", [8, 16]).matmul($0.input("w", [16, 10])) + $0.input("b", [10])]
    }
    #expect(spent == Self.costs.truncating([(80, 16)], additive: true))
  }

  @Test func averagesAreTakenBeforeTruncation() async throws {
    let spent = try await Self.traffic { b in
      let planes = b.input("x", [2, 1, 8, 8]).conv2d(b.input("w", [4, 1, 3, 3]), Convolution(padding: 1))
      return [(planes.averagePool2d(Pooling(window: 2)) + b.input("b", [4, 1, 1])).relu()]
    }
    // 2 · 4 · 4 · 4 scalars leave the pooling; two more bits go with the division by four.
    #expect(
      spent == Self.costs.truncating([(128, 18)], additive: true) + Self.costs.comparing(count: 128, width: 64)
        + Self.costs.selecting(count: 128))
  }

  /// A learning rate of few digits joins the truncation of its gradient; where it needs more, there are two.
  @Test(arguments: [Float(0.1), 0.001]) func learningRatesAreCheap(rate: Float) async throws {
    let builder = GraphBuilder()
    let gradient = builder.input("x", [8, 6]).matmul(builder.input("y", [6, 4]))
    let next = builder.input("w", [8, 4]) - gradient * builder.input("rate", .scalar)
    let metered = MeteredScheme(Self.costs)
    let shares = ["x": [8, 6], "y": [6, 4], "w": [8, 4]].mapValues { metered.share(of: $0) }
    _ = try await SecureEngine(metered, fractionBits: 16)
      .run(builder.build([next]), inputs: shares, numbers: ["rate": rate])
    let cost =
      rate == 0.1
      ? Self.costs.truncating([(32, 32)], additive: true)
      : Self.costs.truncating([(32, 16)], additive: true) + Self.costs.truncating([(32, 25)], additive: false)
    #expect(metered.traffic == cost)
  }

  /// A training's steps share a dealt program where their public numbers have equal forms: then they demand the same, also
  /// just below a power of two, where digits round up to one more.
  @Test func numbersOfOneFormDemandTheSame() async throws {
    let builder = GraphBuilder()
    let rate = builder.input("rate", .scalar)
    let gradient = builder.input("x", [8, 6]).matmul(builder.input("y", [6, 4]))
    let graph = builder.build([builder.input("w", [8, 4]) * rate - gradient * rate])
    var random = SeedTree(seed: 92).generator()
    var numbers: [Float] = [0, 1, 0.25, 1023, 1024, 1500, 1_048_576, 0.24999, 0.249999, 0.12499, 0.9999]
    for exponent in -24..<4 {
      for _ in 0..<6 {
        let significand = 1 + Float(random.next() >> 40) / Float(1 << 24)
        numbers.append(Float(sign: .plus, exponent: exponent, significand: significand))
      }
    }
    var known: [Int: DealtProgram] = [:]
    for number in numbers {
      let program = try await DealtProgram.rehearsing("step", partyCount: 2, on: AdditiveScheme.self) { scheme in
        try scheme.beginStep(of: "step")
        let inputs = ["x", "y", "w"].map { name in
          (name, scheme.constant(RingTensor(repeating: 0, shape: graph.shape(ofInput: name) ?? [])))
        }
        _ = try await SecureEngine(scheme, fractionBits: 20)
          .run(graph, inputs: Dictionary(uniqueKeysWithValues: inputs), numbers: ["rate": number])
      }
      let form = SecurePlan.form(of: number, fractionBits: 20)
      #expect(known[form] == nil || known[form] == program, "\(number)")
      known[form] = program
    }
    #expect(known.count > 20 && known.count < numbers.count / 2)
  }

  /// Deep products come out doubled and are divided by one bit more, also where a product that is not is added.
  @Test func deepProductsAreDoubled() async throws {
    let spent = try await Self.traffic { b in
      let (x, y) = (b.input("x", [32, 128]), b.input("y", [128, 32]))
      return [
        x.matmul(y) - b.input("p", [32, 32]) * b.input("q", [32, 32]),
        y.transposed([1, 0]).matmul(x.transposed([1, 0])),
      ]
    }
    #expect(spent == Self.costs.truncating([(1024, 17), (1024, 17)], additive: true))
    let planes = try await Self.traffic { b in
      [b.input("x", [2, 16, 8, 8]).conv2d(b.input("w", [16, 16, 3, 3])).averagePool2d(Pooling(window: 2))]
    }
    #expect(planes == Self.costs.truncating([(2 * 16 * 3 * 3, 19)], additive: true))
  }

  @Test func sumsAreTakenBeforeTruncation() async throws {
    let spent = try await Self.traffic { [($0.input("x", [50, 4]) * $0.input("y", [50, 4])).sum(axes: [0])] }
    #expect(spent == Self.costs.truncating([(4, 16)], additive: true))
  }

  @Test func independentWorkSharesRounds() async throws {
    let spent = try await Self.traffic { b in
      let (x, y) = (b.input("x", [6, 5]), b.input("y", [7, 9]))
      let first = x.matmul(b.input("w", [5, 4])).relu()
      let second = y.matmul(b.input("v", [9, 3])).relu()
      return [first, second]
    }
    #expect(
      spent == Self.costs.truncating([(24, 16), (21, 16)], additive: true)
        + Self.costs.comparing(count: 45, width: 64) + Self.costs.selecting(count: 45))
  }

  @Test func structureIsFree() async throws {
    let spent = try await Self.traffic { b in
      let x = b.input("x", [4, 6])
      return [x.transposed([1, 0]).reshaped(to: [2, 12]).sliced(axis: 1, 0..<5) * 3 + 1, -x, x.sum(axes: [0])]
    }
    #expect(spent == .none)
  }

  @Test func publicFactorsNeedNoProducts() async throws {
    let spent = try await Self.traffic { [$0.input("x", [30]) * 0.3] }
    // 0.3 = 0.6 · 2⁻¹ with 16 significant bits lies 17 bits behind the point.
    #expect(spent == Self.costs.truncating([(30, 17)], additive: false))
  }

  /// Nodes that no output depends on are not computed.
  @Test func deadNodesAreFree() async throws {
    let spent = try await Self.traffic { b in
      let x = b.input("x", [30])
      _ = x.sigmoid()
      return [x + x]
    }
    #expect(spent == .none)
  }
}
