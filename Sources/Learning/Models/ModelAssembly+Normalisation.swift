import Graphs
import Tensors

/// Normalisations, composed of operations that every engine has.
extension ModelAssembly {
  /// Added to variances, so that equal values can be normalised.
  static let epsilon: Float = 1e-5
  /// How far a running statistic moves towards that of a batch.
  private static let momentum: Float = 0.1

  /// `(x − μ) · (weight / √(σ² + ε)) + bias`: the factor is computed for each feature, so that one product reads all of x.
  mutating func batchNorm(_ name: String) throws(GraphError) {
    let features = outputShape[1]
    let weight = try normWeight(of: name, features)
    let bias = try bias(of: name, features)
    let runningMean = try statistic("mean", of: name, features, start: .zero)
    let runningVariance = try statistic("variance", of: name, features, start: .one)
    let centred: Int
    let variance: Int
    if isTraining {
      let axes = outputShape.extents.indices.filter { $0 != 1 }
      let moments = try moments(over: axes, name)
      let count = Float(outputShape.count / Swift.max(features, 1))
      try move(runningMean, towards: moments.mean, name)
      let unbiased = try graph.append(.scale(count / (count - 1)), [moments.variance], layer: name)
      try move(runningVariance, towards: unbiased, name)
      centred = moments.centred
      variance = try graph.append(.reshape([features]), [moments.variance], layer: name)
    } else {
      centred = try graph.append(.subtract, [output, try perChannel(runningMean, name)], layer: name)
      variance = runningVariance
    }
    let inverse = try inverseDeviation(variance, name)
    let factor = try graph.append(.multiply, [weight, inverse], layer: name)
    try then(.multiply, [centred, try perChannel(factor, name)], name)
    try then(.add, [output, try perChannel(bias, name)], name)
  }

  mutating func layerNorm(_ name: String) throws(GraphError) {
    let isImage = outputShape.rank == 4
    let features = isImage ? outputShape[1] : outputShape[outputShape.rank - 1]
    try standardise(over: isImage ? [1, 2, 3] : [outputShape.rank - 1], name)
    try affine(features, name)
  }

  mutating func groupNorm(_ name: String, groups: Int) throws(GraphError) {
    let example = Array(outputShape.extents.dropFirst())
    try then(.reshape([-1, groups, example.reduce(1, *) / groups]), [output], name)
    try standardise(over: [2], name)
    try then(.reshape([-1] + example), [output], name)
    try affine(example[0], name)
  }

  // MARK: Parts

  /// `(x − μ) / √(σ² + ε)`
  private mutating func standardise(over axes: [Int], _ layer: String) throws(GraphError) {
    let moments = try moments(over: axes, layer)
    try then(.multiply, [moments.centred, try inverseDeviation(moments.variance, layer)], layer)
  }

  /// `x · weight + bias`, one of each for every feature or channel.
  private mutating func affine(_ features: Int, _ layer: String) throws(GraphError) {
    let weight = try normWeight(of: layer, features)
    let bias = try bias(of: layer, features)
    try then(.multiply, [output, try perChannel(weight, layer)], layer)
    try then(.add, [output, try perChannel(bias, layer)], layer)
  }

  /// The square is a product and no power: engines may sum a product before they round it.
  private mutating func moments(
    over axes: [Int], _ layer: String
  ) throws(GraphError) -> (centred: Int, mean: Int, variance: Int) {
    let mean = try graph.append(.mean(axes: axes), [output], layer: layer)
    let centred = try graph.append(.subtract, [output, mean], layer: layer)
    let square = try graph.append(.multiply, [centred, centred], layer: layer)
    return (centred, mean, try graph.append(.mean(axes: axes), [square], layer: layer))
  }

  private mutating func inverseDeviation(_ variance: Int, _ layer: String) throws(GraphError) -> Int {
    let shifted = try graph.append(.shift(Self.epsilon), [variance], layer: layer)
    return try graph.append(.inverseSquareRoot, [shifted], layer: layer)
  }

  /// A vector of features as what broadcasts to the output.
  private mutating func perChannel(_ vector: Int, _ layer: String) throws(GraphError) -> Int {
    guard outputShape.rank == 4 else { return vector }
    return try graph.append(.reshape([1, outputShape[1], 1, 1]), [vector], layer: layer)
  }

  private mutating func normWeight(of layer: String, _ count: Int) throws(GraphError) -> Int {
    try input(WeightSpec(name: "\(layer).weight", shape: [count], start: .one), layer)
  }

  private mutating func statistic(
    _ part: String, of layer: String, _ count: Int, start: WeightSpec.Start
  ) throws(GraphError) -> Int {
    try input(WeightSpec(name: "\(layer).\(part)", shape: [count], start: start, isTrained: false), layer)
  }

  private mutating func move(_ running: Int, towards value: Int, _ layer: String) throws(GraphError) {
    let flat = try graph.append(.reshape([graph.nodes[running].shape.count]), [value], layer: layer)
    let difference = try graph.append(.subtract, [flat, running], layer: layer)
    let step = try graph.append(.scale(Self.momentum), [difference], layer: layer)
    guard case .input(let name) = graph.nodes[running].operation else { return }
    statistics.append((name, try graph.append(.add, [running, step], layer: layer)))
  }
}
