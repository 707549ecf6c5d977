import Arithmetic
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// The entry exam of every scheme: what each primitive yields, and that it costs what the cost model says.
///
/// Linear operations, products, signs, selections and conversions are exact in the ring; truncation is to one of the two
/// neighbours of the quotient.
func checkConformance<Harness: SchemeHarness>(_ harness: Harness, costs: (any CostModel)?, seed: UInt64) async throws {
  var generator = SeedTree(seed: seed).generator()
  for shape: Shape in [[], [1], [5, 13], [1, 0, 3], [40, 41]] {
    try await checkLinear(harness, generator.words(shape), generator.words(shape), costs)
    try await checkExact(harness, generator.words(shape), generator.words(shape), costs)
    try await checkBits(harness, generator.words(shape), generator.words(shape), costs)
    try await checkOwn(harness, generator.words(shape), generator.words(shape), costs)
    try await checkFixedPoint(harness, generator.words(shape, bits: 40), generator.words(shape, bits: 40), costs)
  }
  for shape: Shape in [[0], [1], [40, 41], [2000]] {
    try await checkShuffle(harness, generator.words(shape), costs)
  }
  try await checkBilinear(harness, &generator, costs)
}

private func expectCosts(
  _ measured: Cost, _ parts: [Cost]?, sourceLocation: SourceLocation = #_sourceLocation
) {
  let planned = parts?.reduce(.none, +) ?? .none
  #expect(measured == planned, sourceLocation: sourceLocation)
}

private func checkLinear<Harness: SchemeHarness>(
  _ harness: Harness, _ x: RingTensor, _ y: RingTensor, _ costs: (any CostModel)?
) async throws {
  let flat: Shape = [x.count]
  let (values, traffic) = try await harness.evaluate([x, y]) { scheme, shares in
    let (a, b) = (shares[0], shares[1])
    let joined = scheme.concatenate([a, b, a].map { scheme.map($0, to: flat) { $0.reshaped(to: flat) } }, axis: 0)
    return [
      scheme.constant(x), scheme.add(a, b), scheme.subtract(a, b), scheme.add(a, word: 1 << 63 | 5),
      scheme.scale(a, by: 0 &- 3), joined,
    ]
  }
  #expect(mismatchCount(values[0].scalars, x.scalars) == 0)
  #expect(mismatchCount(values[1].scalars, (x + y).scalars) == 0)
  #expect(mismatchCount(values[2].scalars, (x - y).scalars) == 0)
  #expect(mismatchCount(values[3].scalars, x.adding(1 << 63 | 5).scalars) == 0)
  #expect(mismatchCount(values[4].scalars, x.scaled(by: 0 &- 3).scalars) == 0)
  #expect(mismatchCount(values[5].scalars, x.scalars + y.scalars + x.scalars) == 0)
  #expect(zip(values, [x.shape, x.shape, x.shape, x.shape, x.shape, [3 * x.count]]).allSatisfy { $0.shape == $1 })
  expectCosts(traffic, nil)
}

private func checkExact<Harness: SchemeHarness>(
  _ harness: Harness, _ x: RingTensor, _ y: RingTensor, _ costs: (any CostModel)?
) async throws {
  let (values, traffic) = try await harness.evaluate([x, y]) { scheme, shares in
    let (a, b) = (shares[0], shares[1])
    let products = try await scheme.multiply([
      Multiplication(.elementwise(x.shape), a, b), Multiplication(.elementwise(x.shape), b, b),
    ])
    let sum = scheme.add(scheme.add(products[0], products[1]), scheme.product(a, by: 77))
    let reduced = try await scheme.reduce([sum, scheme.product(b, by: 5)])
    let bits = try await scheme.negative(a, width: 64)
    let others = scheme.not(try await scheme.negative(b, width: 64))
    return reduced + [
      try await scheme.convert(bits), try await scheme.multiply(others, a),
      try await scheme.convert(scheme.exclusiveOr(bits, others)),
    ]
  }
  #expect(mismatchCount(values[0].scalars, (x * y + y * y + x.scaled(by: 77)).scalars) == 0)
  #expect(mismatchCount(values[1].scalars, y.scaled(by: 5).scalars) == 0)
  #expect(mismatchCount(values[2].signed, x.signed.map { $0 < 0 ? 1 : 0 }) == 0)
  #expect(mismatchCount(values[3].signed, zip(x.signed, y.signed).map { $1 >= 0 ? $0 : 0 }) == 0)
  #expect(mismatchCount(values[4].signed, zip(x.signed, y.signed).map { ($0 < 0) != ($1 >= 0) ? 1 : 0 }) == 0)
  #expect(values.allSatisfy { $0.shape == x.shape })
  let count = x.count
  expectCosts(
    traffic,
    costs.map { costs in
      [
        // The second operand occurs three times.
        costs.multiplying([.elementwise(x.shape), .elementwise(x.shape)], openedCount: 2 * count),
        costs.reducing(additiveCounts: [count]),
        costs.comparing(count: count, width: 64), costs.comparing(count: count, width: 64),
        costs.converting(count: count), costs.selecting(count: count), costs.converting(count: count),
      ]
    })
}

/// Bits of numbers, gates on them, and numbers from bits.
private func checkBits<Harness: SchemeHarness>(
  _ harness: Harness, _ x: RingTensor, _ y: RingTensor, _ costs: (any CostModel)?
) async throws {
  let count = x.count
  for width in [2, 7, 32, 64] {
    let powers = (0..<width).map { 1 << UInt64($0) as UInt64 }
    let squares = (0..<width).map { UInt64($0) &* UInt64($0) &- 3 }
    let (values, traffic) = try await harness.evaluate([x, y]) { scheme, shares in
      let a = try await scheme.decompose(shares[0], width: width)
      let b = try await scheme.decompose(shares[1], width: width)
      let both = try await scheme.and(Array(zip(a, b)))
      // Out and back again, through planes that do not begin on words.
      let joined = scheme.concatenate([a[0], b[1], a[1]])
      let last = scheme.reshape(scheme.slice(joined, 2 * count..<3 * count), to: x.shape)
      return try await scheme.weightedSums(both, tables: [powers, squares]) + [
        try await scheme.weightedSums(a, tables: [powers])[0], try await scheme.convert(last),
      ]
    }
    let mask = UInt64.max >> UInt64(64 - width)
    let common = zip(x.scalars, y.scalars).map { $0 & $1 & mask }
    let weighted = common.map { word in
      squares.indices.reduce(0 as UInt64) { $0 &+ (word >> UInt64($1) & 1) &* squares[$1] }
    }
    #expect(mismatchCount(values[0].scalars, common) == 0)
    #expect(mismatchCount(values[1].scalars, weighted) == 0)
    #expect(mismatchCount(values[2].scalars, x.scalars.map { $0 & mask }) == 0)
    #expect(mismatchCount(values[3].scalars, x.scalars.map { $0 >> 1 & 1 }) == 0)
    #expect(values.allSatisfy { $0.shape == x.shape })
    expectCosts(
      traffic,
      costs.map { costs in
        [
          costs.decomposing(count: count, width: width), costs.decomposing(count: count, width: width),
          costs.conjoining(counts: [Int](repeating: count, count: width)),
          costs.weighting(count: count, bitCount: width, tableCount: 2),
          costs.weighting(count: count, bitCount: width, tableCount: 1), costs.converting(count: count),
        ]
      })
  }
}

/// Rows stay whole, keep company across shares, and are all there.
private func checkShuffle<Harness: SchemeHarness>(
  _ harness: Harness, _ x: RingTensor, _ costs: (any CostModel)?
) async throws {
  let rowCount = x.shape[0]
  let (values, traffic) = try await harness.evaluate([x]) { scheme, shares in
    let numbers = RingTensor(shape: [rowCount], scalars: (0..<UInt64(rowCount)).map { $0 })
    return try await scheme.shuffle([shares[0], scheme.constant(numbers)])
  }
  let order = values[1].scalars.map { Int($0) }
  #expect(order.sorted() == Array(0..<rowCount))
  #expect(mismatchCount(values[0].scalars, x.gatherRows(order).scalars) == 0)
  #expect(rowCount < 40 || order != Array(0..<rowCount))
  expectCosts(traffic, costs.map { [$0.shuffling(counts: [x.count, rowCount], rowCount: rowCount)] })
}

/// What every party adds by itself joins the product, on masked summands and on shares, for nothing.
private func checkOwn<Harness: SchemeHarness>(
  _ harness: Harness, _ x: RingTensor, _ own: RingTensor, _ costs: (any CostModel)?
) async throws {
  let (values, traffic) = try await harness.evaluate([x]) { scheme, shares in
    let product = try await scheme.multiply([Multiplication(.elementwise(x.shape), shares[0], shares[0])])[0]
    return try await scheme.reduce([
      scheme.add(product, own: own), scheme.add(scheme.product(shares[0], by: 3), own: own),
    ])
  }
  let all = own.scaled(by: UInt64(costs?.partyCount ?? 1))
  #expect(mismatchCount(values[0].scalars, (x * x + all).scalars) == 0)
  #expect(mismatchCount(values[1].scalars, (x.scaled(by: 3) + all).scalars) == 0)
  let form = Bilinear.elementwise(x.shape)
  expectCosts(
    traffic,
    costs.map {
      [
        $0.multiplying([form], openedCount: x.count), $0.reducing(additiveCounts: [x.count, x.count]),
        $0.bringing(counts: [x.count, x.count]),
      ]
    })
}

private func checkFixedPoint<Harness: SchemeHarness>(
  _ harness: Harness, _ x: RingTensor, _ y: RingTensor, _ costs: (any CostModel)?
) async throws {
  let (values, traffic) = try await harness.evaluate([x, y]) { scheme, shares in
    let three = scheme.constant(RingTensor(repeating: 3, shape: x.shape))
    let product = try await scheme.multiply([Multiplication(.elementwise(x.shape), three, shares[0])])
    return try await scheme.truncate([
      Truncation(product[0], by: 16), Truncation(scheme.product(shares[1], by: 9), by: 20),
    ])
  }
  for (value, (exact, bits)) in zip(values, [(x.scaled(by: 3), 16), (y.scaled(by: 9), 20)]) {
    let excess = zip(value.signed, exact.signed).map { $0 - $1 >> Int64(bits) }
    #expect(excess.allSatisfy { $0 == 0 || $0 == 1 })
  }
  expectCosts(
    traffic,
    costs.map { costs in
      [
        costs.multiplying([.elementwise(x.shape)]),
        costs.truncating([(x.count, 16), (x.count, 20)], additive: true),
      ]
    })
}

/// Matrix products with every transposition and convolutions with strides and padding, against the definition.
private func checkBilinear<Harness: SchemeHarness>(
  _ harness: Harness, _ generator: inout PublicGenerator, _ costs: (any CostModel)?
) async throws {
  for (m, k, n) in [(1, 1, 1), (3, 7, 5), (17, 64, 10), (19, 53, 17), (2, 0, 3)] {
    for (left, right) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = generator.words(left ? [k, m] : [m, k])
      let b = generator.words(right ? [n, k] : [k, n])
      let form = Bilinear.matmul(m: m, k: k, n: n, transposeLeft: left, transposeRight: right)
      let (values, traffic) = try await harness.evaluate([a, b]) { scheme, shares in
        try await scheme.reduce(try await scheme.multiply([Multiplication(form, shares[0], shares[1])]))
      }
      let exact = RingTensor(
        shape: [m, n],
        scalars: (0..<m * n).map { place in
          let (row, column) = (place / n, place % n)
          return (0..<k).reduce(0) { sum, inner in
            sum &+ a.scalars[left ? inner * m + row : row * k + inner]
              &* b.scalars[right ? column * k + inner : inner * n + column]
          }
        })
      #expect(mismatchCount(values[0].scalars, exact.scalars) == 0)
      expectCosts(traffic, costs.map { [$0.multiplying([form]), $0.reducing(additiveCounts: [m * n])] })
      let (doubled, _) = try await harness.evaluate([a, b]) { scheme, shares in
        try await scheme.reduce(
          try await scheme.multiply([Multiplication(form, shares[0], shares[1], isDoubled: true)]))
      }
      #expect(mismatchCount(doubled[0].scalars, exact.scaled(by: 2).scalars) == 0)
    }
  }
}
