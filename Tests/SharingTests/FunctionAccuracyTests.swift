import Arithmetic
import Foundation
import Graphs
import Sharing
import Tensors
import TestSupport
import Testing

/// Functions against double precision, on the numbers that the words stand for, over the declared domains.
///
/// Bounds are the published errors plus a fifth; below 16 fraction bits, where the last place is coarser than they are,
/// some units in the last place are added.
@Suite struct FunctionAccuracyTests {
  static let fractionBits = [10, 12, 16, 20, 24]

  /// `count` numbers from one end of the domain to the other, both included, and some special ones.
  static func grid(_ range: ClosedRange<Double>, count: Int, _ special: [Double] = []) -> [Double] {
    (0..<count).map { range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / Double(count - 1) }
      + special.filter(range.contains)
  }

  static func lastPlace(_ bits: Int) -> Double { Double(sign: .plus, exponent: -bits, significand: 1) }

  typealias Function<S: SharingScheme> =
    @Sendable (FixedPointArithmetic<S>, S.Share) async throws -> S.Share

  /// Checks one function of a vector on one scheme; `bound` is given the input and the exact result.
  static func check<Harness: SchemeHarness>(
    _ harness: Harness, _ inputs: [Double], fractionBits: Int, width: Int = 64,
    exact: (Double) -> Double, bound: (Double, Double) -> Double, _ function: @escaping Function<Harness.Scheme>
  ) async throws {
    let x = RingTensor(reals: inputs, fractionBits: fractionBits)
    let result = try await harness.evaluate([x]) { scheme, shares in
      let arithmetic = FixedPointArithmetic(scheme, fractionBits: fractionBits, comparisonWidth: width)
      return [try await function(arithmetic, shares[0])]
    }
    let values = result.values[0].reals(fractionBits: fractionBits)
    var worst = (ratio: 0.0, input: 0.0, value: 0.0)
    for (input, value) in zip(x.reals(fractionBits: fractionBits), values) {
      let ratio = abs(value - exact(input)) / bound(input, exact(input))
      if ratio > worst.ratio { worst = (ratio, input, value) }
    }
    #expect(
      worst.ratio <= 1,
      "\(Harness.self), \(fractionBits) bits: f(\(worst.input)) = \(worst.value), not \(exact(worst.input))")
  }

  @Test(arguments: fractionBits)
  func sigmoid(bits: Int) async throws {
    let inputs = Self.grid(-40...40, count: 2001, [0, 16, -16, 1e-4, -1e-4]) + [-1e5, 1e5, 15.9999, -15.9999]
    let bound = 1.2 * 6.5e-5 + (bits < 16 ? 2 * Self.lastPlace(bits) : 0)
    try await Self.check(
      ClearHarness(), inputs, fractionBits: bits, exact: { 1 / (1 + exp(-$0)) }, bound: { _, _ in bound }
    ) { try await $0.sigmoid([$1])[0] }
    try await Self.check(
      ReplicatedHarness(), inputs, fractionBits: bits, exact: { 1 / (1 + exp(-$0)) }, bound: { _, _ in bound }
    ) { try await $0.sigmoid([$1])[0] }
  }

  @Test(arguments: fractionBits)
  func tanh(bits: Int) async throws {
    let inputs = Self.grid(-20...20, count: 1001, [0, 8, -8]) + [-1e5, 1e5]
    let bound = 1.2 * 1.3e-4 + (bits < 16 ? 4 * Self.lastPlace(bits) : 0)
    try await Self.check(
      ClearHarness(), inputs, fractionBits: bits, exact: { Foundation.tanh($0) }, bound: { _, _ in bound }
    ) { try await $0.tanh([$1])[0] }
    try await Self.check(
      ReplicatedHarness(), inputs, fractionBits: bits, exact: { Foundation.tanh($0) }, bound: { _, _ in bound }
    ) { try await $0.tanh([$1])[0] }
  }

  @Test(arguments: fractionBits)
  func exponential(bits: Int) async throws {
    let inputs = Self.grid(-40...9.7, count: 2001, [0, 1, -16]) + [-1e5, -16.0001, -15.9999]
    let bound = { (_: Double, y: Double) in 1.2 * (1e-4 * y + 4 * Self.lastPlace(Swift.min(bits, 22))) }
    try await Self.check(
      ClearHarness(), inputs, fractionBits: bits, exact: { exp($0) }, bound: bound
    ) { try await $0.exponential([$1])[0] }
    try await Self.check(
      ReplicatedHarness(), inputs, fractionBits: bits, exact: { exp($0) }, bound: bound
    ) { try await $0.exponential([$1])[0] }
  }

  /// The error is proportional to the result, which has `bits` significant bits only.
  @Test(arguments: fractionBits)
  func reciprocal(bits: Int) async throws {
    let smallest = Double(sign: .plus, exponent: -(bits / 2), significand: 1)
    let largest = Double(sign: .plus, exponent: bits, significand: 1) - 1
    let positive =
      (0...400).map { smallest * Foundation.pow(largest / smallest, Double($0) / 400) } + [1, 2, 0.5, 0.75, 255, 256, 257]
    let inputs = (positive + positive.map { -$0 }).filter { abs($0) >= smallest && abs($0) <= largest }
    let bound = { (_: Double, y: Double) in 1.2 * (6.5 * abs(y) + 4) * Self.lastPlace(bits) }
    try await Self.check(
      ClearHarness(), inputs, fractionBits: bits, exact: { 1 / $0 }, bound: bound
    ) { try await $0.reciprocal([$1])[0] }
    try await Self.check(
      ReplicatedHarness(), inputs, fractionBits: bits, exact: { 1 / $0 }, bound: bound
    ) { try await $0.reciprocal([$1])[0] }
  }

  /// Values that only just fit into the declared width: comparisons within the functions reach beyond it.
  @Test(arguments: [(16, 32), (16, 24), (20, 24), (20, 32), (24, 28), (24, 32)])
  func narrowComparisons(bits: Int, width: Int) async throws {
    let edge = Double(sign: .plus, exponent: width - 1 - bits, significand: 1) - Self.lastPlace(bits)
    let inputs = Self.grid(-edge...edge, count: 501, [0])
    try await Self.check(
      ReplicatedHarness(), inputs, fractionBits: bits, width: width, exact: { 1 / (1 + exp(-$0)) },
      bound: { _, _ in 1.2 * 6.5e-5 }
    ) { try await $0.sigmoid([$1])[0] }
    try await Self.check(
      ReplicatedHarness(), inputs.filter { $0 < 9 }, fractionBits: bits, width: width, exact: { exp($0) },
      bound: { 1.2 * (1e-4 * $1 + 4 * Self.lastPlace(Swift.min(bits, 22))) }
    ) { try await $0.exponential([$1])[0] }
    let smallest = Double(sign: .plus, exponent: -(bits / 2), significand: 1)
    try await Self.check(
      ReplicatedHarness(), inputs.filter { abs($0) >= smallest }, fractionBits: bits, width: width,
      exact: { 1 / $0 }, bound: { 1.2 * (6.5 * abs($1) + 4) * Self.lastPlace(bits) }
    ) { try await $0.reciprocal([$1])[0] }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 10, 11, 100, 101, 300], fractionBits)
  func softmax(classes: Int, bits: Int) async throws {
    var generator = SeedTree(seed: 12).child(classes).generator()
    // Rows of small, of large, of equal and of far apart numbers.
    let rows = (0..<40).flatMap { row -> [Double] in
      let spread = [0, 0.1, 2, 10, 60][row % 5]
      return (0..<classes).map { _ in (generator.uniform() - 0.5) * spread + (row % 3 == 0 ? 30 : 0) }
    }
    let x = RingTensor(reals: rows, fractionBits: bits).reshaped(to: [40, classes])
    let published = classes <= 10 ? 4.0e-4 : 1.2e-3
    let bound = 1.2 * published + (bits < 16 ? 2 * Self.lastPlace(bits) : 0)
    let program = { (values: [RingTensor]) in
      let inputs = x.reals(fractionBits: bits)
      let results = values[0].reals(fractionBits: bits)
      for row in 0..<40 {
        let range = row * classes..<(row + 1) * classes
        let largest = inputs[range].max() ?? 0
        let powers = inputs[range].map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        let worst = zip(powers, results[range]).map { abs($0 / sum - $1) }.max() ?? 0
        #expect(worst < bound, "row \(row)")
      }
    }
    program(
      try await ClearHarness().evaluate([x]) {
        [try await FixedPointArithmetic($0, fractionBits: bits).softmax($1[0])]
      }.values)
    program(
      try await ReplicatedHarness().evaluate([x]) {
        [try await FixedPointArithmetic($0, fractionBits: bits).softmax($1[0])]
      }.values)
  }
}
