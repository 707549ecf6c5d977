import Tensors

/// Convolutions and pooling. Keras has channels last where nothing else is said; ONNX has them first, so that values are turned before and after.
extension KerasReader {
  mutating func convolution(_ layer: KerasLayer, _ input: String, axes: Int) throws(ModelFileError) -> String {
    let kernel = try layer.array("kernel", rank: axes + 2)
    // [k…, in, out] → [out, in, k…]
    let turned = kernel.transposed([axes + 1, axes] + Array(0..<axes))
    let weight = weight("kernel", of: layer, turned)
    var attributes = try window(layer, axes)
    attributes["kernel_shape"] = .integers(Array(kernel.shape.extents.prefix(axes)))
    attributes["group"] = .integer(layer.settings["groups"].integer ?? 1)
    let bias = try optionalBias(layer)
    return try activated(
      layer, withChannelsFirst(layer, input, axes) { $0.append("Conv", [$1, weight] + bias, attributes, of: layer) })
  }

  mutating func depthwise(_ layer: KerasLayer, _ input: String, axes: Int) throws(ModelFileError) -> String {
    let result = try depthwiseProduct(layer, input, axes, ["depthwise_kernel", "kernel"], optionalBias(layer))
    return try activated(layer, result)
  }

  mutating func separable(_ layer: KerasLayer, _ input: String, axes: Int) throws(ModelFileError) -> String {
    let middle = try depthwiseProduct(layer, input, axes, ["depthwise_kernel"], [])
    let kernel = try layer.array("pointwise_kernel", rank: axes + 2)
    let weight = weight("pointwise", of: layer, kernel.transposed([axes + 1, axes] + Array(0..<axes)))
    let bias = try optionalBias(layer)
    return try activated(
      layer, withChannelsFirst(layer, middle, axes) { $0.append("Conv", [$1, weight] + bias, of: layer) })
  }

  /// Filters of one channel each: `[k…, in, times]` → `[in · times, 1, k…]`.
  private mutating func depthwiseProduct(
    _ layer: KerasLayer, _ input: String, _ axes: Int, _ names: [String], _ bias: [String]
  ) throws(ModelFileError) -> String {
    let name = names.first { layer.has($0) } ?? names[0]
    let kernel = try layer.array(name, rank: axes + 2)
    let (channels, area) = (kernel.shape[axes], Array(kernel.shape.extents.prefix(axes)))
    let turned = kernel.transposed([axes, axes + 1] + Array(0..<axes))
      .reshaped(to: Shape([channels * kernel.shape[axes + 1], 1] + area))
    let weight = weight("depthwise", of: layer, turned)
    var attributes = try window(layer, axes)
    attributes["kernel_shape"] = .integers(area)
    attributes["group"] = .integer(channels)
    return try withChannelsFirst(layer, input, axes) { $0.append("Conv", [$1, weight] + bias, attributes, of: layer) }
  }

  mutating func transposedConvolution(_ layer: KerasLayer, _ input: String, axes: Int) throws(ModelFileError) -> String
  {
    // [k…, out, in] → [in, out, k…]
    let kernel = try layer.array("kernel", rank: axes + 2)
    let weight = weight("kernel", of: layer, kernel.transposed([axes + 1, axes] + Array(0..<axes)))
    guard layer.settings["output_padding"].isNull else {
      throw layer.error("has an output_padding, which is not supported")
    }
    var attributes = try window(layer, axes)
    let area = Array(kernel.shape.extents.prefix(axes))
    attributes["kernel_shape"] = .integers(area)
    // What the result has beyond the input times the step is cut off at both ends, or kept.
    let steps = try layer.sizes("strides", axes: axes, default: Array(repeating: 1, count: axes))
    let spacing = try layer.sizes("dilation_rate", axes: axes, default: Array(repeating: 1, count: axes))
    let surplus = (0..<axes).map { (area[$0] - 1) * spacing[$0] + 1 - steps[$0] }
    let cut = try padding(layer) == "VALID" ? Array(repeating: 0, count: axes) : surplus.map { max($0, 0) }
    attributes["auto_pad"] = nil
    attributes["pads"] = .integers(cut.map { $0 / 2 } + cut.map { $0 - $0 / 2 })
    attributes["output_padding"] = .integers(surplus.map { max(-$0, 0) })
    let bias = try optionalBias(layer)
    return try activated(
      layer,
      withChannelsFirst(layer, input, axes) { $0.append("ConvTranspose", [$1, weight] + bias, attributes, of: layer) })
  }

  mutating func pooling(
    _ layer: KerasLayer, _ input: String, _ kind: String, axes: Int
  ) throws(ModelFileError) -> String {
    let size = try layer.sizes("pool_size", axes: axes)
    let strides = try layer.sizes("strides", axes: axes, default: size)
    let attributes: [String: ONNXWriter.Attribute] = [
      "kernel_shape": .integers(size), "strides": .integers(strides), "auto_pad": .text(try padding(layer)),
    ]
    return try withChannelsFirst(layer, input, axes) { $0.append(kind, [$1], attributes, of: layer) }
  }

  mutating func globalPooling(
    _ layer: KerasLayer, _ input: String, _ kind: String, axes: Int
  ) throws(ModelFileError) -> String {
    let first = isChannelsFirst(layer) ? 2 : 1
    return writer.append(
      kind, [input],
      [
        "axes": .integers(Array(first..<first + axes)),
        "keepdims": .integer(layer.flag("keepdims", default: false) ? 1 : 0),
      ],
      layer: layer.name)
  }

  // MARK: Parts

  /// Steps, dilation and padding of a window.
  private func window(_ layer: KerasLayer, _ axes: Int) throws(ModelFileError) -> [String: ONNXWriter.Attribute] {
    let ones = Array(repeating: 1, count: axes)
    let strides = try layer.sizes("strides", axes: axes, default: ones)
    let dilations = try layer.sizes("dilation_rate", axes: axes, default: ones)
    var attributes: [String: ONNXWriter.Attribute] = ["strides": .integers(strides), "dilations": .integers(dilations)]
    if layer.text("padding", default: "valid") == "causal", axes == 1 {
      let reach = (try layer.sizes("kernel_size", axes: 1)[0] - 1) * dilations[0]
      attributes["pads"] = .integers([reach, 0])
    } else {
      attributes["auto_pad"] = .text(try padding(layer))
    }
    return attributes
  }

  private func padding(_ layer: KerasLayer) throws(ModelFileError) -> String {
    switch layer.text("padding", default: "valid") {
    case "valid": return "VALID"
    case "same": return "SAME_UPPER"
    case let other: throw layer.error("has the padding \"\(other)\"; valid and same are supported")
    }
  }

  func isChannelsFirst(_ layer: KerasLayer) -> Bool {
    layer.text("data_format", default: "channels_last") == "channels_first"
  }

  /// Values `[batch, …, channels]` as `[batch, channels, …]` for a node, and its result turned back.
  private mutating func withChannelsFirst(
    _ layer: KerasLayer, _ input: String, _ axes: Int, _ node: (inout KerasReader, String) -> String
  ) throws(ModelFileError) -> String {
    if isChannelsFirst(layer) { return node(&self, input) }
    let there = [0, axes + 1] + Array(1...axes)
    let back = [0] + Array(2...axes + 1) + [1]
    let turned = append("Transpose", [input], ["perm": .integers(there)], of: layer)
    return append("Transpose", [node(&self, turned)], ["perm": .integers(back)], of: layer)
  }

  private mutating func optionalBias(_ layer: KerasLayer) throws(ModelFileError) -> [String] {
    guard layer.flag("use_bias", default: true) else { return [] }
    return [weight("bias", of: layer, try layer.array("bias", rank: 1))]
  }

  /// Adds a bias along the last axis, where the layer has one.
  mutating func biased(_ layer: KerasLayer, _ value: String) throws(ModelFileError) -> String {
    let bias = try optionalBias(layer)
    return bias.isEmpty ? value : append("Add", [value] + bias, of: layer)
  }
}
