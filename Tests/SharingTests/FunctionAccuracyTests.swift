import Arithmetic
import Foundation
import Sharing
import Tensors
import TestSupport
import Testing

/// A function of one number, with its oracle in double precision and its error.
///
/// Bounds are the published errors plus a fifth; below 16 fraction bits, where the last place is coarser than they are,
/// some units in the last place are added.
enum ScalarFunction: CaseIterable, Sendable {
  case sigmoid, tanh, exponential, reciprocal

  func callAsFunction<Scheme: SharingScheme>(
    _ arithmetic: FixedPointArithmetic<Scheme>, _ x: Scheme.Share
  ) async throws -> Scheme.Share {
    switch self {
    case .sigmoid: try await arithmetic.sigmoid([x])[0]
    case .tanh: try await arithmetic.tanh([x])[0]
    case .exponential: try await arithmetic.exponential([x])[0]
    case .reciprocal: try await arithmetic.reciprocal([x])[0]
    }
  }

  func exact(_ x: Double) -> Double {
    switch self {
    case .sigmoid: 1 / (1 + exp(-x))
    case .tanh: Foundation.tanh(x)
    case .exponential: exp(x)
    case .reciprocal: 1 / x
    }
  }

  /// The error allowed where the exact result is `y`.
  func bound(_ y: Double, fractionBits: Int) -> Double {
    let unit = Self.lastPlace(fractionBits)
    let coarse = fractionBits < 16 ? unit : 0
    return switch self {
    case .sigmoid: 1.2 * 6.5e-5 + 2 * coarse
    case .tanh: 1.2 * 1.3e-4 + 4 * coarse
    // The inner precision has 24 bits, whatever the outer one.
    case .exponential: 1.2 * (1e-4 * y + 4 * max(unit, Self.lastPlace(22)))
    // The result has as many significant bits as there are fraction bits.
    case .reciprocal: 1.2 * (6.5 * abs(y) + 4) * unit
    }
  }

  func isDefined(at x: Double, fractionBits: Int) -> Bool {
    switch self {
    case .sigmoid, .tanh: true
    case .exponential: x <= 9.7
    case .reciprocal:
      abs(x) >= Self.lastPlace(fractionBits / 2) && abs(x) < Double(sign: .plus, exponent: fractionBits, significand: 1)
    }
  }

  static func lastPlace(_ bits: Int) -> Double { Double(sign: .plus, exponent: -bits, significand: 1) }
}

@Suite struct FunctionAccuracyTests {
  static let fractionBits = [10, 12, 16, 20, 24]

  /// Checks a function on the numbers that words stand for, those outside its domain left out.
  static func check(
    _ function: ScalarFunction, _ harness: some SchemeHarness, _ inputs: [Double], fractionBits: Int, width: Int = 64
  ) async throws {
    let inputs = inputs.filter { function.isDefined(at: $0, fractionBits: fractionBits) }
    let x = RingTensor(reals: inputs, fractionBits: fractionBits)
    let result = try await harness.evaluate([x]) { scheme, shares in
      let arithmetic = FixedPointArithmetic(scheme, fractionBits: fractionBits, comparisonWidth: width)
      return [try await function(arithmetic, shares[0])]
    }
    var worst = (ratio: 0.0, input: 0.0, value: 0.0)
    for (input, value) in zip(x.reals(fractionBits: fractionBits), result.values[0].reals(fractionBits: fractionBits)) {
      let exact = function.exact(input)
      let ratio = abs(value - exact) / function.bound(exact, fractionBits: fractionBits)
      if ratio > worst.ratio { worst = (ratio, input, value) }
    }
    #expect(worst.ratio <= 1, "f(\(worst.input)) = \(worst.value), not \(function.exact(worst.input))")
  }

  /// Numbers from one end of a range to the other, both included.
  static func grid(_ range: ClosedRange<Double>, count: Int) -> [Double] {
    (0..<count).map { range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / Double(count - 1) }
  }

  @Test(arguments: ScalarFunction.allCases, fractionBits)
  func wholeDomain(_ function: ScalarFunction, bits: Int) async throws {
    let far = [1e-4, 0.5, 0.75, 1, 2, 8, 15.9999, 16, 16.0001, 255, 256, 257, 1023, 1e5]
    let geometric = (-120...240).map { exp2(Double($0) / 10) }.filter { $0 < 1e6 }
    let positive = far + geometric + [exp2(Double(bits)) - 1, ScalarFunction.lastPlace(bits / 2)]
    let inputs = Self.grid(-40...40, count: 2001) + [0, 9.7] + positive + positive.map { -$0 }
    try await Self.check(function, ClearHarness(), inputs, fractionBits: bits)
    try await Self.check(function, ReplicatedHarness(), inputs, fractionBits: bits)
  }

  /// Values that only just fit into the declared width: comparisons within the functions reach beyond it.
  @Test(arguments: ScalarFunction.allCases, [(16, 32), (16, 24), (20, 24), (20, 32), (24, 28), (24, 32)])
  func narrowComparisons(_ function: ScalarFunction, _ precision: (bits: Int, width: Int)) async throws {
    // tanh doubles its argument first.
    let headroom = function == .tanh ? 2 : 1
    let edge =
      exp2(Double(precision.width - headroom - precision.bits)) - ScalarFunction.lastPlace(precision.bits)
    try await Self.check(
      function, ReplicatedHarness(), Self.grid(-edge...edge, count: 501) + [0], fractionBits: precision.bits,
      width: precision.width)
  }

  /// Rows of equal, of close, of far apart and of large numbers.
  @Test(arguments: [1, 2, 3, 4, 5, 10, 11, 100, 101, 300], fractionBits)
  func softmax(classes: Int, bits: Int) async throws {
    var generator = SeedTree(seed: 12).child(classes).generator()
    let rows = (0..<40).flatMap { row -> [Double] in
      let spread = [0, 0.1, 2, 10, 60][row % 5]
      return (0..<classes).map { _ in (generator.uniform() - 0.5) * spread + (row % 3 == 0 ? 30 : 0) }
    }
    let x = RingTensor(reals: rows, fractionBits: bits).reshaped(to: [40, classes])
    let clear = try await ClearHarness().evaluate([x]) {
      [try await FixedPointArithmetic($0, fractionBits: bits).softmax($1[0])]
    }
    let secret = try await ReplicatedHarness().evaluate([x]) {
      [try await FixedPointArithmetic($0, fractionBits: bits).softmax($1[0])]
    }
    let bound = 1.2 * (classes <= 10 ? 4.0e-4 : 1.2e-3) + (bits < 16 ? 2 * ScalarFunction.lastPlace(bits) : 0)
    let inputs = x.reals(fractionBits: bits)
    for results in [clear, secret].map({ $0.values[0].reals(fractionBits: bits) }) {
      for row in 0..<40 {
        let range = row * classes..<(row + 1) * classes
        let largest = inputs[range].max() ?? 0
        let powers = inputs[range].map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        let worst = zip(powers, results[range]).map { abs($0 / sum - $1) }.max() ?? 0
        #expect(worst < bound, "row \(row)")
      }
    }
  }
}
