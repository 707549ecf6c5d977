import Federation
import Tensors

/// Recovers what a network of dense layers was given from the change of its weights: a unit of the first layer that one example alone
/// has moved shows that example, since the gradient of its weights is the example times that of its bias.
///
/// - Source: L. T. Phong et al., *Privacy-Preserving Deep Learning via Additively Homomorphic Encryption*, IEEE TIFS 2018, section 3.
struct FirstLayerAttack {
  private let weight: WeightLayout.Entry
  private let bias: WeightLayout.Entry

  /// `nil` where the first layer is not a dense one.
  init?(_ layout: WeightLayout) {
    guard let weight = layout.entries.first(where: { $0.name == "dense1.weight" }), weight.shape.rank == 2,
      let bias = layout.entries.first(where: { $0.name == "dense1.bias" })
    else { return nil }
    (self.weight, self.bias) = (weight, bias)
  }

  /// How many leading values of a vector are needed.
  var length: Int { max(weight.offset + weight.shape.count, bias.offset + bias.shape.count) }

  /// At most so many guesses are made: one a unit.
  var guessCount: Int { weight.shape[1] }

  /// A guess of each unit that has moved.
  ///
  /// - Parameter change: of the weights, or any multiple of it; at least ``length`` values.
  func guesses(_ change: [Double]) -> [[Double]] {
    let (inputs, units) = (weight.shape[0], weight.shape[1])
    return (0..<units).compactMap { unit in
      let divisor = change[bias.offset + unit]
      guard divisor != 0 else { return nil }
      return (0..<inputs).map { change[weight.offset + $0 * units + unit] / divisor }
    }
  }
}
