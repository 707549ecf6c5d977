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

  /// The guess that is most like one of the records, as somebody finds it who knows them: the attacker can do no better.
  func best(of guesses: [[Double]], records: [[Double]]) -> (guess: [Double], likeness: Double) {
    var best = (guess: [Double](repeating: 0, count: weight.shape[0]), likeness: 0.0)
    for guess in guesses {
      for record in records {
        let likeness = Self.correlation(guess, record)
        if likeness > best.likeness { best = (guess, likeness) }
      }
    }
    return best
  }

  /// Pearson's; 0 where one is constant.
  static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let count = Double(max(a.count, 1))
    let (meanA, meanB) = (a.reduce(0, +) / count, b.reduce(0, +) / count)
    var (product, squareA, squareB) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += (x - meanA) * (y - meanB)
      squareA += (x - meanA) * (x - meanA)
      squareB += (y - meanB) * (y - meanB)
    }
    let scale = (squareA * squareB).squareRoot()
    return scale > 0 && scale.isFinite ? product / scale : 0
  }
}
