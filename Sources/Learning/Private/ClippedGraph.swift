package import Graphs
package import Tensors

/// One step's part of a private training as a graph: the sum of the clipped gradients of a batch's examples.
///
/// Inputs are `x`, the targets `y`, the weights, a mask for each dropout layer, ``clipName`` of shape `[]`, and
/// ``presenceName`` of shape `[batch]`: 1 for an example, 0 for a row that only fills the batch. Outputs are the squared
/// norms of the examples' gradients, `[batch]`, and then the sums by each weight, in the order of ``weightNames``.
package struct ClippedGraph {
  package let graph: Graph
  package let weightNames: [String]
  package let masks: [(name: String, shape: Shape, rate: Double)]

  package static let clipName = "clip"
  package static let presenceName = "presence"

  /// - Throws: ``LearningError`` where the layers' statistics mix examples.
  package init(_ description: ModelDescription, loss: Loss, perLayer: Bool, batch: Int) throws(LearningError) {
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
        norm: builder.input(Self.clipName, .scalar), presence: builder.input(Self.presenceName, [batch]))
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
    let norm: Symbol
    let presence: Symbol

    /// `min(1, norm / |g|)`, and 0 for a row that is no example.
    func factor(squaredNorm: Symbol, share: Float = 1) -> Symbol {
      let clip = share == 1 ? norm : norm * share
      let floor = clip * clip
      // The larger of the two squares.
      let larger = (squaredNorm - floor).relu() + floor
      return larger.inverseSquareRoot() * clip * presence
    }

    func perLayer(_ squaredNorms: [Symbol], layers: [String]) -> [Symbol] {
      let names = Set(layers)
      let share = 1 / Float(names.count).squareRoot()
      let factors = Dictionary(
        uniqueKeysWithValues: names.map { name in
          let own = zip(layers, squaredNorms).filter { $0.0 == name }.map(\.1)
          return (name, factor(squaredNorm: ClippedGraph.sum(own), share: share))
        })
      return layers.compactMap { factors[$0] }
    }
  }
}
