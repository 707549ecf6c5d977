public import Arithmetic
import Tensors

/// A weight of a model and how it begins.
struct WeightSpec: Hashable, Sendable {
  let name: String
  let shape: Shape
  let start: Start
  /// Whether an optimizer moves it; running statistics follow the data instead.
  var isTrained = true

  enum Start: Hashable, Sendable {
    case zero
    case one
    /// Normal with variance `2 / fanIn`, before a ReLU: K. He et al., *Delving Deep into Rectifiers*, ICCV 2015.
    case he(fanIn: Int)
    /// Uniform with variance `2 / (fanIn + fanOut)`: X. Glorot and Y. Bengio, *Understanding the Difficulty of Training
    /// Deep Feedforward Neural Networks*, AISTATS 2010.
    case glorot(fanIn: Int, fanOut: Int)
  }
}

extension ModelDescription {
  /// Weights and running statistics to start training from; the same seed gives the same on every machine.
  public func initialWeights(seed: SeedTree) -> Weights {
    Weights(weightSpecs.map { ($0.name, $0.tensor(seed: seed.child($0.name))) })
  }
}

extension WeightSpec {
  fileprivate func tensor(seed: SeedTree) -> Tensor<Float> {
    var random = seed.generator()
    switch start {
    case .zero: return Tensor(repeating: 0, shape: shape)
    case .one: return Tensor(repeating: 1, shape: shape)
    case .he(let fanIn):
      let deviation = (2 / Double(max(fanIn, 1))).squareRoot()
      return Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float(random.normal() * deviation) })
    case .glorot(let fanIn, let fanOut):
      let bound = (6 / Double(max(fanIn + fanOut, 1))).squareRoot()
      return Tensor(
        shape: shape, scalars: (0..<shape.count).map { _ in Float((2 * random.uniform() - 1) * bound) })
    }
  }
}
