import Tensors

/// Normalisations, margins and magnification.
extension KerasReader {
  /// One factor and one offset a channel.
  static let batchNormalization: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    let variance = try layer.array("moving_variance", rank: 1)
    let mean = try layer.array("moving_mean", rank: 1)
    let count = variance.count
    let gamma =
      layer.flag("scale", default: true) ? try layer.array("gamma", rank: 1) : Tensor(repeating: 1, shape: [count])
    let beta =
      layer.flag("center", default: true) ? try layer.array("beta", rank: 1) : Tensor(repeating: 0, shape: [count])
    guard [mean, gamma, beta].allSatisfy({ $0.count == count }) else {
      throw layer.error("has arrays of different lengths")
    }
    let epsilon = layer.number("epsilon", default: 1e-3)
    guard layer.settings["axis"].integers?.first != 1 else {
      var operands = inputs
      for (part, tensor) in [("gamma", gamma), ("beta", beta), ("mean", mean), ("variance", variance)] {
        operands.append(reader.weight(part, of: layer, tensor))
      }
      return reader.append("BatchNormalization", operands, ["epsilon": .float(epsilon)], of: layer)
    }
    let factors = zip(gamma.scalars, variance.scalars).map { Float(Double($0) / (Double($1) + epsilon).squareRoot()) }
    let offsets = (0..<count).map { beta.scalars[$0] - mean.scalars[$0] * factors[$0] }
    return try reader.affine(layer, inputs[0], factors, offsets)
  }

  /// Centres and scales by statistics of the training data.
  static let normalization: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    let (mean, variance) = (try layer.statistics("mean"), try layer.statistics("variance"))
    guard mean.count == variance.count else { throw layer.error("has arrays of different lengths") }
    guard !layer.flag("invert", default: false) else { throw layer.error("inverts, which is not supported") }
    let factors = variance.map { 1 / max($0.squareRoot(), 1e-7) }
    let offsets = zip(mean, factors).map { -$0 * $1 }
    return try reader.affine(layer, inputs[0], factors, offsets)
  }

  /// A factor and an offset for each feature of the last axis.
  private mutating func affine(
    _ layer: KerasLayer, _ value: String, _ factors: [Float], _ offsets: [Float]
  ) throws(ModelFileError) -> String {
    guard (factors + offsets).allSatisfy(\.isFinite) else { throw layer.error("has a variance that is none") }
    let scaled = append(
      "Mul", [value, weight("factor", of: layer, Tensor(shape: [factors.count], scalars: factors))], of: layer)
    return append(
      "Add", [scaled, weight("offset", of: layer, Tensor(shape: [offsets.count], scalars: offsets))], of: layer)
  }

  static let layerNormalization: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    guard layer.settings["axis"].integers.map({ $0.count == 1 }) ?? true else {
      throw layer.error("runs over several axes; one is supported")
    }
    let one = Tensor<Float>(shape: [1], scalars: [1])
    let gamma = reader.weight(
      "gamma", of: layer, layer.flag("scale", default: true) ? try layer.array("gamma", rank: 1) : one)
    let beta =
      layer.flag("center", default: true) ? [reader.weight("beta", of: layer, try layer.array("beta", rank: 1))] : []
    return reader.append(
      "LayerNormalization", [inputs[0], gamma] + beta,
      [
        "axis": .integer(layer.settings["axis"].integers?.first ?? -1),
        "epsilon": .float(layer.number("epsilon", default: 1e-3)),
      ],
      of: layer)
  }

  mutating func zeroPadding(_ layer: KerasLayer, _ input: String, axes: Int) throws(ModelFileError) -> String {
    let margins = try layer.margins("padding", axes: axes)
    let (before, after) = spread(margins.map(\.before), margins.map(\.after), layer)
    let pads = writer.integers(before + after, layer: layer.name)
    return append("Pad", [input, pads], of: layer)
  }

  mutating func cropping(_ layer: KerasLayer, _ input: String, axes: Int) throws(ModelFileError) -> String {
    let margins = try layer.margins("cropping", axes: axes)
    let first = isChannelsFirst(layer) ? 2 : 1
    let starts = writer.integers(margins.map(\.before), layer: layer.name)
    let ends = writer.integers(margins.map { $0.after == 0 ? Int(Int32.max) : -$0.after }, layer: layer.name)
    let places = writer.integers(Array(first..<first + axes), layer: layer.name)
    return append("Slice", [input, starts, ends, places], of: layer)
  }

  static let upSampling: Rule = { (reader, layer, inputs) throws(ModelFileError) in
    guard layer.text("interpolation", default: "nearest") == "nearest" else {
      throw layer.error("interpolates; nearest is supported")
    }
    let size = try layer.sizes("size", axes: 2).map(Double.init)
    let factors = reader.isChannelsFirst(layer) ? [1, 1] + size : [1] + size + [1]
    let scales = reader.writer.append(
      "Constant", [], ["value_floats": .floats(factors)], layer: layer.name)
    return reader.append(
      "Resize", [inputs[0], "", scales],
      [
        "mode": .text("nearest"), "coordinate_transformation_mode": .text("asymmetric"), "nearest_mode": .text("floor"),
      ],
      of: layer)
  }

  /// Numbers of the image's axes among those of all axes, which have none.
  private func spread(
    _ before: [Int], _ after: [Int], _ layer: KerasLayer
  ) -> (before: [Int], after: [Int]) {
    func all(_ middle: [Int]) -> [Int] { isChannelsFirst(layer) ? [0, 0] + middle : [0] + middle + [0] }
    return (all(before), all(after))
  }
}
