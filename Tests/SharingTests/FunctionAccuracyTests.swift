import Arithmetic
import Foundation
import Sharing
import Tensors
import TestSupport
import Testing

/// A function of one number, with its oracle in double precision and its error.
///
/// Bounds are those of the functions' own comments, which are below the published errors plus a fifth.
enum ScalarFunction: CaseIterable, Sendable {
  case sigmoid, tanh, exponential, reciprocal, gelu, inverseSquareRoot, squareRoot, logarithm, absolute, clip

  static let clipRange = -1.25...0.5

  func callAsFunction<Scheme: SharingScheme>(
    _ arithmetic: FixedPointArithmetic<Scheme>, _ x: Scheme.Share, width: Int? = nil
  ) async throws -> Scheme.Share {
    switch self {
    case .sigmoid: try await arithmetic.sigmoid([x], width: width)[0]
    case .tanh: try await arithmetic.tanh([x], width: width)[0]
    case .exponential: try await arithmetic.exponential([x], width: width)[0]
    case .reciprocal: try await arithmetic.reciprocal([x], width: width)[0]
    case .gelu: try await arithmetic.gelu([x], width: width)[0]
    case .inverseSquareRoot: try await arithmetic.inverseSquareRoot([x], width: width)[0]
    case .squareRoot: try await arithmetic.squareRoot([x], width: width)[0]
    case .logarithm: try await arithmetic.logarithm([x], width: width)[0]
    case .absolute: try await arithmetic.absolute([x], width: width)[0]
    case .clip: try await arithmetic.clip([x], to: Self.clipRange, width: width)[0]
    }
  }

  func exact(_ x: Double) -> Double {
    switch self {
    case .sigmoid: 1 / (1 + exp(-x))
    case .tanh: Foundation.tanh(x)
    case .exponential: exp(x)
    case .reciprocal: 1 / x
    case .gelu: x / 2 * (1 + erf(x * 0.5.squareRoot()))
    case .inverseSquareRoot: 1 / x.squareRoot()
    case .squareRoot: x.squareRoot()
    case .logarithm: log(x)
    case .absolute: abs(x)
    case .clip: min(max(x, Self.clipRange.lowerBound), Self.clipRange.upperBound)
    }
  }

  /// The error allowed where the exact result is `y`.
  func bound(_ y: Double, fractionBits: Int) -> Double {
    let unit = Self.lastPlace(fractionBits)
    return switch self {
    case .sigmoid: 2e-5 + unit
    case .tanh: 4e-5 + 2 * unit
    case .exponential: 7.5e-6 * y + 3e-7 + 2 * unit
    case .reciprocal, .squareRoot: 4e-7 * abs(y) + 2 * unit
    case .inverseSquareRoot: 4e-7 * abs(y) + 3 * unit
    case .gelu: 1.7e-4 + unit
    case .logarithm: 2e-6 + unit
    case .absolute, .clip: 0
    }
  }

  func isDefined(at x: Double, fractionBits: Int) -> Bool {
    let top = Double(sign: .plus, exponent: fractionBits, significand: 1)
    return switch self {
    case .sigmoid, .tanh, .gelu, .absolute, .clip: true
    case .exponential: x <= 9.7
    case .reciprocal: abs(x) >= Self.lastPlace(fractionBits / 2) && abs(x) < top
    case .inverseSquareRoot, .logarithm: x >= Self.lastPlace(fractionBits) && x < top
    case .squareRoot: x >= 0 && x < top
    }
  }

  static func lastPlace(_ bits: Int) -> Double { Double(sign: .plus, exponent: -bits, significand: 1) }
}

@Suite struct FunctionAccuracyTests {
  static let fractionBits = [10, 12, 16, 20, 24]

  /// Checks a function on the numbers that words stand for, those outside its domain left out.
  static func check(
    _ function: ScalarFunction, _ harness: some SchemeHarness, _ inputs: [Double], fractionBits: Int, width: Int? = nil
  ) async throws {
    let inputs = inputs.filter { function.isDefined(at: $0, fractionBits: fractionBits) }
    let x = RingTensor(reals: inputs, fractionBits: fractionBits)
    let result = try await harness.evaluate([x]) { scheme, shares in
      let arithmetic = FixedPointArithmetic(scheme, fractionBits: fractionBits)
      return [try await function(arithmetic, shares[0], width: width)]
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
    let unit = ScalarFunction.lastPlace(bits)
    let positive =
      far + geometric + [
        exp2(Double(bits)) - 1, exp2(Double(bits)) - unit, ScalarFunction.lastPlace(bits / 2), unit, 3 * unit,
      ]
    let inputs = Self.grid(-40...40, count: 2001) + [0, 9.7] + positive + positive.map { -$0 }
    try await Self.check(function, ClearHarness(), inputs, fractionBits: bits)
    try await Self.check(function, ReplicatedHarness(), inputs, fractionBits: bits)
  }

  /// Values that only just fit into the declared width: comparisons within the functions reach beyond it.
  @Test(arguments: ScalarFunction.allCases, [(16, 32), (16, 24), (20, 24), (20, 32), (24, 28), (24, 32)])
  func narrowComparisons(_ function: ScalarFunction, _ precision: (bits: Int, width: Int)) async throws {
    let edge = exp2(Double(precision.width - 1 - precision.bits)) - ScalarFunction.lastPlace(precision.bits)
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
    let inputs = x.reals(fractionBits: bits)
    let unit = ScalarFunction.lastPlace(bits)
    let bounds = (4e-6 * Double(classes + 2) + 2 * unit, 4e-6 * Double(classes + 1) + 2 * unit)
    func check(_ values: [RingTensor]) {
      let (shares, logarithms) = (values[0].reals(fractionBits: bits), values[1].reals(fractionBits: bits))
      var worst = (share: 0.0, logarithm: 0.0)
      for row in 0..<40 {
        let range = row * classes..<(row + 1) * classes
        let largest = inputs[range].max() ?? 0
        let sum = inputs[range].map { exp($0 - largest) }.reduce(0, +)
        for index in range {
          worst.share = max(worst.share, abs(exp(inputs[index] - largest) / sum - shares[index]))
          worst.logarithm = max(worst.logarithm, abs(inputs[index] - largest - log(sum) - logarithms[index]))
        }
      }
      #expect(worst.share < bounds.0)
      #expect(worst.logarithm < bounds.1)
    }
    check(
      try await ClearHarness().evaluate([x]) { scheme, shares in
        let arithmetic = FixedPointArithmetic(scheme, fractionBits: bits)
        return [try await arithmetic.softmax(shares[0]), try await arithmetic.logSoftmax(shares[0])]
      }.values)
    check(
      try await ReplicatedHarness().evaluate([x]) { scheme, shares in
        let arithmetic = FixedPointArithmetic(scheme, fractionBits: bits)
        return [
          try await arithmetic.softmax(shares[0]),
          try await arithmetic.logSoftmax(shares[0], width: min(bits + 10, 64)),
        ]
      }.values)
  }

  /// Arguments that need no clip, as their width says.
  @Test(arguments: [(2, 16), (10, 20), (600, 16)])
  func boundedSoftmax(classes: Int, bits: Int) async throws {
    var generator = SeedTree(seed: 13).child(classes).generator()
    let rows = (0..<3 * classes).map { _ in generator.uniform() * 15.9 - 7.95 }
    let x = RingTensor(reals: rows, fractionBits: bits).reshaped(to: [3, classes])
    let values = try await ReplicatedHarness().evaluate([x]) { scheme, shares in
      [try await FixedPointArithmetic(scheme, fractionBits: bits).softmax(shares[0], width: bits + 4)]
    }.values[0].reals(fractionBits: bits)
    let inputs = x.reals(fractionBits: bits)
    let bound = 4e-6 * Double(classes + 2) + 2 * ScalarFunction.lastPlace(bits)
    for row in 0..<3 {
      let range = row * classes..<(row + 1) * classes
      let sum = inputs[range].map { exp($0) }.reduce(0, +)
      #expect(range.allSatisfy { abs(exp(inputs[$0]) / sum - values[$0]) < bound })
    }
  }

  private static func quotient<Scheme: SharingScheme>(
    _ scheme: Scheme, _ shares: [Scheme.Share], _ bits: Int
  ) async throws -> [Scheme.Share] {
    try await FixedPointArithmetic(scheme, fractionBits: bits).divide([(shares[0], by: shares[1])])
  }

  /// Quotients of numbers of all sizes; relative error 8e-7 and 4 units in the last place.
  @Test(arguments: fractionBits)
  func quotients(bits: Int) async throws {
    var generator = SeedTree(seed: 14).child(bits).generator()
    let unit = ScalarFunction.lastPlace(bits)
    var pairs: [(Double, Double)] = [(1, 1), (-1, 1), (0, 3), (0, -0.25), (7, -1)]
    for _ in 0..<2000 {
      let divisor = exp2((generator.uniform() * 1.5 - 0.5) * Double(bits) * 0.99) * (generator.uniform() < 0.5 ? -1 : 1)
      let quotient = exp2(generator.uniform() * 26 - 12) * (generator.uniform() < 0.5 ? -1 : 1)
      if abs(quotient * divisor) < exp2(Double(bits)) { pairs.append((quotient * divisor, divisor)) }
    }
    let a = RingTensor(reals: pairs.map(\.0), fractionBits: bits)
    let b = RingTensor(reals: pairs.map(\.1), fractionBits: bits)
    for values in [
      try await ClearHarness().evaluate([a, b]) { try await Self.quotient($0, $1, bits) }.values[0],
      try await ReplicatedHarness().evaluate([a, b]) { try await Self.quotient($0, $1, bits) }.values[0],
    ] {
      var worst = 0.0
      for (value, (x, y)) in zip(
        values.reals(fractionBits: bits), zip(a.reals(fractionBits: bits), b.reals(fractionBits: bits)))
      where abs(y) >= ScalarFunction.lastPlace(bits / 2) {
        worst = max(worst, abs(value - x / y) / (8e-7 * abs(x / y) + 4 * unit))
      }
      #expect(worst <= 1)
    }
  }

  /// Error n·|x|^(n−1) units in the last place for each of the products, and the reciprocal's own.
  @Test(arguments: [-3, -1, 0, 1, 2, 3, 4, 5, 6, 7, 11, 16], [10, 16, 20, 24])
  func powers(exponent: Int, bits: Int) async throws {
    let unit = ScalarFunction.lastPlace(bits)
    let top = exp2(Double(62 - 2 * bits) / Double(max(exponent.magnitude, 2))) * 0.99
    let inputs = Self.grid(-min(top, 8)...min(top, 8), count: 401).filter { exponent >= 0 || abs($0) > 0.3 }
    let x = RingTensor(reals: inputs, fractionBits: bits)
    let values = try await ReplicatedHarness().evaluate([x]) { scheme, shares in
      try await FixedPointArithmetic(scheme, fractionBits: bits).power(shares, exponent)
    }.values[0].reals(fractionBits: bits)
    let n = Double(exponent.magnitude)
    for (x, value) in zip(x.reals(fractionBits: bits), values) {
      let exact = pow(x, Double(exponent))
      let base = exponent < 0 ? 1 / abs(x) : abs(x)
      let bound =
        (exponent < 0 ? 3 : 1) * n * max(1, pow(base, max(n - 1, 0))) * (unit + (exponent < 0 ? 4e-7 * base : 0))
      #expect(abs(value - exact) <= bound, "\(x)^\(exponent) = \(value)")
    }
  }
}
