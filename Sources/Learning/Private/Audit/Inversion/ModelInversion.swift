package import Arithmetic
import Foundation
import Tensors

/// Climbs a model's confidence in a class by its answers alone: what it takes for a typical row of the class.
///
/// Threat model: somebody who may ask the model, and gets its probabilities, perhaps rounded; no rows, no weights.
///
/// Each step asks about pairs of rows on either side of where it is, in random directions, and follows the directions that the answers rise
/// in, smoothed where rows are images: neighbouring pixels are alike. It costs two queries a direction and step.
///
/// - Source: M. Fredrikson, S. Jha and T. Ristenpart, *Model Inversion Attacks that Exploit Confidence Information and Basic
///   Countermeasures*, CCS 2015; T. Salimans et al., *Evolution Strategies as a Scalable Alternative to Reinforcement Learning*, 2017, for
///   the climbing without gradients.
package struct ModelInversion {
  private let answers: Probabilities
  private let description: ModelDescription
  private let isBinary: Bool
  /// How many digits behind the point of an answer are told; all if `nil`.
  package var decimals: Int?
  package var steps = 150
  package var directions = 50
  /// What a feature lies between, where that is known.
  package var bounds: ClosedRange<Double>?

  package struct Found: Hashable, Sendable {
    package var row: [Double]
    /// Of the class, as the last answer has it.
    package var confidence: Double
    package var queries: Int
  }

  private static let reach = 0.1
  private static let rate = 0.05
  /// Of what a step forgets: far from where it began, answers say little.
  private static let decay = 0.01

  /// - Throws: ``LearningError`` where the model does not choose among classes.
  package init(_ model: Model, loss: Loss) throws(LearningError) {
    guard loss != .meanSquaredError else {
      throw .dataDoesNotFit("models are inverted that choose among classes, not regressions")
    }
    description = model.description
    answers = try Probabilities(model.description, loss: loss, weights: model.weights)
    isBinary = loss == .binaryCrossEntropy
  }

  /// Where each search begins: the middle of the bounds, or 0, the mean of standardised features.
  package var start: Double { bounds.map { ($0.lowerBound + $0.upperBound) / 2 } ?? 0 }

  package func climb(class label: Int, seed: SeedTree) throws(LearningError) -> Found {
    var random = seed.generator()
    let width = description.inputShape.count
    let image = ImageShape.extents(of: description.inputShape)
    var point = [Double](repeating: start, count: width)
    var (mean, square) = (point.map { _ in 0.0 }, point.map { _ in 0.0 })
    for step in 1...max(steps, 1) {
      let noises = (0..<directions).map { _ in (0..<width).map { _ in random.normal() } }
      let asked = noises.flatMap { noise in
        [1.0, -1].map { sign in zip(point, noise).map { $0 + sign * Self.reach * $1 } }
      }
      let sure = try confidences(of: label, asked).map { log(max($0, 1e-9)) }
      var slope = [Double](repeating: 0, count: width)
      for (place, noise) in noises.enumerated() {
        let rise = (sure[2 * place] - sure[2 * place + 1]) / (2 * Self.reach * Double(directions))
        guard rise != 0 else { continue }
        for index in slope.indices { slope[index] += rise * noise[index] }
      }
      if let image { slope = BoxBlur.apply(BoxBlur.apply(slope, image), image) }
      let corrections = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
      for index in point.indices {
        mean[index] = 0.9 * mean[index] + 0.1 * slope[index]
        square[index] = 0.999 * square[index] + 0.001 * slope[index] * slope[index]
        let scaled = (mean[index] / corrections.0) / ((square[index] / corrections.1).squareRoot() + 1e-8)
        point[index] += Self.rate * scaled - Self.decay * (point[index] - start)
        if let bounds { point[index] = min(max(point[index], bounds.lowerBound), bounds.upperBound) }
      }
    }
    let last = try confidences(of: label, [point]).first ?? 0
    return Found(row: point, confidence: last, queries: 2 * directions * max(steps, 1) + 1)
  }

  private func confidences(of label: Int, _ rows: [[Double]]) throws(LearningError) -> [Double] {
    let shape = Shape([rows.count] + description.inputShape.extents)
    let asked = Tensor<Float>(shape: shape, scalars: rows.flatMap { row in row.map { Float($0) } })
    let scale = decimals.map { pow(10, Double($0)) }
    return try answers.rows(asked).map { answer in
      let sure = isBinary ? (label == 1 ? answer[0] : 1 - answer[0]) : answer[label]
      return scale.map { (sure * $0).rounded() / $0 } ?? sure
    }
  }
}
