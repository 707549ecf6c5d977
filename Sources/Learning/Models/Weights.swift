public import Tensors

/// The learned tensors of a model by name, in the order of its layers.
public struct Weights: Hashable, Sendable {
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor<Float>] = [:]

  public init() {}

  /// Weights in the given order; a later tensor replaces an earlier one of the same name.
  public init(_ entries: [(name: String, tensor: Tensor<Float>)]) {
    for (name, tensor) in entries { self[name] = tensor }
  }

  /// The tensor of that name; a new one is appended, and `nil` removes it.
  public subscript(name: String) -> Tensor<Float>? {
    get { tensors[name] }
    set {
      if newValue == nil { names.removeAll { $0 == name } } else if tensors[name] == nil { names.append(name) }
      tensors[name] = newValue
    }
  }

  /// All tensors by name, as engines take them.
  public var byName: [String: Tensor<Float>] { tensors }

  /// How many scalars there are in all.
  public var scalarCount: Int { tensors.values.reduce(0) { $0 + $1.count } }
}
