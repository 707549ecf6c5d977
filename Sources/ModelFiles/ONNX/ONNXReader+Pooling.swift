import Graphs
import Tensors

/// Pooling over one and two axes.
extension ONNXReader {
  func pooling() throws(ModelFileError) -> [ONNXValue] {
    var x = try operand(0)
    let extents = Array(shape(of: x).extents.dropFirst(2))
    guard let kernel = node.integers("kernel_shape") else { throw node.error("lacks its kernel_shape") }
    var window = try ONNXWindow(node, kernel: kernel, extents: extents)
    try node.require(window.dilations.allSatisfy { $0 == 1 }, "has dilations; leave them out")
    for axis in window.axes {
      try node.require(
        max(window.before[axis], window.after[axis]) < window.kernel[axis]
          && extents[axis] + window.before[axis] + window.after[axis] >= window.kernel[axis],
        "has pads \(window.before) and \(window.after) for the window \(window.kernel) over \(extents)")
    }
    let padded = window
    if node.flag("ceil_mode") { window.completeLast(extents) }
    for axis in window.axes where window.before[axis] + window.after[axis] > 0 {
      x =
        try node.kind == "MaxPool"
        ? repeatEdges(x, window, axis)
        : pad(
          x, axis: axis + 2, before: window.before[axis], after: window.after[axis])
    }
    let result = try pool(x, window)
    guard node.kind == "AveragePool" else { return [result] }
    return [try corrected(result, window, padded, extents)]
  }

  /// Values at the edge, repeated, are in every window that reaches beyond it, so that they change no maximum.
  private func repeatEdges(_ x: ONNXValue, _ window: ONNXWindow, _ axis: Int) throws(ModelFileError) -> ONNXValue {
    let extent = shape(of: x)[axis + 2]
    let places = -window.before[axis]..<extent + window.after[axis]
    return try gather(x, axis: axis + 2, places.map { min(max($0, 0), extent - 1) })
  }

  private func pool(_ x: ONNXValue, _ window: ONNXWindow) throws(ModelFileError) -> ONNXValue {
    let isFlat = window.axes.count == 1
    var pooling = Pooling(window: 1)
    pooling.windowWidth = window.kernel.last ?? 1
    pooling.strideWidth = window.strides.last ?? 1
    if !isFlat { (pooling.windowHeight, pooling.strideHeight) = (window.kernel[0], window.strides[0]) }
    let extents = shape(of: x).extents
    let image = isFlat ? try reshape(x, [extents[0], extents[1], 1, extents[2]]) : x
    let result = try apply(node.kind == "MaxPool" ? .maxPool2d(pooling) : .averagePool2d(pooling), image)
    guard isFlat else { return result }
    let pooled = shape(of: result).extents
    return try reshape(result, [pooled[0], pooled[1], pooled[3]])
  }

  /// Means over what a window really covers, where zeros around the image do not count.
  private func corrected(
    _ x: ONNXValue, _ window: ONNXWindow, _ padded: ONNXWindow, _ extents: [Int]
  ) throws(ModelFileError) -> ONNXValue {
    let countsZeros = node.flag("count_include_pad")
    var factors: ONNXValue?
    let rank = shape(of: x).rank
    for axis in window.axes {
      let limit = countsZeros ? extents[axis] + padded.before[axis] + padded.after[axis] : extents[axis]
      let start = countsZeros ? 0 : window.before[axis]
      let covered = (0..<shape(of: x)[axis + 2]).map { place in
        let first = place * window.strides[axis] - start
        return min(first + window.kernel[axis], limit) - max(first, 0)
      }
      guard covered.contains(where: { $0 != window.kernel[axis] }) else { continue }
      var form = Array(repeating: 1, count: rank)
      form[axis + 2] = covered.count
      let along = Tensor(shape: Shape(form), scalars: covered.map { Float(window.kernel[axis]) / Float(max($0, 1)) })
      let factor = ONNXValue.floats(along, name: nil)
      if let known = factors { factors = try apply(.multiply, known, factor) } else { factors = factor }
    }
    guard let factors else { return x }
    return try apply(.multiply, x, factors)
  }

  func globalPooling() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    let extents = shape(of: x).extents
    try node.require(extents.count >= 3, "needs axes beside examples and channels")
    if node.kind == "GlobalAveragePool" { return [try mean(x, axes: Array(2..<extents.count))] }
    let flat = try reshape(x, [extents[0], extents[1], extents.dropFirst(2).reduce(1, *)])
    return [try reshape(apply(.max(axis: 2), flat), Array(extents[..<2]) + extents.dropFirst(2).map { _ in 1 })]
  }
}

extension ONNXWindow {
  /// `ceil_mode`: more after the image, so that a window that begins in it is there, too.
  fileprivate mutating func completeLast(_ extents: [Int]) {
    for axis in axes {
      let length = extents[axis] + before[axis] + after[axis]
      var outputs = (length - kernel[axis] + strides[axis] - 1) / strides[axis] + 1
      // A window that would begin behind the image is not.
      if (outputs - 1) * strides[axis] >= extents[axis] + before[axis] { outputs -= 1 }
      after[axis] += max(0, (outputs - 1) * strides[axis] + kernel[axis] - length)
    }
  }
}
