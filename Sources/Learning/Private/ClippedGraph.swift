package import Graphs
package import Tensors

/// One step's part of a private training as a graph: the sum of the clipped gradients of a batch's examples.
///
/// Inputs are `x`, the targets `y`, the weights, a mask for each dropout layer, ``inverseSquareName`` of shape `[]`, which
/// is 1 over the square of the clipping norm, and, where the batch is padded, ``presenceName`` of shape `[batch]`: 1 for an
/// example, 0 for a row that only fills the batch. Outputs are the squared norms of the examples' gradients, `[batch]`, and
/// then the sums by each weight, in the order of ``weightNames``.
package struct ClippedGraph {
  package let graph: Graph
  package let weightNames: [String]
  package let masks: [(name: String, shape: Shape, rate: Double)]

  package static let inverseSquareName = "inverseSquare"
  package static let presenceName = "presence"

  /// - Throws: ``LearningError`` where the layers' statistics mix examples.
  package init(
    _ description: ModelDescription, loss: Loss, perLayer: Bool, batch: Int, isPadded: Bool
  ) throws(LearningError) {
    try Self.refuseBatchStatistics(description)
    let forward = try TrainingForward(description, loss: loss, batch: batch)
    let builder = forward.builder
    weightNames = description.weightNames
    masks = forward.assembly.masks
    let upstream = loss.gradient(of: forward.outputs, targets: forward.targets, examples: 1)
    do throws(GraphError) {
      let gradients = try ExampleGradients(of: forward.outputs, upstream: upstream, by: forward.weights)
      builder.layer = "clipping"
      let total = Self.sum(gradients.squaredNorms)
      let clip = ClipFactor(
        inverseSquare: builder.input(Self.inverseSquareName, .scalar),
        presence: isPadded ? builder.input(Self.presenceName, [batch]) : nil)
      let factors =
        perLayer
        ? clip.perLayer(gradients.squaredNorms, layers: weightNames.map(Self.layer))
        : [Symbol](repeating: clip.factor(squaredNorm: total), count: weightNames.count)
      graph = builder.build([total] + (try gradients.weightedSums(factors)))
    } catch { throw .layerDoesNotFit("loss", error) }
  }

  private static func sum(_ symbols: [Symbol]) -> Symbol { symbols.dropFirst().reduce(symbols[0], +) }

  private static func layer(of weight: String) -> String { String(weight.prefix { $0 != "." }) }

  static func refuseBatchStatistics(_ description: ModelDescription) throws(LearningError) {
    guard let index = description.layers.firstIndex(of: .batchNorm) else { return }
    throw .invalidLayer(
      description.layerNames[index],
      reason: "statistics of a batch tie its examples together, so none can be clipped alone; write {groupNorm: 4} or "
        + "layerNorm instead")
  }

  /// Scales gradients down to a norm.
  private struct ClipFactor {
    let inverseSquare: Symbol
    let presence: Symbol?

    /// `min(1, norm / |g|) = 1 / √max(|g|² / norm², 1)`, and 0 for a row that is no example.
    ///
    /// - Parameter parts: over how many such factors the square of the norm is spread.
    func factor(squaredNorm: Symbol, parts: Int = 1) -> Symbol {
      let ratio = squaredNorm * (parts == 1 ? inverseSquare : inverseSquare * Float(parts))
      // The larger of the ratio and 1.
      let factor = ((ratio + -1).relu() + 1).inverseSquareRoot()
      return presence.map { factor * $0 } ?? factor
    }

    func perLayer(_ squaredNorms: [Symbol], layers: [String]) -> [Symbol] {
      let names = Set(layers)
      let factors = Dictionary(
        uniqueKeysWithValues: names.map { name in
          let own = zip(layers, squaredNorms).filter { $0.0 == name }.map(\.1)
          return (name, factor(squaredNorm: ClippedGraph.sum(own), parts: names.count))
        })
      return layers.compactMap { factors[$0] }
    }
  }
}
