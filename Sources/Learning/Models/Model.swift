public import Graphs
public import Tensors

/// A description with its weights: something that can be asked.
public struct Model: Hashable, Sendable {
  public let description: ModelDescription
  public let weights: Weights

  /// - Throws: ``LearningError`` where a weight is missing or has another shape.
  public init(description: ModelDescription, weights: Weights) throws(LearningError) {
    for spec in description.weightSpecs {
      guard let tensor = weights[spec.name] else { throw .missingWeight(spec.name) }
      guard tensor.shape == spec.shape else {
        throw .wrongShape("weight \"\(spec.name)\"", expected: spec.shape.description, given: tensor.shape)
      }
    }
    self.description = description
    self.weights = weights
  }

  /// The program of one prediction.
  public func graph(batch: Int) throws(LearningError) -> Graph { try description.forwardGraph(batch: batch) }

  /// The outputs for examples `[rows] + inputShape`, computed `batch` at a time.
  public func predict(_ x: Tensor<Float>, batch: Int = 256) throws(LearningError) -> Tensor<Float> {
    guard batch >= 1 else { throw .invalidSetting("batch", reason: "must be at least 1") }
    guard x.shape.rank >= 1, Array(x.shape.extents.dropFirst()) == description.inputShape.extents else {
      throw .wrongShape("the input", expected: "[rows] + \(description.inputShape)", given: x.shape)
    }
    let rows = x.shape[0]
    guard rows > 0 else { return Tensor(repeating: 0, shape: Shape([0] + description.outputShape.extents)) }
    var parts: [Tensor<Float>] = []
    var compiled: (size: Int, program: PlainProgram)?
    for start in stride(from: 0, to: rows, by: batch) {
      let part = x.sliced(axis: 0, start..<min(start + batch, rows))
      let size = part.shape[0]
      let program: PlainProgram
      if let compiled, compiled.size == size {
        program = compiled.program
      } else {
        program = PlainProgram(try graph(batch: size))
        compiled = (size, program)
      }
      var inputs = weights.byName
      inputs[ModelDescription.inputName] = part
      do { parts += program.run(try program.arrange(inputs)) } catch { throw .layerDoesNotFit("input", error) }
    }
    return Tensor.concatenated(parts, axis: 0)
  }
}
