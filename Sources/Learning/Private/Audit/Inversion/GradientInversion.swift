package import Arithmetic
import Foundation
import Tensors

/// Attacks that find the rows behind one gradient: labels by its sign, rows by making the gradient of a guess like it.
///
/// Threat model: somebody who knows the model before a step, the gradient of that step, and of how many rows it is the mean.
package struct GradientInversion: Sendable {
  private let description: ModelDescription
  private let loss: Loss
  private let weights: Weights
  private let gradient: Weights
  private let rows: Int

  /// The largest batch and model that gradients are matched for.
  package static let largestRowCount = 8
  package static let largestWeightCount = 1 << 20

  /// - Parameters:
  ///   - weights: before the step.
  ///   - gradient: by each weight's name, a mean over `rows` rows.
  package init(_ description: ModelDescription, loss: Loss, weights: Weights, gradient: Weights, rows: Int) {
    (self.description, self.loss, self.weights, self.gradient) = (description, loss, weights, gradient)
    self.rows = rows
  }

  /// Why gradients of a model cannot be matched, or `nil`.
  package static func obstacle(_ description: ModelDescription, rows: Int) -> String? {
    for (layer, name) in zip(description.layers, description.layerNames) {
      switch layer {
      case .maxPool: return "\(name): the gradient of a maximum has no second derivative"
      case .dropout: return "\(name): which units were dropped is known to the worker alone"
      case .batchNorm: return "\(name): it mixes the rows of a batch"
      case .dense, .conv2d, .averagePool, .flatten, .relu, .sigmoid, .tanh, .gelu, .layerNorm, .groupNorm, .softmax:
        continue
      }
    }
    let count = description.weightNames.reduce(0) { $0 + (description.shape(ofWeight: $1)?.count ?? 0) }
    guard count <= largestWeightCount else {
      return "it has \(count) weights, and \(largestWeightCount) at most are tried"
    }
    guard rows <= largestRowCount else {
      return "a step is of \(rows) rows, and \(largestRowCount) at most are told apart"
    }
    return nil
  }

  // MARK: Labels

  /// Why labels cannot be read off, or `nil`.
  package static func labelObstacle(_ description: ModelDescription, loss: Loss) -> String? {
    guard loss != .meanSquaredError else { return "labels are told of models that choose among classes" }
    var layers = description.layers
    if layers.last == loss.fusedLayer { layers.removeLast() }
    guard case .dense = layers.last else { return "the last layer must be a dense one" }
    return nil
  }

  /// The classes of the rows, ascending; `nil` where the loss has none.
  ///
  /// The gradient of the last layer's offset is the mean of probabilities less labels. Of one row, that of its class alone is negative
  /// (iDLG); of several, each class comes as often as the mean falls short of what the model says of rows that it does not know.
  ///
  /// - Source: B. Zhao et al., *iDLG: Improved Deep Leakage from Gradients*, 2020; A. Wainakh et al., *User-Level Label Leakage from
  ///   Gradients in Federated Learning*, PETS 2022.
  package func labels(seed: SeedTree) throws(LearningError) -> [Int]? {
    guard Self.labelObstacle(description, loss: loss) == nil,
      let name = description.weightNames.last(where: { $0.hasPrefix("dense") && $0.hasSuffix(".bias") }),
      let offsets = gradient[name]?.scalars.map({ Double($0) })
    else { return nil }
    let isBinary = loss == .binaryCrossEntropy
    guard !isBinary || offsets.count == 1 else { return nil }
    if rows == 1 {
      if isBinary { return [offsets[0] < 0 ? 1 : 0] }
      return [offsets.indices.min { offsets[$0] < offsets[$1] } ?? 0]
    }
    let expected = try expectations(seed: seed)
    var shares = zip(expected, offsets).map { $0 - $1 }
    if isBinary { shares = [1 - shares[0], shares[0]] }
    return Self.counts(shares, total: rows).enumerated().flatMap { Array(repeating: $0, count: $1) }
  }

  /// What the model says in the mean of rows that are noise.
  private func expectations(seed: SeedTree) throws(LearningError) -> [Double] {
    var random = seed.generator()
    let shape = Shape([64] + description.inputShape.extents)
    let noise = Tensor<Float>(shape: shape, scalars: (0..<shape.count).map { _ in Float(random.normal()) })
    let outputs = try Probabilities(description, loss: loss, weights: weights).rows(noise)
    let width = outputs.first?.count ?? 0
    return (0..<width).map { place in outputs.reduce(0) { $0 + $1[place] } / Double(max(outputs.count, 1)) }
  }

  /// Whole numbers that add up to a total, as near as can be to their shares of it.
  package static func counts(_ shares: [Double], total: Int) -> [Int] {
    let positive = shares.map { $0.isFinite ? max(0, $0) : 0 }
    let sum = positive.reduce(0, +)
    guard sum > 0 else { return shares.indices.map { $0 == 0 ? total : 0 } }
    let exact = positive.map { $0 / sum * Double(total) }
    var counts = exact.map { Int($0) }
    let order = exact.indices.sorted { exact[$0] - Double(counts[$0]) > exact[$1] - Double(counts[$1]) }
    for place in order.prefix(max(0, total - counts.reduce(0, +))) { counts[place] += 1 }
    return counts
  }

  // MARK: Rows

  /// Rows and targets whose gradient is near in squares, guessed together; the best of some starts.
  ///
  /// - Source: L. Zhu, Z. Liu and S. Han, *Deep Leakage from Gradients*, NeurIPS 2019, with its L-BFGS.
  package func rowsBySquares(iterations: Int, starts: Int = 4, seed: SeedTree) throws(LearningError) -> [[Double]] {
    let matching = try GradientMatching(
      description, loss: loss, rows: rows, weights: weights, gradient: gradient, distance: .squared, freesTargets: true)
    let (rowCount, targetCount) = (matching.rowShape.count, matching.targetShape.count)
    var best: (point: [Double], value: Double)?
    for start in 0..<max(starts, 1) {
      var random = seed.child(start).generator()
      let first = (0..<rowCount + targetCount).map { _ in random.normal() }
      let found = LimitedMemoryBFGS(iterations: iterations, goal: 1e-9).minimise(from: first) { point in
        let result = matching.run(rows: Array(point[..<rowCount]), targets: Array(point[rowCount...]))
        return (result.value, result.rows + result.targets)
      }
      if found.value.isFinite, found.value < best?.value ?? .infinity { best = found }
      if (best?.value ?? 1) <= 1e-6 { break }
    }
    return split(Array((best?.point ?? []).prefix(rowCount)))
  }

  /// Rows of known labels whose gradient points the same way, smooth where they are images; by Adam on the signs of the gradient.
  ///
  /// - Parameter bounds: what a feature lies between, where that is known.
  /// - Source: J. Geiping et al., *Inverting Gradients: How easy is it to break privacy in federated learning?*, NeurIPS 2020.
  package func rowsByDirection(
    labels: [Int], iterations: Int, bounds: ClosedRange<Double>? = nil, seed: SeedTree
  ) throws(LearningError) -> [[Double]] {
    let matching = try GradientMatching(
      description, loss: loss, rows: rows, weights: weights, gradient: gradient, distance: .cosine(variation: 1e-3),
      freesTargets: false)
    let width = matching.targetShape.count / max(rows, 1)
    var targets = [Double](repeating: 0, count: matching.targetShape.count)
    for (row, label) in labels.prefix(rows).enumerated() {
      if width == 1 { targets[row] = Double(label) } else if label < width { targets[row * width + label] = 1 }
    }
    var random = seed.generator()
    var point = (0..<matching.rowShape.count).map { _ in random.normal() }
    var (mean, square) = (point.map { _ in 0.0 }, point.map { _ in 0.0 })
    var best: (point: [Double], value: Double) = (point, .infinity)
    for iteration in 1...max(iterations, 1) {
      let result = matching.run(rows: point, targets: targets)
      guard result.value.isFinite else { break }
      if result.value < best.value { best = (point, result.value) }
      let done = Double(iteration) / Double(iterations)
      let rate = 0.1 * (done < 0.375 ? 1 : done < 0.625 ? 0.1 : done < 0.875 ? 0.01 : 0.001)
      let corrections = (1 - pow(0.9, Double(iteration)), 1 - pow(0.999, Double(iteration)))
      for index in point.indices {
        let sign = result.rows[index] > 0 ? 1.0 : result.rows[index] < 0 ? -1.0 : 0
        mean[index] = 0.9 * mean[index] + 0.1 * sign
        square[index] = 0.999 * square[index] + 0.001 * sign * sign
        point[index] -= rate * (mean[index] / corrections.0) / ((square[index] / corrections.1).squareRoot() + 1e-8)
        if let bounds { point[index] = min(max(point[index], bounds.lowerBound), bounds.upperBound) }
      }
    }
    return split(best.point)
  }

  private func split(_ flat: [Double]) -> [[Double]] {
    let width = flat.count / max(rows, 1)
    return (0..<rows).map { Array(flat[$0 * width..<($0 + 1) * width]) }
  }
}
