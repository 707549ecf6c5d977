import Foundation
import Learning
import Privacy
import Tensors
import Testing

/// DP-FTRL's noise.
@Suite struct BandedRootTests {
  /// C as a matrix.
  private func encoder(_ root: BandedRoot, steps: Int) -> [[Double]] {
    (0..<steps).map { row in
      (0..<steps).map { column in
        let lag = row - column
        return lag >= 0 && lag < root.band ? root.coefficients[lag] : 0
      }
    }
  }

  /// All pairs of neighbours: one example, met in a step of each epoch, with gradients at the corners of −1...1, which are
  /// the farthest; the oracle is the matrix itself. The bound is reached where no column is cut off at the end.
  @Test func noNeighboursLieFurtherApartThanTheSensitivity() {
    for (separation, epochs) in [(1, 3), (2, 4), (3, 3), (4, 2), (5, 3)] {
      for band in 1...separation {
        let root = BandedRoot(band: band)
        let matrix = encoder(root, steps: separation * epochs)
        var largest = 0.0
        for first in 0..<separation {
          for signs in 0..<(1 << epochs) {
            let moved = matrix.map { row in
              (0..<epochs).reduce(0.0) { $0 + row[first + $1 * separation] * (signs >> $1 & 1 == 1 ? 1 : -1) }
            }
            largest = max(largest, moved.reduce(0) { $0 + $1 * $1 }.squareRoot())
          }
        }
        #expect(abs(largest - root.sensitivity(epochs: epochs)) < 1e-12)
      }
    }
  }

  /// The oracle solves C·h = 1 by substitution in the matrix.
  @Test func prefixVariancesAreThoseOfTheInverse() {
    let (steps, root) = (12, BandedRoot(band: 5))
    let matrix = encoder(root, steps: steps)
    var inverse = [[Double]](repeating: [Double](repeating: 0, count: steps), count: steps)
    for column in 0..<steps {
      for row in 0..<steps {
        let known = (0..<row).reduce(0.0) { $0 + matrix[row][$1] * inverse[$1][column] }
        inverse[row][column] = (row == column ? 1 : 0) - known
      }
    }
    for (step, variance) in root.prefixVariances(steps: steps).enumerated() {
      let row = (0..<steps).map { column in (0...step).reduce(0.0) { $0 + inverse[$1][column] } }
      #expect(abs(row.reduce(0) { $0 + $1 * $1 } - variance) < 1e-12)
    }
  }

  /// Without a band, C·C is the matrix of ones.
  @Test func theRootIsARoot() {
    let root = BandedRoot(band: 200)
    for lag in 0..<200 {
      let product = (0...lag).reduce(0.0) { $0 + root.coefficients[$1] * root.coefficients[lag - $1] }
      #expect(abs(product - 1) < 1e-12)
    }
    #expect(BandedRoot.best(steps: 300, separation: 100, largest: 1000).band > 1)
    #expect(BandedRoot.best(steps: 300, separation: 100, largest: 1).band == 1)
  }

  private func trainer(
    layers: [LayerSpec], inputs: Int, multiplier: Double, clip: Double, epochs: Int, batch: Int, rate: Double = 1,
    band: Int?, sampler: ExamplePrivacy.Sampler = .fast, fault: PrivateTrainer.InsecureFault? = nil
  ) throws -> PrivateTrainer {
    let base = try Trainer(
      ModelDescription(layers: layers, inputShape: [inputs]), loss: .meanSquaredError,
      optimizer: .sgd(learningRate: rate), epochs: epochs, batch: batch, seed: 1)
    return try PrivateTrainer(
      base,
      privacy: ExamplePrivacy(
        clipping: .flat(norm: clip), noiseMultiplier: multiplier, sampler: sampler, selection: .ordered(band: band)),
      fault: fault)
  }

  /// With no gradients, weights after each epoch are minus the prefix sums of the noise over the batch. 5 deviations of each
  /// estimate from 20,000 numbers: false alarms once in 10⁵ runs.
  @Test(arguments: ExamplePrivacy.Sampler.allCases)
  func prefixSumsHaveTheStatedVariance(_ sampler: ExamplePrivacy.Sampler) throws {
    let trainer = try trainer(
      layers: [.dense(units: 10_000)], inputs: 1, multiplier: 2, clip: 3, epochs: 3, batch: 4, band: 4,
      sampler: sampler)
    let x = Tensor<Float>(repeating: 0, shape: [18, 1])
    let start = Weights([
      ("dense1.weight", Tensor(repeating: 0, shape: [1, 10_000])),
      ("dense1.bias", Tensor(repeating: 0, shape: [10_000])),
    ])
    var ends: [Weights] = []
    _ = try trainer.train(
      features: x, targets: Tensor(repeating: 0, shape: [18, 10_000]), initialWeights: start
    ) { ends.append($0.weights) }
    let root = try #require(try trainer.root(rows: 18))
    #expect(root == BandedRoot(band: 4) && trainer.stepsPerEpoch(rows: 18) == 5)
    let variances = root.prefixVariances(steps: 15)
    // Biases learn from the noise before them; of the weights nothing does, since the input is 0.
    for (epoch, weights) in ends.enumerated() {
      let numbers = (weights["dense1.weight"]?.scalars ?? []).map { Double($0) * 4 }
      let deviation = 2 * 3 * root.sensitivity(epochs: 3)
      let variance = numbers.reduce(0) { $0 + $1 * $1 } / Double(numbers.count) / (deviation * deviation)
      let expected = variances[5 * epoch + 4]
      #expect(abs(variance / expected - 1) < 5 * (2.0 / Double(numbers.count)).squareRoot() + 0.01)
    }
  }

  /// Without noise it is SGD in a fixed order, whatever the band: what the encoder adds the decoder takes away. Tolerance:
  /// float rounding of some steps.
  @Test func theNoiseIsAllThatIsAdded() throws {
    let x = Tensor(shape: [40, 2], scalars: (0..<80).map { Float($0 * 37 % 23) / 23 - 0.5 })
    let y = Tensor(shape: [40, 1], scalars: (0..<40).map { x.scalars[2 * $0] - 2 * x.scalars[2 * $0 + 1] })
    let models = try [1, 3, 8].map { band in
      try trainer(
        layers: [.dense(units: 3), .tanh, .dense(units: 1)], inputs: 2, multiplier: 1, clip: 0.3, epochs: 4, batch: 5,
        rate: 0.1, band: band, fault: .noNoise
      ).train(features: x, targets: y).model
    }
    for model in models.dropFirst() {
      for name in model.weights.names {
        for (a, b) in zip(model.weights[name]?.scalars ?? [], models[0].weights[name]?.scalars ?? []) {
          #expect(abs(a - b) < 1e-4)
        }
      }
    }
  }

  /// Everything together is one Gaussian mechanism; ε by hand is that of Balle and Wang's closed form.
  @Test func costsWhatOneGaussianMechanismDoes() throws {
    let trainer = try trainer(
      layers: [.dense(units: 1)], inputs: 2, multiplier: 3, clip: 1, epochs: 4, batch: 10, band: nil)
    #expect(try trainer.event(rows: 100, epochs: 4) == .gaussian(noiseMultiplier: 3))
    #expect(try trainer.event(rows: 100, epochs: 1) == .gaussian(noiseMultiplier: 6))
    let epsilon = try LossAccountant(neighbours: .zeroOutOne).epsilon(
      of: trainer.event(rows: 100, epochs: 4), delta: 1e-5)
    func tail(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
    let delta = tail(1.0 / 6 - 3 * epsilon) - exp(epsilon) * tail(-1.0 / 6 - 3 * epsilon)
    #expect(abs(delta / 1e-5 - 1) < 1e-6)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let trainer = try trainer(
      layers: [.dense(units: 1)], inputs: 2, multiplier: 3, clip: 1, epochs: 4, batch: 10, band: 11)
    #expect(throws: LearningError.self) { try trainer.root(rows: 100) }
    let adaptive = ExamplePrivacy(
      clipping: .adaptive(.init(norm: 1)), noiseMultiplier: 1, selection: .ordered(band: nil))
    #expect(throws: LearningError.self) { try PrivateTrainer(trainer.trainer, privacy: adaptive) }
  }
}
