extension LayerSpec {
  private static let plainNames = ["flatten", "relu", "sigmoid", "tanh", "gelu", "batchNorm", "layerNorm", "softmax"]
  private static let namesWithSettings = ["dense", "conv2d", "averagePool", "maxPool", "dropout", "groupNorm"]

  /// A layer of a job: a name, or a name with settings, as `relu` and `{dense: 64}`.
  static func parse(_ node: JobNode) throws(JobError) -> LayerSpec {
    let (name, settings) = try node.variant(names)
    if let settings { return try parse(name, settings) }
    return try plain(name, node)
  }

  static let names = plainNames + namesWithSettings

  /// The layer of that name; one without settings has an empty mapping.
  static func parse(_ name: String, settings node: JobNode) throws(JobError) -> LayerSpec {
    guard plainNames.contains(name) else { return try parse(name, node) }
    _ = try node.mapping([])
    return try plain(name, node)
  }

  private static func plain(_ name: String, _ node: JobNode) throws(JobError) -> LayerSpec {
    switch name {
    case "flatten": return .flatten
    case "relu": return .relu
    case "sigmoid": return .sigmoid
    case "tanh": return .tanh
    case "gelu": return .gelu
    case "batchNorm": return .batchNorm
    case "layerNorm": return .layerNorm
    case "softmax": return .softmax
    default: throw .wrongType(node.path, expected: "written with its settings, as {\(name): …}")
    }
  }

  private static func parse(_ name: String, _ node: JobNode) throws(JobError) -> LayerSpec {
    switch name {
    case "dense":
      let entries = try node.settings(shorthand: "units", ["units"])
      return .dense(units: try size("units", node, entries))
    case "conv2d":
      let entries = try node.mapping(["filters", "kernel", "stride", "padding"])
      return .conv2d(
        filters: try size("filters", node, entries), kernel: try size("kernel", node, entries),
        stride: try entries["stride"]?.integer(in: 1...1 << 20) ?? 1,
        padding: try entries["padding"]?.integer(in: 0...1 << 20) ?? 0)
    case "averagePool", "maxPool":
      let entries = try node.settings(shorthand: "window", ["window", "stride"])
      let window = try size("window", node, entries)
      let stride = try entries["stride"]?.integer(in: 1...1 << 20)
      return name == "maxPool" ? .maxPool(window: window, stride: stride) : .averagePool(window: window, stride: stride)
    case "groupNorm":
      let entries = try node.settings(shorthand: "groups", ["groups"])
      return .groupNorm(groups: try size("groups", node, entries))
    case "dropout":
      let entries = try node.settings(shorthand: "rate", ["rate"])
      let rate = try node.required("rate", in: entries)
      return .dropout(rate: try rate.number("a number of at least 0 and below 1") { $0 >= 0 && $0 < 1 })
    default: throw .wrongType(node.path, expected: "left out: \(name) has no settings")
    }
  }

  private static func size(_ key: String, _ node: JobNode, _ entries: [String: JobNode]) throws(JobError) -> Int {
    try node.required(key, in: entries).integer(in: 1...1 << 20)
  }
}
