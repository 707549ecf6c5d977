import Graphs
import Tensors

/// Parts of values, and values with something around them.
extension ONNXReader {
  func cut() throws(ModelFileError) -> [ONNXValue] {
    var x = try operand(0)
    let rank = shape(of: x).rank
    guard let starts = try optionalIntegers("starts", orOperand: 1),
      let ends = try optionalIntegers("ends", orOperand: 2), starts.count == ends.count
    else { throw node.error("lacks starts and ends that fit") }
    let axes = try optionalIntegers("axes", orOperand: 3) ?? Array(starts.indices)
    let steps = try optionalIntegers(4) ?? starts.map { _ in 1 }
    try node.require(axes.count == starts.count && steps.count == starts.count, "has lists of different lengths")
    for index in starts.indices {
      let axis = try node.axis(axes[index], rank: rank)
      x = try pick(x, axis: axis, try places(starts[index], ends[index], steps[index], of: shape(of: x)[axis]))
    }
    return [x]
  }

  /// The indices from a start to before an end, which count from the back where negative and are cut to what there is.
  private func places(_ start: Int, _ end: Int, _ step: Int, of extent: Int) throws(ModelFileError) -> [Int] {
    try node.require(step != 0 && (-1 << 40...1 << 40).contains(step), "has the impossible step \(step)")
    func place(_ index: Int, _ limits: ClosedRange<Int>) -> Int {
      min(max(index < 0 ? index + extent : index, limits.lowerBound), limits.upperBound)
    }
    if step > 0 { return Array(stride(from: place(start, 0...extent), to: place(end, 0...extent), by: step)) }
    guard extent > 0 else { return [] }
    let last = end < -extent ? -1 : place(end, -1...extent - 1)
    return Array(stride(from: place(start, 0...extent - 1), to: last, by: step))
  }

  private func pick(_ x: ONNXValue, axis: Int, _ places: [Int]) throws(ModelFileError) -> ONNXValue {
    let extent = shape(of: x)[axis]
    if places == Array(0..<extent) { return x }
    if case .integers(let tensor) = x { return .integers(tensor.taking(places, axis: axis)) }
    if let first = places.first, let last = places.last, places == Array(first...max(first, last)) {
      return try slice(x, axis: axis, first..<last + 1)
    }
    return try gather(x, axis: axis, places)
  }

  func selection() throws(ModelFileError) -> [ONNXValue] {
    let x = try operand(0)
    guard case .integers(let indices) = try operand(1) else {
      throw node.error("has indices that depend on the data; only public ones are supported")
    }
    let extents = shape(of: x).extents
    let axis = try node.axis(node.integer("axis", default: 0), rank: extents.count)
    let places = indices.scalars.map { $0 < 0 ? $0 + extents[axis] : $0 }
    try node.require(
      places.allSatisfy { (0..<extents[axis]).contains($0) }, "has an index that is not one of \(extents[axis])")
    let target = extents[..<axis] + indices.shape.extents + extents[(axis + 1)...]
    try node.require(target.count <= 8, "makes \(target.count) axes")
    if case .integers(let tensor) = x {
      return [.integers(tensor.taking(places, axis: axis).reshaped(to: Shape(Array(target))))]
    }
    return [try reshape(gather(x, axis: axis, places), Array(target))]
  }

  func padding() throws(ModelFileError) -> [ONNXValue] {
    var x = try operand(0)
    let rank = shape(of: x).rank
    guard
      let pads = try node.integers("paddings") == nil
        ? optionalIntegers("pads", orOperand: 1) : node.integers("paddings")
    else {
      throw node.error("lacks its pads")
    }
    let axes = try optionalIntegers(3) ?? Array(0..<rank)
    try node.require(
      pads.count == 2 * axes.count && pads.allSatisfy { (-1 << 20...1 << 20).contains($0) }, "has the pads \(pads)")
    let value = try node.opset < 11 ? node.float("value", default: 0) : optionalFloats(2)?.first ?? 0
    for (index, named) in axes.enumerated() {
      let axis = try node.axis(named, rank: rank)
      x = try padded(x, axis, pads[index], pads[index + axes.count], value)
    }
    return [x]
  }

  private func padded(
    _ x: ONNXValue, _ axis: Int, _ before: Int, _ after: Int, _ value: Float
  ) throws(ModelFileError) -> ONNXValue {
    let extent = shape(of: x)[axis]
    try node.require(extent + min(before, 0) + min(after, 0) > 0, "takes away all of axis \(axis)")
    switch node.text("mode", default: "constant") {
    case "constant":
      let kept = try slice(x, axis: axis, max(0, -before)..<extent - max(0, -after))
      // Zeros around the values less the number, and the number again.
      let zeros = try pad(shift(kept, -value), axis: axis, before: max(0, before), after: max(0, after))
      return try shift(zeros, value)
    case "edge": return try pick(x, axis: axis, (-before..<extent + after).map { min(max($0, 0), extent - 1) })
    case "reflect":
      try node.require(max(before, after) < extent, "reflects more than there is")
      return try pick(
        x, axis: axis, (-before..<extent + after).map { $0 < 0 ? -$0 : $0 < extent ? $0 : 2 * extent - 2 - $0 })
    case let mode: throw node.error("has the unknown mode \(mode)")
    }
  }

  /// Nearest neighbours, as one gathering for each axis.
  func resizing() throws(ModelFileError) -> [ONNXValue] {
    var x = try operand(0)
    try node.require(node.text("mode", default: "nearest") == "nearest", "interpolates; only mode nearest is supported")
    let extents = shape(of: x).extents
    let isOld = node.kind == "Upsample" || node.opset < 11
    let factors = try node.has("scales") ? node.attribute("scales")?.floats ?? [] : optionalFloats(isOld ? 1 : 2) ?? []
    let sizes = try isOld ? nil : optionalIntegers(3)
    let axes = node.integers("axes") ?? Array(extents.indices)
    try node.require(
      sizes?.count == axes.count || factors.count == axes.count && factors.allSatisfy { $0 > 0 && $0 < 65_536 },
      "lacks scales or sizes that fit")
    for (index, named) in axes.enumerated() {
      let axis = try node.axis(named, rank: extents.count)
      let size = sizes?[index] ?? Int(Float(extents[axis]) * factors[index])
      try node.require((1...1 << 20).contains(size), "makes an axis of \(size)")
      let factor = sizes == nil ? Double(factors[index]) : Double(size) / Double(extents[axis])
      x = try pick(x, axis: axis, try nearest(size, extents[axis], factor, isOld))
    }
    return [x]
  }

  private func nearest(_ size: Int, _ extent: Int, _ factor: Double, _ isOld: Bool) throws(ModelFileError) -> [Int] {
    let frame = isOld ? "asymmetric" : node.text("coordinate_transformation_mode", default: "half_pixel")
    let rounding = isOld ? "floor" : node.text("nearest_mode", default: "round_prefer_floor")
    var places: [Int] = []
    for place in 0..<size {
      let centre = (Double(place) + 0.5) / factor - 0.5
      let position: Double
      switch frame {
      case "asymmetric": position = Double(place) / factor
      case "half_pixel": position = centre
      case "pytorch_half_pixel": position = size > 1 ? centre : 0
      case "align_corners": position = size > 1 ? Double(place * (extent - 1)) / Double(size - 1) : 0
      default: throw node.error("has the coordinate_transformation_mode \(frame), which is not supported")
      }
      let rounded: Double
      switch rounding {
      case "floor": rounded = position.rounded(.down)
      case "ceil": rounded = position.rounded(.up)
      case "round_prefer_ceil": rounded = (position + 0.5).rounded(.down)
      default: rounded = (position - 0.5).rounded(.up)
      }
      places.append(min(max(Int(rounded), 0), extent - 1))
    }
    return places
  }
}
