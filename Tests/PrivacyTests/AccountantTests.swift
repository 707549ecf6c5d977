import Foundation
import Privacy
import Testing

@Suite struct AccountantTests {
  private let renyi = RenyiAccountant()
  private let losses = LossAccountant()

  /// Every odd point gets an answer that both accountants agree on in order, or a refusal in words.
  @Test(arguments: [0, 1e-9, 1e-5, 0.3, 0.999, 1.0], [1e-4, 0.01, 0.5, 100, 1e6])
  func oddPoints(rate: Double, noise: Double) throws {
    for (steps, delta) in [(0, 1e-5), (1, 1e-200), (1, 0.9), (7, 1e-5), (1_000_000, 1e-12)] {
      let event = PrivacyEvent.privateTraining(samplingRate: rate, noiseMultiplier: noise, steps: steps)
      let upper = Self.answer(renyi, event, delta)
      let tight = Self.answer(losses, event, delta)
      #expect(upper.isNaN || upper >= 0, "\(event) at \(delta)")
      // Rényi's conversion is never tight; 1e-2 is what the finest grid may lose at a million steps.
      #expect(tight.isNaN || upper.isNaN || tight >= 0 && tight <= upper * 1.01 + 1e-9, "\(event) at \(delta)")
      if rate == 0 || steps == 0 { #expect(upper == 0 && tight == 0) }
    }
  }

  private static func answer(_ accountant: some PrivacyAccountant, _ event: PrivacyEvent, _ delta: Double) -> Double {
    do { return try accountant.epsilon(of: event, delta: delta) } catch {
      #expect("\(error)".contains(": "))
      return .nan
    }
  }

  @Test(arguments: AccountantKind.allCases) func refusals(kind: AccountantKind) {
    let accountant = kind.accountant()
    for event: PrivacyEvent in [
      .gaussian(noiseMultiplier: -1), .gaussian(noiseMultiplier: .nan), .gaussian(noiseMultiplier: 0),
      .poissonSampled(rate: 1.5, .gaussian(noiseMultiplier: 1)), .repeated(.pure(epsilon: 1), count: -1),
      .repeated(.repeated(.gaussian(noiseMultiplier: 1), count: .max), count: .max),
      .sampledWithoutReplacement(size: 3, population: 2, .gaussian(noiseMultiplier: 1)),
      .sampledWithoutReplacement(size: 1, population: 2, .gaussian(noiseMultiplier: 1)),
      .poissonSampled(rate: 0.1, .composed([.gaussian(noiseMultiplier: 1), .pure(epsilon: 1)])),
      .poissonSampled(rate: 0.1, .concentrated(rho: 1)), .unbounded(reason: "batch statistics"),
    ] {
      #expect(throws: AccountingError.self, "\(event)") { try accountant.epsilon(of: event, delta: 1e-5) }
    }
    for delta in [-1, 1, .nan, 2, 1e-300] {
      #expect(throws: AccountingError.self) {
        try accountant.epsilon(of: .gaussian(noiseMultiplier: 1), delta: delta)
      }
    }
    #expect(throws: AccountingError.self) { try accountant.epsilon(of: .gaussian(noiseMultiplier: 1), delta: 0) }
  }

  /// k Gaussian mechanisms are one: nested repetitions, a doubled sensitivity, a sample of a sample.
  @Test func normalForms() throws {
    let one = try losses.epsilon(of: .gaussian(noiseMultiplier: 1), delta: 1e-6)
    let nested = PrivacyEvent.composed([
      .repeated(.repeated(.gaussian(noiseMultiplier: 4), count: 2), count: 4),
      .scaled(sensitivity: 2, .repeated(.gaussian(noiseMultiplier: 4), count: 2)),
    ])
    #expect(abs(try losses.epsilon(of: nested, delta: 1e-6) / one - 1) < 1e-9)
    let twice = PrivacyEvent.poissonSampled(rate: 0.1, .poissonSampled(rate: 0.2, .gaussian(noiseMultiplier: 1)))
    let once = PrivacyEvent.poissonSampled(rate: 0.1 * 0.2, .gaussian(noiseMultiplier: 1))
    #expect(try losses.epsilon(of: twice, delta: 1e-6) == losses.epsilon(of: once, delta: 1e-6))
  }

  /// Randomised response k times, in closed form: δ(ε) = Σ C(k, i) (e^(ε₀(k − i)) − e^(ε + ε₀i))₊ / (1 + e^ε₀)^k over
  /// i wrong answers (Kairouz, Oh and Viswanath, ICML 2015, theorem 3.3).
  @Test func pureMechanismsCompose() throws {
    let (epsilon, count, delta) = (0.3, 12, 1e-4)
    let ours = try losses.epsilon(of: .repeated(.pure(epsilon: epsilon), count: count), delta: delta)
    let curve = { (total: Double) in
      var (sum, binomial) = (0.0, 1.0)
      for wrong in 0...count {
        sum += binomial * max(0, exp(epsilon * Double(count - wrong)) - exp(total + epsilon * Double(wrong)))
        binomial *= Double(count - wrong) / Double(wrong + 1)
      }
      return sum / pow(1 + exp(epsilon), Double(count))
    }
    #expect(curve(ours) <= delta && curve(ours * 0.999) > delta)
    #expect(try renyi.epsilon(of: .repeated(.pure(epsilon: epsilon), count: count), delta: delta) > ours)
    #expect(abs(try losses.epsilon(of: .repeated(.pure(epsilon: 0.5), count: 4), delta: 0) - 2) < 1e-12)
  }

  /// Different events together lie between the dearest one and the sum, and Rényi's bound above the losses'.
  @Test func differentEvents() throws {
    let parts: [PrivacyEvent] = [
      .privateTraining(samplingRate: 0.02, noiseMultiplier: 1.2, steps: 300), .laplace(noiseMultiplier: 4),
      .discreteGaussian(scale: 12, sensitivity: 3), .repeated(.discreteLaplace(scale: 30, sensitivity: 7), count: 3),
      .poissonSampled(rate: 0.1, .laplace(noiseMultiplier: 1)), .pure(epsilon: 0.1),
    ]
    let single = try parts.map { try losses.epsilon(of: $0, delta: 1e-6) }
    let whole = try losses.epsilon(of: .composed(parts), delta: 6e-6)
    let upper = try renyi.epsilon(of: .composed(parts.filter { $0 != parts[4] }), delta: 1e-6)
    #expect(whole > (single.max() ?? 0) && whole < single.reduce(0, +))
    #expect(upper > (try losses.epsilon(of: .composed(parts.filter { $0 != parts[4] }), delta: 1e-6)))
  }

  /// A discrete Gaussian of scale 20 is the continuous one but for 1e-3.
  @Test func discreteGaussianIsLikeTheContinuousOne() throws {
    let discrete = try losses.epsilon(of: .discreteGaussian(scale: 20, sensitivity: 10), delta: 1e-5)
    let continuous = try losses.epsilon(of: .gaussian(noiseMultiplier: 2), delta: 1e-5)
    #expect(abs(discrete / continuous - 1) < 2e-3)
  }

  /// Samples of fixed size: for replaced records only, cheaper than all records and dearer as the sample grows.
  @Test func samplingWithoutReplacement() throws {
    let accountant = RenyiAccountant(neighbours: .replaceOne)
    let costs = try [10, 100, 1000].map {
      try accountant.epsilon(
        of: .repeated(.sampledWithoutReplacement(size: $0, population: 1000, .gaussian(noiseMultiplier: 2)), count: 50),
        delta: 1e-5)
    }
    #expect(costs[0] < costs[1] && costs[1] < costs[2])
    #expect(throws: AccountingError.self) {
      try accountant.epsilon(of: .poissonSampled(rate: 0.1, .gaussian(noiseMultiplier: 1)), delta: 1e-5)
    }
  }

  /// The bound of the Skellam mechanism lies above the divergence itself, summed over its probabilities.
  @Test(arguments: [2.0, 5, 16]) func skellamBound(order: Double) throws {
    let variance = 40.0
    // log P(k) by the Bessel function's integral (1/π) ∫ e^(v cos t) cos kt dt, v the variance.
    let probability = { (k: Int) -> Double in
      let count = 2000
      let sum = (0..<count).reduce(0.0) {
        let angle = Double.pi * (Double($1) + 0.5) / Double(count)
        return $0 + exp(variance * (cos(angle) - 1)) * cos(Double(k) * angle)
      }
      return sum / Double(count)
    }
    let table = (-45...45).map { max(probability($0), 0) }
    let moment = (1..<table.count).reduce(0.0) { $0 + pow(table[$1 - 1], order) * pow(table[$1], 1 - order) }
    let divergence = log(moment) / (order - 1)
    let event = PrivacyEvent.skellam(variance: variance, l1: 1, l2: 1)
    let bound = try renyi.divergence(of: event, order: order)
    #expect(bound > divergence && bound < 1.1 * divergence)
  }

  @Test(arguments: AccountantKind.allCases) func calibrationsInvert(kind: AccountantKind) throws {
    let target = try Calibration(accountant: kind.accountant(), epsilon: 2, delta: 1e-5)
    let noise = try target.noiseMultiplier { .privateTraining(samplingRate: 0.01, noiseMultiplier: $0, steps: 500) }
    let rate = try target.samplingRate { .privateTraining(samplingRate: $0, noiseMultiplier: 1, steps: 500) }
    let steps = try target.steps { .privateTraining(samplingRate: 0.01, noiseMultiplier: noise * 1.2, steps: $0) }
    let epsilon = { (rate: Double, noise: Double, steps: Int) throws -> Double in
      try target.accountant.epsilon(
        of: .privateTraining(samplingRate: rate, noiseMultiplier: noise, steps: steps), delta: 1e-5)
    }
    for value in [try epsilon(0.01, noise, 500), try epsilon(rate, 1, 500)] {
      #expect(value <= 2 && value > 2 * (1 - 1e-5))
    }
    #expect(try epsilon(0.01, noise * 1.2, steps) <= 2 && epsilon(0.01, noise * 1.2, steps + 1) > 2)
    #expect(throws: AccountingError.self) { try Calibration(accountant: target.accountant, epsilon: 0, delta: 1e-5) }
  }

  @Test func eventsSurviveJSON() throws {
    let event = PrivacyEvent.composed([
      .privateTraining(samplingRate: 0.1, noiseMultiplier: 1.1, steps: 7),
      .sampledWithoutReplacement(size: 1, population: 3, .skellam(variance: 2, l1: 1, l2: 1)),
    ])
    #expect(try JSONDecoder().decode(PrivacyEvent.self, from: JSONEncoder().encode(event)) == event)
  }
}
