import Graphs
public import Tensors

/// Predicts with one description's weights as they change: programs stay from call to call, since a small one takes longer to
/// compile than to run. It belongs to one thread at a time.
public final class Predictor {
  private let description: ModelDescription
  private var programs: [Int: PlainProgram] = [:]
  /// Programs that are kept; batches have one size, and the last one another.
  private static let capacity = 4

  public init(_ description: ModelDescription) { self.description = description }

  /// The outputs for examples `[rows] + inputShape`, computed `batch` at a time.
  ///
  /// - Throws: ``LearningError`` where the examples or weights do not fit the description.
  public func predict(
    _ x: Tensor<Float>, with weights: Weights, batch: Int = 256
  ) throws(LearningError) -> Tensor<Float> {
    guard batch >= 1 else { throw .invalidSetting("batch", reason: "must be at least 1") }
    guard x.shape.rank >= 1, Array(x.shape.extents.dropFirst()) == description.inputShape.extents else {
      throw .wrongShape("the input", expected: "[rows] + \(description.inputShape)", given: x.shape)
    }
    let rows = x.shape[0]
    guard rows > 0 else { return Tensor(repeating: 0, shape: Shape([0] + description.outputShape.extents)) }
    var parts: [Tensor<Float>] = []
    var inputs = weights.byName
    for start in stride(from: 0, to: rows, by: batch) {
      let part = rows <= batch ? x : x.sliced(axis: 0, start..<min(start + batch, rows))
      let program = try program(of: part.shape[0])
      inputs[ModelDescription.inputName] = part
      do { parts += program.run(try program.arrange(inputs)) } catch { throw .layerDoesNotFit("input", error) }
    }
    return parts.count == 1 ? parts[0] : Tensor.concatenated(parts, axis: 0)
  }

  private func program(of size: Int) throws(LearningError) -> PlainProgram {
    if let program = programs[size] { return program }
    if programs.count >= Self.capacity { programs = [:] }
    let program = PlainProgram(try description.forwardGraph(batch: size))
    programs[size] = program
    return program
  }
}
