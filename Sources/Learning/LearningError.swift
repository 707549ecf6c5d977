public import Graphs
public import Tensors

/// Why a model cannot be described, trained or asked: what, where and what to do.
public enum LearningError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A model has no layers.
  case noLayers
  /// A setting of a layer is out of range.
  case invalidLayer(String, reason: String)
  /// A layer cannot take what the one before it gives.
  case layerDoesNotFit(String, GraphError)
  /// A layer stands where the batch would be lost.
  case wrongInput(layer: String, shape: Shape, hint: String)
  /// The output and the loss do not go together.
  case lossDoesNotFit(Loss, reason: String)
  /// A setting of the training is out of range.
  case invalidSetting(String, reason: String)
  /// Features, targets or weights have another shape than the model asks for.
  case wrongShape(String, expected: String, given: Shape)
  /// Weights lack a tensor the model needs.
  case missingWeight(String)
  /// A model file to begin with is not of these layers.
  case givenWeights(String)
  /// The loss left the range of numbers.
  case diverged(epoch: Int)
  /// Data and model of a job do not go together.
  case dataDoesNotFit(String)
  /// A file of a run cannot be written.
  case unwritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .noLayers: "the model has no layers; give it at least one"
    case .invalidLayer(let layer, let reason): "layer \(layer): \(reason)"
    case .layerDoesNotFit(let layer, let error): "layer \(layer) does not fit what comes before it: \(error)"
    case .wrongInput(let layer, let shape, let hint):
      "layer \(layer) cannot take an input of shape \(shape) an example; \(hint)"
    case .lossDoesNotFit(let loss, let reason): "loss \(loss.rawValue): \(reason)"
    case .invalidSetting(let setting, let reason): "\(setting) \(reason)"
    case .wrongShape(let what, let expected, let given): "\(what) must have shape \(expected), not \(given)"
    case .missingWeight(let name): "there is no weight \"\(name)\"; load the weights of this model"
    case .diverged(let epoch):
      "training diverged in epoch \(epoch): the loss is no longer a finite number; lower the learning rate"
    case .dataDoesNotFit(let reason), .givenWeights(let reason): reason
    case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
    }
  }
}
