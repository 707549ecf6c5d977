import Graphs
import Tensors

/// What training makes small: a mean over the batch.
///
/// | loss                   | value                                              | outputs `[batch, n]`           |
/// | ---------------------- | -------------------------------------------------- | ------------------------------ |
/// | `meanSquaredError`     | mean of `(y − t)²` over batch and outputs           | numbers                        |
/// | `binaryCrossEntropy`   | mean of `−t·ln p − (1 − t)·ln(1 − p)` over both      | logits, `p = sigmoid(z)`       |
/// | `softmaxCrossEntropy`  | mean of `−Σ t·ln p` over the batch, one-hot `t`      | logits, `p = softmax(z)`       |
///
/// The last two are computed from logits, so that they neither overflow nor lose digits; a model's last sigmoid or
/// softmax layer becomes part of its loss.
public enum Loss: String, Hashable, Sendable, Codable, CaseIterable {
  case meanSquaredError
  case binaryCrossEntropy
  case softmaxCrossEntropy

  /// The last layer that this loss contains.
  var fusedLayer: LayerSpec? {
    switch self {
    case .meanSquaredError: nil
    case .binaryCrossEntropy: .sigmoid
    case .softmaxCrossEntropy: .softmax
    }
  }

  /// - Throws: where the model's output is not what the loss is about.
  func validate(_ description: ModelDescription) throws(LearningError) {
    guard let last = description.layers.last else { throw .noLayers }
    guard description.outputShape.rank == 1 else {
      throw .lossDoesNotFit(
        self, reason: "an output of shape \(description.outputShape) an example must be flattened first")
    }
    switch (self, last) {
    case (.binaryCrossEntropy, .softmax), (.softmaxCrossEntropy, .sigmoid):
      throw .lossDoesNotFit(
        self, reason: "the last layer is \(last.kind); end with \(fusedLayer?.kind ?? "dense") or with dense alone")
    case (.softmaxCrossEntropy, _) where description.outputShape[0] < 2:
      throw .lossDoesNotFit(self, reason: "the model has one output and needs one for each class, at least two")
    case (.meanSquaredError, _), (.binaryCrossEntropy, _), (.softmaxCrossEntropy, _): break
    }
  }

  /// The loss of outputs (logits where a layer is fused), of shape `[]`.
  func value(of z: Symbol, targets: Symbol) -> Symbol {
    switch self {
    case .meanSquaredError:
      let error = z - targets
      return (error * error).mean(axes: [0, 1]).reshaped(to: [])
    case .binaryCrossEntropy:
      // relu(z) − z·t + ln(1 + e^−|z|), where |z| = 2·relu(z) − z and the last term is −ln sigmoid(|z|).
      let positive = z.relu()
      return (positive - z * targets - (positive + positive - z).sigmoid().log()).mean(axes: [0, 1]).reshaped(to: [])
    case .softmaxCrossEntropy:
      return -(z.logSoftmax() * targets).sum(axes: [1]).mean(axes: [0]).reshaped(to: [])
    }
  }

  /// The gradient of ``value(of:targets:)`` by the outputs, in closed form.
  ///
  /// - Parameter examples: how many the mean is over, the batch's where nothing is said; with 1, each row is the gradient of
  ///   its own example's loss.
  func gradient(of z: Symbol, targets: Symbol, examples: Int? = nil) -> Symbol {
    let rows = max(z.shape[0], 1)
    let batch = Float(examples ?? rows)
    let outputs = Float(max(z.shape.count, 1) / rows)
    return switch self {
    case .meanSquaredError: (z - targets) * (2 / (batch * outputs))
    case .binaryCrossEntropy: (z.sigmoid() - targets) * (1 / (batch * outputs))
    case .softmaxCrossEntropy: (z.softmax() - targets) * (1 / batch)
    }
  }
}
