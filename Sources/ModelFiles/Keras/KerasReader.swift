import Tensors

/// Walks the layers of a Keras model and writes each as ONNX nodes.
struct KerasReader {
  /// Writes a layer: the layer, what it is fed, the name of what it gives.
  typealias Rule = @Sendable (inout KerasReader, KerasLayer, [String]) throws(ModelFileError) -> String

  private let file: HDF5File
  var writer = ONNXWriter()
  /// The version that wrote the file; some defaults differ between 2 and 3.
  let version: String
  /// Layers whose arrays are written, since a layer may be called more than once.
  var written: Set<String> = []

  init(_ file: HDF5File) throws(ModelFileError) {
    self.file = file
    version = try file.texts("keras_version")?.first ?? ""
  }

  mutating func read() throws(ModelFileError) -> Onnx_ModelProto {
    guard let text = try file.texts("model_config")?.first, let model = JSONValue(parsing: text) else {
      let hasWeights = try file.texts("layer_names") != nil
      throw .notKeras(
        reason: hasWeights
          ? "it holds weights without a model; save the whole model by model.save(\"model.h5\")"
          : "it has no readable attribute \"model_config\"")
    }
    let config = model["config"]
    guard let entries = config["layers"].list ?? config.list, !entries.isEmpty, entries.count <= 10_000 else {
      throw .notKeras(reason: "its model has no layers")
    }
    var layers: [KerasLayer] = []
    for entry in entries { layers.append(try KerasLayer(entry, in: file)) }
    try Self.refuseUnsupported(layers)
    switch model["class_name"].text {
    case "Sequential": try chain(layers, config)
    case "Functional", "Model": try network(layers, config)
    case let other: throw .notKeras(reason: "its model is a \(other ?? "?"), and Sequential or Functional are read")
    }
    return writer.model(opset: 17, producer: "Keras \(version)", name: config["name"].text ?? "model")
  }

  private static func refuseUnsupported(_ layers: [KerasLayer]) throws(ModelFileError) {
    let unsupported = layers.filter { rules[$0.kind] == nil && $0.kind != "InputLayer" }
    guard unsupported.isEmpty else {
      throw .unsupportedOperators(
        unsupported.map { layer in
          let isModel = ["Sequential", "Functional", "Model"].contains(layer.kind)
          return .init(
            kind: layer.kind, node: layer.name,
            rewrite: isModel ? "put its layers into the model itself" : ONNXRewrites.hint(for: layer.kind))
        })
    }
  }

  // MARK: Layers one after the other

  private mutating func chain(_ layers: [KerasLayer], _ config: JSONValue) throws(ModelFileError) {
    let shape = try Self.inputShape(layers[0], orElse: config["build_input_shape"])
    let input = "\(layers[0].name)_input"
    writer.addInput(input, shape)
    var value = input
    for layer in layers where layer.kind != "InputLayer" { value = try write(layer, [value]) }
    writer.addOutput(value, [])
  }

  /// What a layer says of its input, the batch first.
  private static func inputShape(_ layer: KerasLayer, orElse other: JSONValue = .null) throws(ModelFileError) -> [Int?]
  {
    let found = ["batch_shape", "batch_input_shape"].lazy.compactMap { layer.settings[$0].list }.first ?? other.list
    guard let found, found.count >= 2 else { throw layer.error("does not say the shape of the model's input") }
    return found.enumerated().map { $0.offset == 0 ? nil : $0.element.integer ?? 0 }
  }

  // MARK: A network of layers

  private mutating func network(_ layers: [KerasLayer], _ config: JSONValue) throws(ModelFileError) {
    let inputs = layers.filter { $0.kind == "InputLayer" }
    guard inputs.count == 1 else {
      throw .inconsistent("the Keras model has \(inputs.count) inputs, and one is supported")
    }
    let end = try Self.end(config)
    let input = inputs[0]
    writer.addInput(input.name, try Self.inputShape(input))
    var values = ["\(input.name) 0": input.name]
    var waiting = layers.filter { $0.kind != "InputLayer" }.flatMap { layer in
      layer.calls.enumerated().map { (layer: layer, call: $0.offset, feeds: $0.element) }
    }
    while !waiting.isEmpty {
      let before = waiting.count
      var left: [(layer: KerasLayer, call: Int, feeds: [(layer: String, call: Int)])] = []
      for item in waiting {
        let feeds = item.feeds.compactMap { values["\($0.layer) \($0.call)"] }
        if feeds.count == item.feeds.count {
          values["\(item.layer.name) \(item.call)"] = try write(item.layer, feeds)
        } else {
          left.append(item)
        }
      }
      guard left.count < before else {
        throw left[0].layer.error("is fed by a layer that the model does not have, or by itself")
      }
      waiting = left
    }
    guard let result = values["\(end.layer) \(end.call)"] else {
      throw .inconsistent("the Keras model's result \"\(end.layer)\" is made by none of its layers")
    }
    writer.addOutput(result, [])
  }

  /// The layer that gives the model's result, and which call of it; Keras 3 leaves the list out where it is one.
  private static func end(_ config: JSONValue) throws(ModelFileError) -> (layer: String, call: Int) {
    var outputs = config["output_layers"].list ?? []
    if outputs.first?.text != nil { outputs = [.list(outputs)] }
    guard outputs.count == 1, let parts = outputs[0].list, parts.count >= 2, let layer = parts[0].text,
      let call = parts[1].integer
    else { throw .inconsistent("the Keras model has \(outputs.count) results, and one is supported") }
    return (layer, call)
  }

  private mutating func write(_ layer: KerasLayer, _ feeds: [String]) throws(ModelFileError) -> String {
    guard let rule = Self.rules[layer.kind] else { throw layer.error("is not supported") }
    guard !feeds.isEmpty else { throw layer.error("is fed by nothing") }
    return try rule(&self, layer, feeds)
  }

  // MARK: What rules write with

  mutating func append(
    _ kind: String, _ inputs: [String], _ attributes: [String: ONNXWriter.Attribute] = [:], of layer: KerasLayer
  ) -> String {
    writer.append(kind, inputs, attributes, layer: layer.name)
  }

  /// A layer's weight, written once.
  mutating func weight(_ part: String, of layer: KerasLayer, _ tensor: Tensor<Float>) -> String {
    let name = "\(layer.name)/\(part)"
    if written.insert(name).inserted { writer.weight(name, tensor) }
    return name
  }

  mutating func number(_ value: Double, of layer: KerasLayer) -> String { writer.constant(value, layer: layer.name) }
}
