import Graphs
import Tensors

/// What a window is moved by, along the spatial axes.
struct ONNXWindow {
  var kernel: [Int]
  var strides: [Int]
  var dilations: [Int]
  /// Zeros before and after, along each axis.
  var before: [Int]
  var after: [Int]

  var axes: Range<Int> { kernel.indices }

  /// The extent of the window with the gaps in it.
  func reach(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }

  init(_ node: ONNXNode, kernel: [Int], extents: [Int]) throws(ModelFileError) {
    func list(_ name: String, _ count: Int, _ value: Int, from least: Int) throws(ModelFileError) -> [Int] {
      let found = node.integers(name) ?? Array(repeating: value, count: count)
      try node.require(
        found.count == count && found.allSatisfy { (least...1 << 16).contains($0) },
        "has the impossible \(name) \(found)")
      return found
    }
    let count = kernel.count
    try node.require(
      (1...2).contains(count) && extents.count == count, "has a window over \(count) axes; one and two are supported")
    try node.require(kernel.allSatisfy { (1...1 << 16).contains($0) }, "has the impossible kernel \(kernel)")
    self.kernel = kernel
    strides = try list("strides", count, 1, from: 1)
    dilations = try list("dilations", count, 1, from: 1)
    let pads = try list("pads", 2 * count, 0, from: 0)
    before = Array(pads.prefix(count))
    after = Array(pads.suffix(count))
    try pad(node, extents)
  }

  /// `auto_pad`: as many outputs as there are strides, the odd zero after or before.
  private mutating func pad(_ node: ONNXNode, _ extents: [Int]) throws(ModelFileError) {
    let mode = node.text("auto_pad", default: "NOTSET")
    switch mode {
    case "NOTSET", "": return
    case "VALID":
      before = before.map { _ in 0 }
      after = before
    case "SAME_UPPER", "SAME_LOWER":
      for axis in axes {
        let outputs = (extents[axis] + strides[axis] - 1) / strides[axis]
        let zeros = max(0, (outputs - 1) * strides[axis] + reach(axis) - extents[axis])
        let small = zeros / 2
        before[axis] = mode == "SAME_UPPER" ? small : zeros - small
        after[axis] = zeros - before[axis]
      }
    default: throw node.error("has the unknown auto_pad \(mode)")
    }
  }
}

/// Convolutions over one and two axes.
extension ONNXReader {
  func convolution() throws(ModelFileError) -> [ONNXValue] {
    let weight = try filters(1)
    let x = try operand(0)
    let (extents, kernel) = (shape(of: x).extents, weight.shape.extents)
    try node.require(
      extents.count == kernel.count && extents.count >= 3, "cannot filter \(shape(of: x)) by \(weight.shape)")
    var window = try ONNXWindow(node, kernel: Array(kernel.dropFirst(2)), extents: Array(extents.dropFirst(2)))
    let full = try weight.grouped(node.integer("group", default: 1), channels: extents[1], node)
    var filters = try full.dilated(window.dilations, node)
    var image = x
    for axis in window.axes where window.before[axis] != window.after[axis] {
      image = try pad(image, axis: axis + 2, before: window.before[axis], after: window.after[axis])
      (window.before[axis], window.after[axis]) = (0, 0)
    }
    let isFlat = window.axes.count == 1
    if isFlat {
      image = try reshape(image, Array(shape(of: image).extents[0..<2]) + [1, shape(of: image)[2]])
      filters = filters.reshaped(to: [filters.shape[0], filters.shape[1], 1, filters.shape[2]])
    }
    let convolution = Convolution(
      strideHeight: isFlat ? 1 : window.strides[0], strideWidth: window.strides.last ?? 1,
      paddingHeight: isFlat ? 0 : window.before[0], paddingWidth: window.before.last ?? 0)
    let result = try apply(.conv2d(convolution), image, .floats(filters, name: freeName()))
    return [try add(bias(2), to: isFlat ? dropped(result) : result)]
  }

  /// The gradient of a convolution by its input, with the same filters.
  func transposedConvolution() throws(ModelFileError) -> [ONNXValue] {
    let weight = try filters(1)
    var x = try operand(0)
    let (extents, kernel) = (shape(of: x).extents, weight.shape.extents)
    try node.require(
      extents.count == kernel.count && extents.count >= 3 && extents[1] == kernel[0],
      "cannot filter \(shape(of: x)) by \(weight.shape)")
    let window = try ONNXWindow(node, kernel: Array(kernel.dropFirst(2)), extents: Array(extents.dropFirst(2)))
    try node.require(
      ["NOTSET", "", "VALID"].contains(node.text("auto_pad", default: "NOTSET")) && !node.has("output_shape"),
      "has auto_pad or output_shape; write its pads")
    let more = node.integers("output_padding") ?? window.axes.map { _ in 0 }
    try node.require(
      more.count == window.axes.count && zip(more, window.strides).allSatisfy { 0 <= $0 && $0 < max($1, 1) },
      "has the impossible output_padding \(more)")
    var filters = try weight.groupedTransposed(node.integer("group", default: 1), node).dilated(window.dilations, node)
    let isFlat = window.axes.count == 1
    if isFlat {
      x = try reshape(x, [extents[0], extents[1], 1, extents[2]])
      filters = filters.reshaped(to: [filters.shape[0], filters.shape[1], 1, filters.shape[2]])
    }
    // What the pads take away is cut off afterwards, and what output_padding adds belongs to the full extent.
    let full = window.axes.map { (extents[$0 + 2] - 1) * window.strides[$0] + window.reach($0) + more[$0] }
    let convolution = Convolution(
      strideHeight: isFlat ? 1 : window.strides[0], strideWidth: window.strides.last ?? 1, paddingHeight: 0,
      paddingWidth: 0)
    var result = try apply(
      .conv2dInputGradient(convolution, inputHeight: isFlat ? 1 : full[0], inputWidth: full.last ?? 1), x,
      .floats(filters, name: freeName()))
    if isFlat { result = try dropped(result) }
    for axis in window.axes {
      let range = (window.before[axis], full[axis] - window.after[axis])
      try node.require(range.0 < range.1, "has pads larger than its result")
      result = try slice(result, axis: axis + 2, range.0..<range.1)
    }
    return [try add(bias(2), to: result)]
  }

  /// Filters have to be known: they are changed here for groups and dilation.
  private func filters(_ index: Int) throws(ModelFileError) -> Tensor<Float> {
    guard case .floats(let tensor, _) = try operand(index) else {
      throw node.error("has filters that are not known beforehand")
    }
    try node.require(tensor.shape.rank >= 3 && tensor.shape.count > 0, "has filters of shape \(tensor.shape)")
    return tensor
  }

  private func dropped(_ x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    let extents = shape(of: x).extents
    return try reshape(x, [extents[0], extents[1], extents[3]])
  }

  private func bias(_ index: Int) throws(ModelFileError) -> ONNXValue? { try optionalOperand(index) }

  private func add(_ bias: ONNXValue?, to x: ONNXValue) throws(ModelFileError) -> ONNXValue {
    guard let bias else { return x }
    return try add(x, perChannel(bias, rank: shape(of: x).rank))
  }

  /// A number a channel, as it stands beside `[b, c, …]`.
  func perChannel(_ list: ONNXValue, rank: Int) throws(ModelFileError) -> ONNXValue {
    try reshape(list, [1, shape(of: list).count] + Array(repeating: 1, count: rank - 2))
  }
}

extension Tensor<Float> {
  /// Filters `[o, c/g, …]` of groups as filters `[o, c, …]` with zeros between the groups.
  func grouped(_ groups: Int, channels: Int, _ node: ONNXNode) throws(ModelFileError) -> Tensor {
    try node.require(
      groups >= 1 && shape[0] % groups == 0
        && shape[1].multipliedReportingOverflow(by: groups).partialValue == channels,
      "has \(groups) groups of filters \(shape) for \(channels) channels")
    guard groups > 1 else { return self }
    let (inner, outputs, rest) = (shape[1], shape[0] / groups, shape.extents.dropFirst(2).reduce(1, *))
    try node.require(count * groups <= ONNXReader.largestConstant, "has too many groups")
    var full = [Float](repeating: 0, count: shape[0] * channels * rest)
    for output in 0..<shape[0] {
      let (from, to) = (output * inner * rest, (output * channels + output / outputs * inner) * rest)
      for index in 0..<inner * rest { full[to + index] = scalars[from + index] }
    }
    return Tensor(shape: Shape([shape[0], channels] + shape.extents.dropFirst(2)), scalars: full)
  }

  /// Filters `[c, o/g, …]` of transposed groups as filters `[c, o, …]`.
  func groupedTransposed(_ groups: Int, _ node: ONNXNode) throws(ModelFileError) -> Tensor {
    try node.require(
      groups >= 1 && groups <= 1 << 16 && shape[0] % groups == 0, "has \(groups) groups of filters \(shape)")
    guard groups > 1 else { return self }
    let (channels, inner, rest) = (shape[0], shape[1], shape.extents.dropFirst(2).reduce(1, *))
    let outputs = inner * groups
    try node.require(count * groups <= ONNXReader.largestConstant, "has too many groups")
    var full = [Float](repeating: 0, count: channels * outputs * rest)
    for channel in 0..<channels {
      let group = channel / (channels / groups)
      let (from, to) = (channel * inner * rest, (channel * outputs + group * inner) * rest)
      for index in 0..<inner * rest { full[to + index] = scalars[from + index] }
    }
    return Tensor(shape: Shape([channels, outputs] + shape.extents.dropFirst(2)), scalars: full)
  }

  /// Filters with zeros in their gaps.
  func dilated(_ dilations: [Int], _ node: ONNXNode) throws(ModelFileError) -> Tensor {
    try node.require(
      dilations.reduce(Double(count)) { $0 * Double($1) } <= Double(ONNXReader.largestConstant),
      "has too large dilations \(dilations)")
    var result = self
    for (axis, dilation) in dilations.enumerated() where dilation > 1 {
      result = result.dilated(axis: axis + 2, dilation)
    }
    return result
  }

  private func dilated(axis: Int, _ dilation: Int) -> Tensor {
    let extent = shape[axis]
    let wide = (extent - 1) * dilation + 1
    let inner = shape.extents[(axis + 1)...].reduce(1, *)
    var spread = [Float](repeating: 0, count: count / extent * wide)
    for index in 0..<count {
      let (row, place) = (index / inner, index % inner)
      spread[(row / extent * wide + row % extent * dilation) * inner + place] = scalars[index]
    }
    return Tensor(shape: shape.replacing(axis: axis, with: wide), scalars: spread)
  }
}
