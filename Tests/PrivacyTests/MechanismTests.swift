import Foundation
import Privacy
import Testing

@Suite struct MechanismTests {
  private let bits = SecureBits()

  @Test func gaussianReleaseLiesOnItsGrid() throws {
    let mechanism = try GaussianMechanism(standardDeviation: 0.3, sensitivity: 1, bits: 12)
    let released = try mechanism.release([Double](repeating: 1.2345, count: 20_000))
    for value in released { #expect(abs((value / mechanism.step).rounded() * mechanism.step - value) < 1e-12) }
    let mean = released.reduce(0, +) / Double(released.count)
    let variance = released.reduce(0) { $0 + pow($1 - mean, 2) } / Double(released.count)
    // 5.5 standard errors of mean and variance: false alarms below 1e-7.
    #expect(abs(mean - 1.2345) < 5.5 * 0.3 / 20_000.squareRoot() + mechanism.step)
    #expect(abs(variance / 0.09 - 1) < 5.5 * (2 / 20_000).squareRoot() + 1e-6)
    // Rounding 10,000 coordinates to σ/2^12 adds 0.3·100/4096 to the sensitivity.
    #expect(mechanism.event(count: 10_000) == .gaussian(noiseMultiplier: 0.3 / (1 + 0.3 * 100 / 4096)))
  }

  @Test func gaussianIsCalibratedAnalytically() throws {
    let mechanism = try GaussianMechanism(epsilon: 1, delta: 1e-5, sensitivity: 3, count: 100)
    // dp_epsilon.csv: σ = 3.730631635 at (1, 1e-5).
    #expect(abs(mechanism.standardDeviation / 3 / 3.730631635 - 1) < 1e-4)
    let epsilon = try LossAccountant().epsilon(of: mechanism.event(count: 100), delta: 1e-5)
    #expect(epsilon <= 1 && epsilon > 0.99999)
  }

  @Test func laplaceOnAGrid() throws {
    let mechanism = try LaplaceMechanism(epsilon: 0.5, sensitivity: 2)
    let released = try (0..<20_000).map { _ in try mechanism.release(7.1, bits: bits) }
    let size = released.reduce(0) { $0 + abs($1 - 7.1) } / 20_000
    // The mean distance of Laplace noise is its scale 4, with a standard error of scale/√n.
    #expect(abs(size - 4) < 5.5 * 4 / 20_000.squareRoot() + 1e-3)
    let epsilon = try LossAccountant().epsilon(of: mechanism.event, delta: 0)
    #expect(epsilon <= 0.5 + 1e-12 && epsilon > 0.49999)
    #expect(throws: MechanismError.self) { try mechanism.release(.nan) }
    #expect(throws: MechanismError.self) { try LaplaceMechanism(epsilon: 0, sensitivity: 1) }
  }

  /// Of four answers the true one comes with probability e^ε/(e^ε + 3).
  @Test func randomisedResponse() throws {
    let response = try RandomisedResponse(count: 4, epsilon: Ratio(3, 2))
    let draws = (0..<40_000).map { _ in response.answer(2, bits: bits) }
    #expect(SamplerTests.alarm(draws, range: 0...3) { $0 == 2 ? exp(1.5) : 1 } == nil)
  }

  /// Permute-and-flip of three candidates, in closed form by its recursion over orders.
  @Test func exponentialMechanism() throws {
    let mechanism = try ExponentialMechanism(epsilon: Ratio(2, 1), sensitivity: 1)
    let scores = [5, 4, 3]
    let keep = scores.map { exp(Double($0 - 5)) }
    var exact = [0.0, 0, 0]
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      var left = 1.0 / 6
      for candidate in order {
        exact[candidate] += left * keep[candidate]
        left *= 1 - keep[candidate]
      }
    }
    let draws = try (0..<40_000).map { _ in try #require(mechanism.choice(scores: scores, bits: bits)) }
    #expect(SamplerTests.alarm(draws, range: 0...2) { exact[$0] } == nil)
    #expect(mechanism.choice(scores: []) == nil)
  }

  @Test func sparseVector() throws {
    var vector = try SparseVector(threshold: 1000, sensitivity: 1, answers: 2, epsilon: 4, bits: bits)
    // Scales are 0.5 and 2: a distance of 200 is crossed with probability below e^−99.
    #expect((0..<50).allSatisfy { _ in vector.isAbove(800) == false })
    #expect(vector.isAbove(1200) == true && vector.isAbove(1200) == true)
    #expect(vector.isAbove(1200) == nil && vector.event == .pure(epsilon: 4))
  }
}
