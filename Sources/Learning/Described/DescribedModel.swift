import Datasets
import Foundation
import Graphs
public import ModelFiles
import Tensors

/// Models whose weights lie in one file and whose layers are described in another.
extension ModelFile {
  /// Reads a model of any format that is known by its file's ending: as ``ModelFile/open(_:)``, and `.safetensors` and `.npz`, whose
  /// layers are in a file of their own.
  ///
  /// - Parameter description: the file that says which layers the tensors belong to (docs/MODELS.md); where none is named, the one
  ///   beside the tensors that ends in `.yaml`.
  /// - Throws: `ModelFileError`, `DatasetError`, ``JobError``, ``LearningError``.
  public static func open(_ path: String, description: String?) throws -> ModelFile {
    let tensors: [String: Tensor<Float>]
    switch path.lowercased().split(separator: ".").last {
    case "safetensors": tensors = try Safetensors.read(path: path)
    case "npz": tensors = try NPZ.read(path: path)
    default:
      guard description == nil else {
        throw ModelFileError.inFile(
          path, .inconsistent("it says itself which layers it has; leave --description out"))
      }
      return try open(path)
    }
    let file = description ?? URL(fileURLWithPath: path).deletingPathExtension().path + ".yaml"
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ModelFileError.unreadable(
        path: file,
        reason: "it should say which layers the tensors of \(path) belong to; write one, or name it by --description")
    }
    return try described(
      by: try ModelDocument(parsing: String(decoding: data, as: UTF8.self)), tensors,
      source: URL(fileURLWithPath: path).lastPathComponent)
  }

  static func described(
    by document: ModelDocument, _ tensors: [String: Tensor<Float>], source: String
  ) throws -> ModelFile {
    let description = try ModelDescription(layers: document.layers.map(\.spec), inputShape: document.input)
    var weights: [String: Tensor<Float>] = [:]
    for (layer, name) in zip(document.layers, description.layerNames) {
      let parts = description.weightSpecs.filter { $0.name.hasPrefix(name + ".") }
      for part in parts {
        weights[part.name] = try layer.tensor(part, String(part.name.dropFirst(name.count + 1)), in: tensors)
      }
      let known = Set(parts.map { String($0.name.dropFirst(name.count + 1)) })
      if let stranger = layer.tensors.keys.sorted().first(where: { !known.contains($0) }) {
        throw LearningError.givenWeights(
          "\(layer.path) (\(name)) has no part \"\(stranger)\" that tensors could be given for")
      }
    }
    return try ModelFile(
      graph: try document.program(of: try description.forwardGraph(batch: 1)), inputName: ModelDescription.inputName,
      weights: weights, provenance: .init(creator: "", dataset: "", source: source))
  }
}

extension ModelDocument {
  /// The layers' program behind what is done to inputs first.
  fileprivate func program(of plain: Graph) throws(GraphError) -> Graph {
    var graph = Graph()
    var places: [Int] = []
    for node in plain.nodes {
      var place = try graph.append(copyOf: node, node.operands.map { places[$0] })
      if node.operation == .input(ModelDescription.inputName) {
        if factor != 1 { place = try graph.append(.scale(Float(factor)), [place], layer: "input") }
        if offset != 0 { place = try graph.append(.shift(Float(offset)), [place], layer: "input") }
      }
      places.append(place)
    }
    try graph.setOutputs(plain.outputs.map { places[$0] })
    return graph
  }
}

extension ModelDocument.Layer {
  /// A part of the layer from the file, its axes in our order; offsets that are not named are zero.
  fileprivate func tensor(
    _ spec: WeightSpec, _ part: String, in tensors: [String: Tensor<Float>]
  ) throws(LearningError) -> Tensor<Float> {
    guard let name = self.tensors[part] else {
      guard part == "bias" else {
        throw .givenWeights("\(path) lacks the name of its tensor \"\(part)\": write tensors: {\(part): NAME}")
      }
      return Tensor(repeating: 0, shape: spec.shape)
    }
    guard let found = tensors[name] else {
      let some = tensors.keys.sorted().prefix(6).joined(separator: ", ")
      throw .givenWeights("\(path) names the tensor \"\(name)\", which the file does not have; it has \(some)…")
    }
    let turned = part == "weight" ? inOurOrder(found) : found
    guard turned.shape == spec.shape else {
      throw .givenWeights(
        "the tensor \"\(name)\" of \(path) has the shape \(found.shape), and \(spec.shape) is due"
          + (part == "weight" ? " (layout: \(layout.rawValue))" : ""))
    }
    return turned
  }

  private func inOurOrder(_ tensor: Tensor<Float>) -> Tensor<Float> {
    switch (spec, layout) {
    case (.dense, .outIn) where tensor.shape.rank == 2: tensor.transposed()
    case (.conv2d, .inOut) where tensor.shape.rank == 4: tensor.transposed([3, 2, 0, 1])
    default: tensor
    }
  }
}
