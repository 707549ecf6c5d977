import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

/// Oracle: the arithmetic shift of the signed value. The result is its floor or one more.
@Suite struct TruncationTests {
  /// How a value comes to truncation.
  enum Form: CaseIterable, Sendable {
    /// As a share of which both components are known.
    case shared
    /// As a product of two shares, fused with the truncation.
    case fused
  }

  /// The edges of the contract, each often enough that all roles are taken.
  static func edges(bits: Int) -> [Int64] {
    let unit = Int64(1) << Int64(bits)
    let top = Int64(1) << 62 - 1
    let positive = [0, 1, unit - 1, unit, unit + 1, 3 * unit, top, top - unit + 1, top & ~(unit - 1)]
    let edges = positive + positive.map { -$0 } + [-top - 1]
    return (0..<1700).map { edges[$0 % edges.count] }
  }

  static func truncated(
    _ values: RingTensor, by bits: Int, _ form: Form, shares: ShareForm
  ) async throws -> RingTensor {
    let one = RingTensor(repeating: 1, shape: values.shape)
    return try await evaluateReplicated([values, one], form: shares) { scheme, inputs in
      let product =
        switch form {
        case .shared: scheme.product(inputs[0], by: 1)
        case .fused:
          try await scheme.multiply([Multiplication(.elementwise(values.shape), inputs[0], inputs[1])])[0]
        }
      return try await scheme.truncate([Truncation(product, by: bits)])
    }.values[0]
  }

  /// Results above the floor, by 0 or 1 each.
  static func excess(_ results: RingTensor, of values: RingTensor, by bits: Int) -> [Int64] {
    zip(results.signed, values.signed).map { $0 - $1 >> Int64(bits) }
  }

  @Test(arguments: [1, 3, 15, 16, 17, 24, 31, 32], ShareForm.allCases)
  func edgesAreExactUpToOne(bits: Int, shares: ShareForm) async throws {
    let values = RingTensor(signed: Self.edges(bits: bits))
    for form in Form.allCases {
      let results = try await Self.truncated(values, by: bits, form, shares: shares)
      let excess = Self.excess(results, of: values, by: bits)
      #expect(excess.allSatisfy { $0 == 0 || $0 == 1 })
      let multiples = zip(values.signed, excess).filter { $0.0 & (1 << Int64(bits) - 1) == 0 }
      #expect(multiples.allSatisfy { $0.1 == 0 }, "multiples of 2^\(bits) are exact")
    }
  }

  /// The standard deviation of the mean is at most 0.5 / √100000 = 0.0016, so 0.01 is more than six of them.
  @Test(arguments: [1, 3, 16, 24], ShareForm.allCases)
  func roundingHasNoBias(bits: Int, shares: ShareForm) async throws {
    var generator = SeedTree(seed: 1).child(bits).generator()
    let values = generator.words([100_000], bits: 61)
    let unit = Double(sign: .plus, exponent: bits, significand: 1)
    for form in Form.allCases {
      let results = try await Self.truncated(values, by: bits, form, shares: shares)
      let excess = Self.excess(results, of: values, by: bits)
      #expect(excess.allSatisfy { $0 == 0 || $0 == 1 })
      let fractions = values.signed.map { Double($0 & (1 << Int64(bits) - 1)) / unit }
      let bias = zip(excess, fractions).reduce(0) { $0 + Double($1.0) - $1.1 } / 100_000
      #expect(abs(bias) < 0.01, "\(form)")
    }
  }

  /// The upper value comes with the probability of the fraction, also for one and the same value.
  @Test(arguments: [1, 3, 16], ShareForm.allCases)
  func upperValueHasProbabilityOfFraction(bits: Int, shares: ShareForm) async throws {
    for fraction in [1, (1 << bits) - 1] {
      let values = RingTensor(repeating: UInt64(fraction), shape: [100_000])
      let results = try await Self.truncated(values, by: bits, .shared, shares: shares)
      let share = Double(results.signed.reduce(0, +)) / 100_000
      #expect(abs(share - Double(fraction) / Double(1 << bits)) < 0.01)
    }
  }

  /// One batch with several widths, empty tensors, sizes around chunks and words, masked and known products.
  @Test(arguments: [false, true])
  func batchesMayBeMixed(withProducts: Bool) async throws {
    var generator = SeedTree(seed: 2).generator()
    let plan = [(5, 1), (1536, 3), (0, 16), (63, 16), (1700, 17), (64, 24), (1, 32), (4000, 16), (1535, 32), (65, 8)]
    let inputs = plan.map { generator.words([$0.0], bits: 30) }
    let factors = plan.map { generator.words([$0.0], bits: 30) }
    let results = try await evaluateReplicated(inputs + factors) { scheme, shares in
      var items: [Truncation<ReplicatedProduct>] = []
      for (index, (count, bits)) in plan.enumerated() {
        let (x, y) = (shares[index], shares[plan.count + index])
        let isProduct = withProducts && index % 2 == 1
        let product =
          isProduct
          ? try await scheme.multiply([Multiplication(.elementwise([count]), x, y)])[0] : scheme.product(x, by: 12345)
        items.append(Truncation(product, by: bits))
      }
      return try await scheme.truncate(items)
    }
    for (index, (_, bits)) in plan.enumerated() {
      let isProduct = withProducts && index % 2 == 1
      let values = isProduct ? inputs[index] * factors[index] : inputs[index].scaled(by: 12345)
      let excess = Self.excess(results.values[index], of: values, by: bits)
      #expect(excess.allSatisfy { $0 == 0 || $0 == 1 }, "item \(index)")
    }
    let costs = ReplicatedCosts().truncating(plan.map { (count: $0.0, bits: $0.1) }, additive: withProducts)
    #expect(results.traffic == costs)
  }

  /// A product may be added to, mapped with repetitions and sums, and brought back more than once.
  @Test func mappedProductsAreTruncatedRightly() async throws {
    var generator = SeedTree(seed: 3).generator()
    let x = generator.words([6, 300], bits: 29)
    let y = generator.words([6, 300], bits: 29)
    let bias = generator.words([1, 300], bits: 40)
    let results = try await evaluateReplicated([x, y, bias]) { scheme, shares in
      let product = try await scheme.multiply([Multiplication(.elementwise([6, 300]), shares[0], shares[1])])[0]
      let sums = scheme.map(product, to: [1, 300]) { $0.summed(axes: [0]) }
      let lifted = scheme.add(scheme.product(shares[2], by: 1 << 16), sums)
      let spread = scheme.map(lifted, to: [6, 300]) { $0.broadcast(to: [6, 300]) }
      let doubled = scheme.map(scheme.add(spread, product), to: [6, 300]) { $0.scaled(by: 2) }
      return try await scheme.truncate([Truncation(doubled, by: 16), Truncation(product, by: 20)])
    }
    let sums = (x * y).summed(axes: [0]) + bias.scaled(by: 1 << 16)
    let doubled = (sums.broadcast(to: [6, 300]) + x * y).scaled(by: 2)
    #expect(Self.excess(results.values[0], of: doubled, by: 16).allSatisfy { $0 == 0 || $0 == 1 })
    #expect(Self.excess(results.values[1], of: x * y, by: 20).allSatisfy { $0 == 0 || $0 == 1 })
  }
}
