import Graphs
import Tensors

extension Loss {
  /// The gradient by the outputs and, if asked for, the loss, which shares the probabilities that the gradient needs.
  ///
  /// A cross-entropy is of the probability of what is true, kept above 2⁻¹⁰ by mixing: at most 6.94 an example, and 0.001
  /// at least. So its logarithm stays in the range of fixed point; the gradient is exact.
  func step(of z: Symbol, targets: Symbol, withLoss: Bool) -> (upstream: Symbol, value: Symbol?) {
    let batch = Float(max(z.shape[0], 1))
    let count = Float(max(z.shape.count, 1))
    switch self {
    case .meanSquaredError:
      let error = z - targets
      return (error * (2 / count), withLoss ? (error * error).mean(axes: [0, 1]).reshaped(to: []) : nil)
    case .binaryCrossEntropy:
      let p = z.sigmoid()
      let upstream = (p - targets) * (1 / count)
      guard withLoss else { return (upstream, nil) }
      let agreement = (p * targets) * 2 - p - targets + 1
      return (upstream, surprise(agreement).mean(axes: [0, 1]).reshaped(to: []))
    case .softmaxCrossEntropy:
      let p = z.softmax()
      let upstream = (p - targets) * (1 / batch)
      guard withLoss else { return (upstream, nil) }
      return (upstream, surprise((p * targets).sum(axes: [1])).mean(axes: [0, 1]).reshaped(to: []))
    }
  }

  /// −ln of a probability mixed with 2⁻¹⁰.
  private func surprise(_ probability: Symbol) -> Symbol {
    -(probability * (1 - 0x1p-10) + 0x1p-10).log()
  }
}
