import Tensors

extension Model {
  /// The same predictions by fewer layers: batch normalisations are merged into the dense or convolutional layer before
  /// them, from which only average pooling or dropout may part them. They then cost nothing, in the clear or on shares;
  /// others remain. The layers are numbered anew.
  ///
  /// With the factor `s = weight / √(variance + 10⁻⁵)`, a layer's weights are multiplied by `s`, output by output, and its
  /// bias `b` becomes `(b − mean) · s + bias`.
  public func folded() throws(LearningError) -> Model {
    var kept: [(layer: LayerSpec, name: String)] = []
    var tensors = weights
    for (layer, name) in zip(description.layers, description.layerNames) {
      if layer == .batchNorm, let linear = kept.last(where: { !$0.layer.commutesWithScaling }), linear.layer.isLinear {
        tensors.fold(name, into: linear.name)
      } else {
        kept.append((layer, name))
      }
    }
    let description = try ModelDescription(
      layers: kept.map(\.layer), inputShape: self.description.inputShape, initial: self.description.initial)
    let oldNames = Dictionary(uniqueKeysWithValues: zip(description.layerNames, kept.map(\.name)))
    let renamed = description.weightSpecs.compactMap { spec -> (name: String, tensor: Tensor<Float>)? in
      let parts = spec.name.split(separator: ".", maxSplits: 1).map(String.init)
      guard let layer = oldNames[parts[0]], let tensor = tensors["\(layer).\(parts[1])"] else { return nil }
      return (spec.name, tensor)
    }
    return try Model(description: description, weights: Weights(renamed))
  }
}

extension Weights {
  fileprivate mutating func fold(_ norm: String, into linear: String) {
    guard let weight = self[linear + ".weight"], let bias = self[linear + ".bias"],
      let scale = self[norm + ".weight"], let shift = self[norm + ".bias"],
      let mean = self[norm + ".mean"], let variance = self[norm + ".variance"]
    else { return }
    let factors = zip(scale.scalars, variance.scalars).map { scale, variance in
      Double(scale) / (Double(variance) + Double(ModelAssembly.epsilon)).squareRoot()
    }
    // Outputs are the last axis of a matrix and the first of a kernel.
    let run = weight.shape.rank == 2 ? 1 : weight.shape.count / Swift.max(factors.count, 1)
    self[linear + ".weight"] = Tensor(
      shape: weight.shape,
      scalars: weight.scalars.enumerated().map { index, weight in
        Float(Double(weight) * factors[index / run % factors.count])
      })
    self[linear + ".bias"] = Tensor(
      shape: bias.shape,
      scalars: factors.indices.map { index in
        Float(
          (Double(bias.scalars[index]) - Double(mean.scalars[index])) * factors[index] + Double(shift.scalars[index]))
      })
  }
}

extension LayerSpec {
  fileprivate var isLinear: Bool {
    switch self {
    case .dense, .conv2d: true
    case .averagePool, .maxPool, .flatten, .dropout, .relu, .sigmoid, .tanh, .gelu, .batchNorm, .layerNorm, .groupNorm,
      .softmax:
      false
    }
  }

  /// Whether a prediction may scale and shift channels before this layer instead of after it.
  fileprivate var commutesWithScaling: Bool {
    switch self {
    case .averagePool, .dropout: true
    case .dense, .conv2d, .maxPool, .flatten, .relu, .sigmoid, .tanh, .gelu, .batchNorm, .layerNorm, .groupNorm,
      .softmax:
      false
    }
  }
}
