import Arithmetic
import Datasets
import Federation
import Foundation
import Learning
import Privacy
import Tensors
import Testing

/// Rounds that hide each worker: sensitivity, noise and ε, by oracles.
@Suite struct ClientPrivacyTests {
  private static func part(
    _ clipping: ExamplePrivacy.Clipping = .flat(norm: 2), _ noise: PrivacyPart.Noise = .multiplier(1.5),
    accountant: AccountantKind = .pld
  ) -> PrivacyPart {
    PrivacyPart(unit: .client, clipping: clipping, noise: noise, delta: 1e-5, accountant: accountant)
  }

  private static func update(_ count: Int, seed: UInt64, length: Double) -> Update {
    var random = SeedTree(seed: seed).generator()
    let update = Update(vector: (0..<count).map { _ in Float(random.normal()) }, exampleCount: 7, loss: 3)
    let factor = Float(length / update.norm)
    return Update(vector: update.vector.map { $0 * factor }, exampleCount: 7, loss: 3)
  }

  /// The oracle is the accountant, called by hand with the event as it is written in the papers.
  @Test func epsilonIsTheAccountants() throws {
    let privacy = try ClientPrivacy(
      Self.part(.flat(norm: 1), .targetEpsilon(4)), workers: 200, cohort: 0.1, rounds: 30, weightCount: 50)
    let byHand = try LossAccountant().epsilon(
      of: .repeated(
        .poissonSampled(rate: 0.1, .gaussian(noiseMultiplier: privacy.noiseMultiplier)), count: 30), delta: 1e-5)
    let report = try privacy.report(rounds: 30)
    #expect(report.epsilon == byHand && byHand <= 4 && byHand > 3.999)
    #expect(privacy.normaliser == 20)
    // Against workers nothing is amplified, and against the coordinator nothing is claimed.
    let plain = try LossAccountant().epsilon(
      of: .repeated(.gaussian(noiseMultiplier: privacy.noiseMultiplier), count: 30), delta: 1e-5)
    #expect(report.observers?.map(\.epsilon) == [byHand, plain, nil])
    #expect(plain > 2 * byHand)
  }

  /// Whole numbers that one worker moves the sums by, whatever it sends: their length is at most σ / z, exactly.
  @Test(arguments: [ExamplePrivacy.Clipping.flat(norm: 2), .adaptive(.init(norm: 2))], [0.01, 1.99, 2, 1e4])
  func oneWorkerMovesTheSumsByNoMoreThanIsAccounted(clipping: ExamplePrivacy.Clipping, length: Double) throws {
    for source in [ClientPrivacy.NoiseSource.server, .workers(contributors: 3)] {
      let privacy = try ClientPrivacy(
        Self.part(clipping, accountant: .rdp), workers: 10, cohort: 1, rounds: 5, source: source, weightCount: 3_000)
      let grid = try ClientGrid(privacy, clip: 2)
      for isWithin in [false, true] {
        var sums = [Int](repeating: 0, count: grid.length)
        grid.add(Self.update(3_000, seed: 1, length: length).vector, isWithin: isWithin, to: &sums)
        let square = sums.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(square.squareRoot() <= privacy.deviation / privacy.noiseMultiplier)
        #expect(sums.allSatisfy { Double(abs($0)) <= grid.largest })
      }
    }
  }

  /// Two rounds that differ in one worker, with the noise off.
  @Test func oneWorkerMovesTheModelByNoMoreThanItsShare() throws {
    let privacy = try ClientPrivacy(Self.part(), workers: 10, cohort: 0.5, rounds: 5, weightCount: 500)
    let start = [Float](repeating: 0, count: 500)
    var models: [[Float]] = []
    for count in [6, 7] {
      var sum = try ClientSum(privacy, state: ServerState(), hasNoise: false)
      for seed in 0..<count {
        let update = Self.update(500, seed: UInt64(seed), length: seed == 6 ? 1e5 : 1)
        try sum.add(update, isWithin: false)
      }
      var state = ServerState()
      models.append(try sum.step(FederatedAveraging(), from: start, state: &state))
    }
    let distance = zip(models[0], models[1]).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }.squareRoot()
    // C / (q · N) = 2 / 5, and single precision.
    #expect(distance <= 0.4 * (1 + 1e-5) && distance > 0.399)
  }

  /// Σ (x / σ)² of a round's n values is χ² with n degrees; five deviations of it are a false alarm in 10⁶ runs.
  @Test func theServersNoiseHasItsDeviation() throws {
    let count = 20_000
    let privacy = try ClientPrivacy(Self.part(), workers: 10, cohort: 0.5, rounds: 5, weightCount: count)
    let start = [Float](repeating: 0, count: count)
    var state = ServerState()
    let model = try ClientSum(privacy, state: state).step(FederatedAveraging(), from: start, state: &state)
    // z · C / (q · N), a little more for rounding.
    let grid = try ClientGrid(privacy, clip: 2)
    let deviation = privacy.deviation * grid.step / 5
    #expect(deviation >= 1.5 * 2 / 5 && deviation < 1.5 * 2 / 5 * 1.001)
    let squares = model.reduce(0.0) { $0 + pow(Double($1) / deviation, 2) }
    #expect(abs(squares - Double(count)) < 5 * (2 * Double(count)).squareRoot())
    // Drawn anew each time.
    #expect(try ClientSum(privacy, state: state).step(FederatedAveraging(), from: start, state: &state) != model)
  }

  /// As few workers as may be left: their parts of the noise add up to what is accounted. The same χ², a little wider for the tails.
  @Test func theWorkersNoiseSufficesAtTheWorstDropout() throws {
    let count = 4_000
    let privacy = try ClientPrivacy(
      Self.part(accountant: .rdp), workers: 8, cohort: 1, rounds: 5, source: .workers(contributors: 5),
      weightCount: count)
    let grid = try ClientGrid(privacy, clip: 2)
    let noise = try WorkerNoise()
    var sums = [Int](repeating: 0, count: grid.length)
    let nothing = Update(vector: [Float](repeating: 0, count: count), exampleCount: 1)
    for _ in 0..<5 {
      for (index, number) in try noise.numbers(of: nothing, isWithin: false, on: grid).enumerated() {
        #expect(Double(abs(number)) <= grid.largest + WorkerNoise.largest)
        sums[index] += number
      }
    }
    let variance = 5 * Double(1 << 24)
    #expect(privacy.deviation == variance.squareRoot())
    let squares = sums.reduce(0.0) { $0 + Double($1) * Double($1) / variance }
    #expect(abs(squares - Double(count)) < 6 * (2 * Double(count)).squareRoot())
    // By hand, as the paper on the Skellam mechanism has it.
    let distance = variance.squareRoot() / 1.5
    let event = PrivacyEvent.skellam(
      variance: variance, l1: min(Double(count + 1).squareRoot() * distance, distance * distance), l2: distance)
    let byHand = try RenyiAccountant().epsilon(of: .repeated(event, count: 5), delta: 1e-5)
    let report = try privacy.report(rounds: 5)
    #expect(report.epsilon == byHand)
    // A worker knows a fifth of the noise.
    #expect((report.observers?.last?.epsilon ?? 0) > byHand * 1.1)
  }

  /// η = 0.2, quantile ½, three of ten updates below the norm: C · e^(−0.2 · (0.3 − 0.5)).
  @Test func theClippingNormFollowsTheQuantile() throws {
    let privacy = try ClientPrivacy(
      Self.part(.adaptive(.init(norm: 2))), workers: 10, cohort: 1, rounds: 5, weightCount: 20)
    var state = ServerState()
    var sum = try ClientSum(privacy, state: state, hasNoise: false)
    for index in 0..<10 {
      let (clipped, isWithin) = Self.update(20, seed: UInt64(index), length: index < 3 ? 1 : 5).clippedAlone(to: 2)
      #expect(isWithin == (index < 3) && clipped.norm <= 2.0001 && clipped.exampleCount == 1 && clipped.loss == 0)
      try sum.add(clipped, isWithin: isWithin)
    }
    _ = try sum.step(FederatedAveraging(), from: [Float](repeating: 0, count: 20), state: &state)
    #expect(abs((state.clip ?? 0) - 2 * exp(0.04)) < 1e-6)
    #expect(try JSONDecoder().decode(ServerState.self, from: JSONEncoder().encode(state)) == state)
  }

  @Test func tooMuchNoiseForTheGridIsRefused() throws {
    let privacy = try ClientPrivacy(
      Self.part(.flat(norm: 1), .multiplier(1e4)), workers: 10, cohort: 1, rounds: 1, weightCount: 1 << 20)
    #expect(throws: FederationError.self) { _ = try ClientGrid(privacy, clip: 1) }
    #expect(throws: LearningError.self) {
      _ = try ClientPrivacy(
        Self.part(.adaptive(.init(norm: 1, countDeviation: 0.1))), workers: 10, cohort: 1, rounds: 1, weightCount: 5)
    }
  }
}
