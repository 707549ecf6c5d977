public import Arithmetic
import Tensors

/// How large the weights of layers are before training, at random around zero. Offsets begin at zero.
public enum InitialWeights: String, Hashable, Sendable, Codable, CaseIterable {
  /// ``he`` before a ReLU or gelu, ``glorot`` elsewhere.
  case byLayer
  /// Normal with variance `2 / fanIn`: K. He et al., *Delving Deep into Rectifiers*, ICCV 2015.
  case he
  /// Uniform with variance `2 / (fanIn + fanOut)`: X. Glorot and Y. Bengio, *Understanding the Difficulty of Training Deep
  /// Feedforward Neural Networks*, AISTATS 2010.
  case glorot
  /// Uniform with variance `1 / (3 fanIn)`, as PyTorch begins: Y. LeCun et al., *Efficient BackProp*, 1998, less by a third.
  case uniform
}

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
    /// Of a layer with so many inputs and outputs a unit.
    case random(fanIn: Int, fanOut: Int, beforeReLU: Bool)
  }
}

extension ModelDescription {
  /// Weights and running statistics to start training from; the same seed gives the same on every machine.
  public func initialWeights(seed: SeedTree) -> Weights {
    Weights(weightSpecs.map { ($0.name, $0.tensor(as: initial, seed: seed.child($0.name))) })
  }
}

extension WeightSpec {
  fileprivate func tensor(as rule: InitialWeights, seed: SeedTree) -> Tensor<Float> {
    switch start {
    case .zero: return Tensor(repeating: 0, shape: shape)
    case .one: return Tensor(repeating: 1, shape: shape)
    case .random(let fanIn, let fanOut, let beforeReLU):
      var random = seed.generator()
      switch rule {
      case .byLayer where beforeReLU, .he:
        return normal(deviation: (2 / Double(max(fanIn, 1))).squareRoot(), &random)
      case .byLayer, .glorot: return uniform(bound: (6 / Double(max(fanIn + fanOut, 1))).squareRoot(), &random)
      case .uniform: return uniform(bound: (1 / Double(max(fanIn, 1))).squareRoot(), &random)
      }
    }
  }

  private func normal(deviation: Double, _ random: inout PublicGenerator) -> Tensor<Float> {
    Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float(random.normal() * deviation) })
  }

  private func uniform(bound: Double, _ random: inout PublicGenerator) -> Tensor<Float> {
    Tensor(shape: shape, scalars: (0..<shape.count).map { _ in Float((2 * random.uniform() - 1) * bound) })
  }
}
