import Tensors

/// Which layers are read, and by what.
extension KerasReader {
  static let rules: [String: Rule] = {
    var rules: [String: Rule] = [:]
    func add(_ rule: @escaping Rule, _ kinds: String...) { for kind in kinds { rules[kind] = rule } }
    add(
      same, "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
      "ActivityRegularization", "Identity")
    add(dense, "Dense")
    add({ (r, l, x) throws(ModelFileError) in try r.convolution(l, x[0], axes: 1) }, "Conv1D")
    add({ (r, l, x) throws(ModelFileError) in try r.convolution(l, x[0], axes: 2) }, "Conv2D")
    add({ (r, l, x) throws(ModelFileError) in try r.depthwise(l, x[0], axes: 1) }, "DepthwiseConv1D")
    add({ (r, l, x) throws(ModelFileError) in try r.depthwise(l, x[0], axes: 2) }, "DepthwiseConv2D")
    add({ (r, l, x) throws(ModelFileError) in try r.separable(l, x[0], axes: 1) }, "SeparableConv1D")
    add({ (r, l, x) throws(ModelFileError) in try r.separable(l, x[0], axes: 2) }, "SeparableConv2D")
    add({ (r, l, x) throws(ModelFileError) in try r.transposedConvolution(l, x[0], axes: 2) }, "Conv2DTranspose")
    add({ (r, l, x) throws(ModelFileError) in try r.pooling(l, x[0], "MaxPool", axes: 1) }, "MaxPooling1D")
    add({ (r, l, x) throws(ModelFileError) in try r.pooling(l, x[0], "MaxPool", axes: 2) }, "MaxPooling2D")
    add({ (r, l, x) throws(ModelFileError) in try r.pooling(l, x[0], "AveragePool", axes: 1) }, "AveragePooling1D")
    add({ (r, l, x) throws(ModelFileError) in try r.pooling(l, x[0], "AveragePool", axes: 2) }, "AveragePooling2D")
    add(
      { (r, l, x) throws(ModelFileError) in try r.globalPooling(l, x[0], "ReduceMean", axes: 1) },
      "GlobalAveragePooling1D")
    add(
      { (r, l, x) throws(ModelFileError) in try r.globalPooling(l, x[0], "ReduceMean", axes: 2) },
      "GlobalAveragePooling2D")
    add(
      { (r, l, x) throws(ModelFileError) in try r.globalPooling(l, x[0], "ReduceMax", axes: 1) }, "GlobalMaxPooling1D")
    add(
      { (r, l, x) throws(ModelFileError) in try r.globalPooling(l, x[0], "ReduceMax", axes: 2) }, "GlobalMaxPooling2D")
    add(batchNormalization, "BatchNormalization")
    add(layerNormalization, "LayerNormalization")
    add(activationLayer, "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")
    add(flatten, "Flatten")
    add(reshape, "Reshape")
    add(permute, "Permute")
    add({ (r, l, x) throws(ModelFileError) in try r.zeroPadding(l, x[0], axes: 1) }, "ZeroPadding1D")
    add({ (r, l, x) throws(ModelFileError) in try r.zeroPadding(l, x[0], axes: 2) }, "ZeroPadding2D")
    add({ (r, l, x) throws(ModelFileError) in try r.cropping(l, x[0], axes: 1) }, "Cropping1D")
    add({ (r, l, x) throws(ModelFileError) in try r.cropping(l, x[0], axes: 2) }, "Cropping2D")
    add(upSampling, "UpSampling2D")
    add({ (r, l, x) throws(ModelFileError) in r.append("Sum", x, of: l) }, "Add")
    add({ (r, l, x) throws(ModelFileError) in try r.pair("Sub", l, x) }, "Subtract")
    add(product, "Multiply")
    add({ (r, l, x) throws(ModelFileError) in r.append("Mean", x, of: l) }, "Average")
    add({ (r, l, x) throws(ModelFileError) in r.append("Max", x, of: l) }, "Maximum")
    add({ (r, l, x) throws(ModelFileError) in r.append("Min", x, of: l) }, "Minimum")
    add(concatenation, "Concatenate")
    add(rescaling, "Rescaling")
    add(normalization, "Normalization")
    return rules
  }()

  private static let same: Rule = { (_, _, inputs) throws(ModelFileError) in inputs[0] }

  private static let dense: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    let kernel = reader.weight("kernel", of: layer, try layer.array("kernel", rank: 2))
    let result = try reader.biased(layer, reader.append("MatMul", [inputs[0], kernel], of: layer))
    return try reader.activated(layer, result)
  }

  private static let flatten: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    guard layer.text("data_format", default: "channels_last") == "channels_last" else {
      throw layer.error("has channels first, and channels last are supported")
    }
    return reader.append("Flatten", inputs, ["axis": .integer(1)], of: layer)
  }

  private static let reshape: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    guard let target = layer.settings["target_shape"].integers else { throw layer.error("lacks its target_shape") }
    let shape = reader.writer.integers([0] + target, layer: layer.name)
    return reader.append("Reshape", [inputs[0], shape], of: layer)
  }

  private static let permute: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    guard let axes = layer.settings["dims"].integers else { throw layer.error("lacks its dims") }
    return reader.append("Transpose", inputs, ["perm": .integers([0] + axes)], of: layer)
  }

  private static let product: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    var result = inputs[0]
    for input in inputs.dropFirst() { result = reader.append("Mul", [result, input], of: layer) }
    return result
  }

  private mutating func pair(_ kind: String, _ layer: KerasLayer, _ inputs: [String]) throws(ModelFileError) -> String {
    guard inputs.count == 2 else { throw layer.error("is fed by \(inputs.count) layers, not two") }
    return append(kind, inputs, of: layer)
  }

  private static let concatenation: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    reader.append("Concat", inputs, ["axis": .integer(layer.settings["axis"].integer ?? -1)], of: layer)
  }

  /// Scale and offset stand in the architecture, as they do in Keras.
  private static let rescaling: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    let scaled = reader.append(
      "Mul", [inputs[0], reader.number(layer.number("scale", default: 1), of: layer)], of: layer)
    return reader.append("Add", [scaled, reader.number(layer.number("offset", default: 0), of: layer)], of: layer)
  }
}
