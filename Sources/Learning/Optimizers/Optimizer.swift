import CKernels

/// How weights follow their gradients; formulas as in PyTorch.
public enum Optimizer: Hashable, Sendable, Codable {
  /// `g ← g + weightDecay·w`; `v ← momentum·v + g`; `w ← w − learningRate·v`
  case sgd(learningRate: Double, momentum: Double = 0, weightDecay: Double = 0)
  /// D. Kingma and J. Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015, with ε = 10⁻⁸.
  case adam(learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999)

  /// - Throws: where a number is out of range.
  func validate() throws(LearningError) {
    func require(_ isSound: Bool, _ name: String, _ reason: String) throws(LearningError) {
      if !isSound { throw .invalidSetting(name, reason: reason) }
    }
    switch self {
    case .sgd(let learningRate, let momentum, let weightDecay):
      try require(learningRate > 0 && learningRate.isFinite, "learningRate", "must be a positive number")
      try require(momentum >= 0 && momentum < 1, "momentum", "must be at least 0 and below 1")
      try require(weightDecay >= 0 && weightDecay.isFinite, "weightDecay", "must not be negative")
    case .adam(let learningRate, let beta1, let beta2):
      try require(learningRate > 0 && learningRate.isFinite, "learningRate", "must be a positive number")
      try require(beta1 >= 0 && beta1 < 1, "beta1", "must be at least 0 and below 1")
      try require(beta2 >= 0 && beta2 < 1, "beta2", "must be at least 0 and below 1")
    }
  }
}

/// An optimizer and what it remembers from step to step, for all weights of a model in one block.
struct OptimizerState {
  private let optimizer: Optimizer
  private var first: [Float]
  private var second: [Float]
  /// β₁ and β₂ to the power of the step.
  private var powers = (1.0, 1.0)

  init(_ optimizer: Optimizer, count: Int) {
    self.optimizer = optimizer
    switch optimizer {
    case .sgd(_, let momentum, _):
      first = momentum == 0 ? [] : [Float](repeating: 0, count: count)
      second = []
    case .adam:
      first = [Float](repeating: 0, count: count)
      second = first
    }
  }

  /// Forgets all steps.
  mutating func reset() {
    first.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    second.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    powers = (1, 1)
  }

  /// One step on `count` weights, the learning rate multiplied by `factor`.
  mutating func update(
    _ weights: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, count: Int, factor: Double
  ) {
    switch optimizer {
    case .sgd(let learningRate, let momentum, let weightDecay):
      first.withUnsafeMutableBufferPointer { velocity in
        ck_f32_sgd(
          count, Float(learningRate * factor), Float(momentum), Float(weightDecay), weights, gradients,
          momentum == 0 ? nil : velocity.baseAddress)
      }
    case .adam(let learningRate, let beta1, let beta2):
      powers = (powers.0 * beta1, powers.1 * beta2)
      first.withUnsafeMutableBufferPointer { first in
        second.withUnsafeMutableBufferPointer { second in
          ck_f32_adam(
            count, Float(learningRate * factor), Float(beta1), Float(beta2), 1e-8, Float(1 - powers.0),
            Float(1 - powers.1), 0,
            weights, gradients, first.baseAddress, second.baseAddress)
        }
      }
    }
  }
}
