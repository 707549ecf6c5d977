public import Datasets
public import Graphs
public import Tensors

/// What a `.tacit` file holds: a program, its weights, how raw data become its input, and where it comes from.
public struct ModelFile: Sendable {
  /// The forward program for one example; ``graph(batch:)`` makes it for any number.
  public let graph: Graph
  /// The name of the graph's data input; all others are weights.
  public let inputName: String
  public let weights: [String: Tensor<Float>]
  /// How rows of a table become features; `nil` where features are given as they are.
  public let preprocessing: Preprocessing?
  public let provenance: Provenance
  /// What is publicly declared of inputs, as scalars of an example; `nil` where nothing is.
  public private(set) var inputRange: InputRange?

  /// Where a model comes from; nothing in it is secret, and nothing is checked.
  public struct Provenance: Hashable, Sendable, Codable {
    public var creator: String
    public var dataset: String
    public var source: String
    public var seed: UInt64?
    public var trainingRows: Int?
    /// Metrics by name, such as `accuracy`.
    public var metrics: [String: Double]

    public init(
      creator: String, dataset: String, source: String, seed: UInt64? = nil, trainingRows: Int? = nil,
      metrics: [String: Double] = [:]
    ) {
      self.creator = creator
      self.dataset = dataset
      self.source = source
      self.seed = seed
      self.trainingRows = trainingRows
      self.metrics = metrics
    }
  }

  /// - Throws: ``ModelFileError/inconsistent(_:)`` when inputs of the graph and weights do not match one to one.
  public init(
    graph: Graph, inputName: String = "x", weights: [String: Tensor<Float>], preprocessing: Preprocessing? = nil,
    provenance: Provenance, inputRange: InputRange? = nil
  ) throws(ModelFileError) {
    guard let input = graph.shape(ofInput: inputName) else {
      throw .inconsistent("the program has no input \"\(inputName)\"")
    }
    guard input.rank >= 1, input[0] == 1 else {
      throw .inconsistent("the program's input \"\(inputName)\" must be for one example")
    }
    guard graph.outputs.count == 1 else { throw .inconsistent("the program must have one output") }
    for (name, node) in graph.inputs.sorted(by: { $0.key < $1.key }) where name != inputName {
      guard let weight = weights[name] else { throw .inconsistent("the weight \"\(name)\" is missing") }
      guard weight.shape == graph.nodes[node].shape else {
        throw .inconsistent(
          "the weight \"\(name)\" has shape \(weight.shape) where the program has \(graph.nodes[node].shape)")
      }
    }
    if let surplus = weights.keys.sorted().first(where: { $0 == inputName || graph.inputs[$0] == nil }) {
      throw .inconsistent("the weight \"\(surplus)\" is not used by the program")
    }
    if let preprocessing, preprocessing.featureCount != input.count {
      throw .inconsistent("the preprocessing makes \(preprocessing.featureCount) features of \(input.count)")
    }
    try Self.check(inputRange, for: input)
    self.graph = graph
    self.inputName = inputName
    self.weights = weights
    self.preprocessing = preprocessing
    self.provenance = provenance
    self.inputRange = inputRange
  }

  /// The same model with another declared range of inputs, or none.
  public func declaring(_ inputRange: InputRange?) throws(ModelFileError) -> ModelFile {
    try Self.check(inputRange, for: graph.shape(ofInput: inputName) ?? [1])
    var copy = self
    copy.inputRange = inputRange
    return copy
  }

  private static func check(_ range: InputRange?, for input: Shape) throws(ModelFileError) {
    guard let range, !range.fits(exampleCount: input.count) else { return }
    throw .inconsistent("the declared range has \(range.low.count) features of \(input.count)")
  }

  /// The shape of one example, without the batch axis.
  public var exampleShape: Shape {
    Shape(Array((graph.shape(ofInput: inputName) ?? [1]).extents.dropFirst()))
  }

  /// Names of the weights in a fixed order.
  public var weightNames: [String] { weights.keys.sorted() }

  /// The program for `batch` examples at once.
  public func graph(batch: Int) throws(GraphError) -> Graph {
    try graph.resized(inputs: [inputName: Shape([batch] + exampleShape.extents)])
  }
}

/// Why a model file cannot be read or written.
public enum ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case notAModel(reason: String)
  case unsupportedVersion(UInt32)
  case truncated(expected: Int, found: Int)
  case damaged
  case malformed(String)
  case inconsistent(String)
  case notONNX(reason: String)
  case notKeras(reason: String)
  case notSafetensors(reason: String)
  case unsupportedOperators([UnsupportedOperator])
  indirect case inFile(String, ModelFileError)

  /// A node that cannot be read.
  public struct UnsupportedOperator: Hashable, Sendable {
    /// The operator's name, such as `LSTM`.
    public var kind: String
    /// The node's own name.
    public var node: String
    /// What to write in its place, where something comes near.
    public var rewrite: String?

    public init(kind: String, node: String, rewrite: String? = nil) {
      self.kind = kind
      self.node = node
      self.rewrite = rewrite
    }
  }

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read the model file \(path): \(reason)"
    case .notAModel(let reason): "this is not a .tacit model file (\(reason))"
    case .unsupportedVersion(let version):
      "the model file has format version \(version), this program reads version \(ModelFile.formatVersion): update it"
    case .truncated(let expected, let found):
      "the model file is cut off: \(expected) bytes are announced, \(found) are there; copy it again"
    case .damaged: "the model file is damaged: its checksum does not match; copy it again"
    case .malformed(let why): "the model file is malformed: \(why)"
    case .inconsistent(let why): "the model is inconsistent: \(why)"
    case .notONNX(let reason): "this is not an ONNX model (\(reason))"
    case .notSafetensors(let reason): "this is not a safetensors file (\(reason))"
    case .notKeras(let reason): "this is not a Keras model (\(reason))"
    case .unsupportedOperators(let operators):
      "the model has operators that are not supported: "
        + operators.map { "\($0.kind) (node \"\($0.node)\"\($0.rewrite.map { "; \($0)" } ?? ""))" }.joined(
          separator: ", ")
    case .inFile(let path, let error): "\(path): \(error)"
    }
  }
}
