import Graphs
package import Tensors

/// How far the gradient of a guessed batch is from one that was seen, with its own gradient by the guess: what attacks that match gradients
/// make small. It takes second derivatives of the model, which come by differentiating its gradients once more.
///
/// A run costs about six of a training step on as many rows.
package final class GradientMatching {
  package enum Distance {
    /// Of both, over the square of the seen one: L. Zhu et al., *Deep Leakage from Gradients*, NeurIPS 2019.
    case squared
    /// One less the cosine between both, with so much of the mean difference of neighbouring pixels where rows are images: J. Geiping et
    /// al., *Inverting Gradients: How easy is it to break privacy in federated learning?*, NeurIPS 2020.
    case cosine(variation: Float)
  }

  package struct Result {
    package var value: Double
    /// By the guessed rows.
    package var rows: [Double]
    /// By the guessed targets.
    package var targets: [Double]
  }

  package let rowShape: Shape
  package let targetShape: Shape
  private let program: PlainProgram
  private var inputs: [Tensor<Float>]
  private let rowInput: Int
  private let targetInput: Int?

  /// - Parameters:
  ///   - gradient: the seen one by each weight's name, a mean over the batch.
  ///   - freesTargets: whether targets are guessed, too: classes as logits.
  /// - Throws: ``LearningError`` where the model has no second derivative, or the gradient lacks a weight.
  package init(
    _ description: ModelDescription, loss: Loss, rows: Int, weights: Weights, gradient: Weights, distance: Distance,
    freesTargets: Bool
  ) throws(LearningError) {
    let forward = try TrainingForward(description, loss: loss, batch: rows)
    let builder = forward.builder
    guard let input = builder.graph.inputs[ModelDescription.inputName].map(builder.symbol) else {
      throw .noLayers
    }
    let targets = freesTargets ? Self.probabilities(forward.targets, loss) : forward.targets
    let upstream = loss.gradient(of: forward.outputs, targets: targets)
    let gradients = try forward.gradients(upstream: upstream)
    var scale = 0.0
    var seen: [Symbol] = []
    var values: [String: Tensor<Float>] = weights.byName
    for (name, own) in zip(description.weightNames, gradients) {
      guard let tensor = gradient[name], tensor.shape == own.shape else { throw .missingWeight(name) }
      let key = "seen \(name)"
      seen.append(builder.input(key, own.shape))
      values[key] = tensor
      scale += tensor.scalars.reduce(0) { $0 + Double($1) * Double($1) }
    }
    let factor = scale > 0 ? Float(1 / scale.squareRoot()) : 1
    for name in description.weightNames {
      let key = "seen \(name)"
      values[key] = values[key].map { tensor in
        Tensor(shape: tensor.shape, scalars: tensor.scalars.map { $0 * factor })
      }
    }
    let value = Self.distance(distance, gradients, seen, factor: factor, input: input, in: builder)
    let found: [Symbol]
    do { found = try value.gradients(by: [input] + (freesTargets ? [forward.targets] : [])) } catch {
      throw .layerDoesNotFit("loss", error)
    }
    program = PlainProgram(builder.build([value] + found))
    (rowShape, targetShape) = (input.shape, forward.targets.shape)
    values[ModelDescription.inputName] = Tensor(repeating: 0, shape: input.shape)
    values[TrainingGraph.targetName] = Tensor(repeating: 0, shape: forward.targets.shape)
    do { inputs = try program.arrange(values) } catch { throw .layerDoesNotFit("loss", error) }
    rowInput = program.input(named: ModelDescription.inputName) ?? 0
    targetInput = program.input(named: TrainingGraph.targetName)
  }

  /// - Parameters: numbers of ``rowShape`` and ``targetShape``.
  package func run(rows: [Double], targets: [Double]) -> Result {
    inputs[rowInput] = Tensor(shape: rowShape, scalars: rows.map { Float($0) })
    if let targetInput { inputs[targetInput] = Tensor(shape: targetShape, scalars: targets.map { Float($0) }) }
    let outputs = program.run(inputs)
    return Result(
      value: Double(outputs[0].scalars[0]), rows: outputs[1].scalars.map { Double($0) },
      targets: outputs.count > 2 ? outputs[2].scalars.map { Double($0) } : [])
  }

  /// What free targets stand for.
  private static func probabilities(_ free: Symbol, _ loss: Loss) -> Symbol {
    switch loss {
    case .meanSquaredError: free
    case .binaryCrossEntropy: free.sigmoid()
    case .softmaxCrossEntropy: free.softmax()
    }
  }

  private static func distance(
    _ distance: Distance, _ gradients: [Symbol], _ seen: [Symbol], factor: Float, input: Symbol,
    in builder: GraphBuilder
  ) -> Symbol {
    builder.layer = "distance"
    let zero = builder.constant(0)
    switch distance {
    case .squared:
      return zip(gradients, seen).reduce(zero) { sum, pair in
        let error = pair.0 * factor - pair.1
        return sum + total(error * error)
      }
    case .cosine(let variation):
      let product = zip(gradients, seen).reduce(zero) { $0 + total($1.0 * factor * $1.1) }
      let square = gradients.reduce(zero) { sum, gradient in
        let scaled = gradient * factor
        return sum + total(scaled * scaled)
      }
      let cosine = product * (square + 1e-12).inverseSquareRoot()
      let roughness = variation > 0 ? roughness(of: input, in: builder) : nil
      return roughness.map { -cosine + 1 + $0 * variation } ?? (-cosine + 1)
    }
  }

  private static func total(_ x: Symbol) -> Symbol {
    x.shape.rank == 0 ? x : x.sum(axes: Array(0..<x.shape.rank)).reshaped(to: [])
  }

  /// The mean difference of neighbouring pixels; `nil` where rows are no images.
  private static func roughness(of input: Symbol, in builder: GraphBuilder) -> Symbol? {
    guard let extents = ImageShape.extents(of: Shape(Array(input.shape.extents.dropFirst()))) else { return nil }
    let image = input.reshaped(to: [input.shape[0]] + extents)
    let differences = [2, 3].map { axis in
      image.sliced(axis: axis, 1..<image.shape[axis]) - image.sliced(axis: axis, 0..<image.shape[axis] - 1)
    }
    return differences.reduce(builder.constant(0)) { sum, difference in
      sum + (difference.relu() + (-difference).relu()).mean(axes: [0, 1, 2, 3]).reshaped(to: [])
    }
  }
}

/// Which rows are pictures.
package enum ImageShape {
  /// Channels, height and width of a row: its own three, or those of a square of at least eight pixels a side.
  package static func extents(of shape: Shape) -> [Int]? {
    if shape.rank == 3 { return shape[1] > 1 && shape[2] > 1 ? shape.extents : nil }
    let side = Int(Double(shape.count).squareRoot().rounded())
    return shape.rank == 1 && side >= 8 && side * side == shape.count ? [1, side, side] : nil
  }
}
