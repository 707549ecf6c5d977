import Foundation
import Privacy
import Testing

/// Chi-square tests of fresh draws. Each raises a false alarm with probability about 1e-7, by Wilson and Hilferty's
/// approximation of the chi-square distribution; the cells have at least 20 expected draws each.
@Suite struct SamplerTests {
  static let count = 60_000

  /// The exceeded statistic, if any: cells of draws against weights of whole numbers in a range, what is outside pooled.
  static func alarm(_ draws: [Int], range: ClosedRange<Int>, weight: (Int) -> Double) -> String? {
    let total = range.reduce(0) { $0 + weight($1) }
    var counts: [Int: Int] = [:]
    for draw in draws { counts[draw, default: 0] += 1 }
    var cells: [(expected: Double, observed: Double)] = [(0, 0)]
    for k in range {
      cells[cells.count - 1].expected += weight(k) / total * Double(draws.count)
      cells[cells.count - 1].observed += Double(counts[k] ?? 0)
      if cells[cells.count - 1].expected >= 20 { cells.append((0, 0)) }
    }
    if let last = cells.popLast(), !cells.isEmpty {
      cells[cells.count - 1].expected += last.expected
      cells[cells.count - 1].observed += last.observed
    }
    let outside = draws.filter { !range.contains($0) }.count
    let statistic = cells.reduce(0) { $0 + pow($1.observed - $1.expected, 2) / $1.expected }
    let freedom = Double(cells.count - 1)
    let normal = (cbrt(statistic / freedom) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)).squareRoot()
    // 5.2 standard deviations: one-sided 1e-7. Outside of the ranges here lie less than 1e-12 of the weights.
    return normal > 5.2 || outside > 0 ? "\(normal) deviations, \(outside) outside" : nil
  }

  @Test(arguments: [(1, 3), (1, 1), (11, 2), (40, 1)] as [(UInt64, UInt64)])
  func discreteLaplace(top: UInt64, bottom: UInt64) throws {
    let scale = try Ratio(top, bottom)
    let draws = DiscreteLaplace(scale: scale).draws(Self.count)
    let reach = Int(30 * scale.value) + 5
    #expect(Self.alarm(draws, range: -reach...reach) { exp(-Double(abs($0)) / scale.value) } == nil)
  }

  @Test(arguments: [(1, 4), (1, 1), (401, 4), (1600, 1)] as [(UInt64, UInt64)])
  func discreteGaussian(top: UInt64, bottom: UInt64) throws {
    let variance = try Ratio(top, bottom)
    let draws = DiscreteGaussian(variance: variance).draws(Self.count)
    let reach = Int(8 * variance.value.squareRoot()) + 2
    #expect(Self.alarm(draws, range: -reach...reach) { exp(-Double($0 * $0) / (2 * variance.value)) } == nil)
  }

  /// The fast kernel against differences of the normal distribution function, every whole number its own cell.
  @Test(arguments: [4, 6]) func gaussianNoise(bits: Int) throws {
    let draws = try GaussianNoise(bits: bits).draws(1_000_000).map { Int($0) }
    let scale = exp2(Double(bits))
    let reach = Int(8 * scale)
    let tail = { (x: Double) in 0.5 * erfc(x / scale / 2.0.squareRoot()) }
    // The upper tail on either side, so that nothing cancels.
    let weight = { (k: Int) in tail(Double(abs(k)) - 0.5) - tail(Double(abs(k)) + 0.5) }
    #expect(Self.alarm(draws, range: -reach...reach, weight: weight) == nil)
  }

  /// The lowest bits of fine noise are fair: 26 bits of resolution, the last four uniform.
  @Test func lowBitsOfNoise() throws {
    let draws = try GaussianNoise(bits: 26).draws(200_000).map { Int($0) & 15 }
    #expect(Self.alarm(draws, range: 0...15) { _ in 1 } == nil)
  }

  /// Candidates that the kernel leaves undecided, decided with more bits: all words in the middle of a cell agree with it.
  @Test func undecidedCandidates() throws {
    let noise = try GaussianNoise(bits: 10)
    // Cell 0, place 1/2: e^(−1/32) accepts up to 0.969 of 2^64.
    #expect(noise.decided(0, 1 << 63, 0) == 256)
    #expect(noise.decided(0, 1 << 63 | 1, 0) == -256)
    #expect(noise.decided(0, 1 << 63, UInt64(0.9692 * exp2(64))) == 256)
    #expect(noise.decided(0, 1 << 63, UInt64(0.9693 * exp2(64))) == nil)
    // The last cell, v close to 0: P(Y ≥ 26) is about 2^-123, so only a word of ones reaches it.
    #expect(noise.decided(.max >> 1, 0, 0) == 512)
    // Cell 3, place 1/4: e^(−(1/4)(6 + 1/4)/8) = 0.82259.
    #expect(noise.decided(0xe000_0000_0000_0000, 1 << 62, UInt64(0.8225 * exp2(64))) == 3 * 512 + 128)
    #expect(noise.decided(0xe000_0000_0000_0000, 1 << 62, UInt64(0.8227 * exp2(64))) == nil)
  }

  @Test(arguments: [2, 50]) func skellam(variance: Int) throws {
    let draws = try Skellam(variance: variance).draws(Self.count)
    let reach = Int(8 * Double(variance).squareRoot()) + 10
    // P(k) by the Bessel function's integral, (1/π) ∫ e^(v (cos t − 1)) cos kt dt.
    let weight = { (k: Int) -> Double in
      let nodes = 400
      return (0..<nodes).reduce(0.0) {
        let angle = Double.pi * (Double($1) + 0.5) / Double(nodes)
        return $0 + exp(Double(variance) * (cos(angle) - 1)) * cos(Double(k) * angle)
      }
    }
    #expect(Self.alarm(draws, range: -reach...reach) { max(weight($0), 0) } == nil)
  }

  @Test func samplersRefuse() {
    #expect(throws: MechanismError.self) { try GaussianNoise(bits: 27) }
    #expect(throws: MechanismError.self) { try Skellam(variance: 3) }
    #expect(throws: MechanismError.self) { try Ratio(0, 1) }
    #expect(throws: MechanismError.self) { try Ratio(atMost: .nan, what: "ε") }
  }
}
