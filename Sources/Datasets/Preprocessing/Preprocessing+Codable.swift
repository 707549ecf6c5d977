/// The stored form, version 1. An example:
///
/// ```json
/// {"version": 1,
///  "features": [
///    {"name": "A2", "numeric": {"mean": 31.5, "deviation": 11.9, "range": [0, 100], "missing": "mean"}},
///    {"name": "A1", "categorical": {"categories": ["a", "b"], "missing": "allZeros", "unknown": "refused"}}],
///  "target": {"name": "A16", "binary": ["-", "+"]}}
/// ```
///
/// `range` is `[0.5, 100, "log"]` where the number's logarithm is standardised. The target is one of `"binary": [negative, positive]`, `"classes": [label, …]` and
/// `"numeric": {"mean": 0, "deviation": 1}`. What is decoded is checked as what is made in source code.
extension Preprocessing: Codable {
  private enum Key: String, CodingKey { case version, features, target }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let version = try container.decode(Int.self, forKey: .version)
    guard version == 1 else { throw decoder.corrupted("preprocessing of version \(version) is not read, only 1") }
    // The list is read one by one, so that its length is bounded before it is stored.
    var list = try container.nestedUnkeyedContainer(forKey: .features)
    var features: [FittedFeature] = []
    while !list.isAtEnd {
      guard features.count < CSVScanner.fieldLimit else {
        throw decoder.corrupted("preprocessing has too many features")
      }
      features.append(try list.decode(FittedFeature.self))
    }
    let target = try container.decode(TargetTransform.self, forKey: .target)
    do {
      try self.init(features: features, targetTransform: target)
    } catch {
      throw decoder.corrupted("\(error)")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(1, forKey: .version)
    try container.encode(features, forKey: .features)
    try container.encode(targetTransform, forKey: .target)
  }
}

extension FittedFeature: Codable {
  private enum Key: String, CodingKey { case name, numeric, categorical }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    switch (container.contains(.numeric), container.contains(.categorical)) {
    case (true, false): encoding = .numeric(try container.decode(NumericEncoding.self, forKey: .numeric))
    case (false, true):
      encoding = .categorical(try container.decode(CategoricalEncoding.self, forKey: .categorical))
    default: throw decoder.corrupted("a feature is either numeric or categorical")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    switch encoding {
    case .numeric(let numeric): try container.encode(numeric, forKey: .numeric)
    case .categorical(let categorical): try container.encode(categorical, forKey: .categorical)
    }
  }

  func validate() throws(DatasetError) {
    try StoredText.validate([name], what: "The name of a feature", atLeast: 1)
    switch encoding {
    case .numeric(let encoding):
      try StoredText.validate(mean: encoding.mean, deviation: encoding.deviation, column: name)
    case .categorical(let encoding):
      let least = encoding.missing == .ownCategory ? 0 : 1
      try StoredText.validate(encoding.categories, what: "The categories of column \(name)", atLeast: least)
    }
  }
}

extension PublicRange: Codable {
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let low = try container.decode(Double.self)
    let high = try container.decode(Double.self)
    let scale = container.isAtEnd ? Scale.linear : Scale(rawValue: try container.decode(String.self))
    guard let scale, container.isAtEnd else {
      throw decoder.corrupted("a public range is two numbers, and \"log\" where its scale is logarithmic")
    }
    do {
      try self.init(low, high, scale: scale)
    } catch {
      throw decoder.corrupted("\(error)")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(low)
    try container.encode(high)
    if scale != .linear { try container.encode(scale.rawValue) }
  }
}

extension TargetTransform: Codable {
  private enum Key: String, CodingKey { case name, binary, classes, numeric }

  private struct Scale: Codable {
    var mean: Double
    var deviation: Double
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    let present = [Key.binary, .classes, .numeric].filter(container.contains)
    guard present.count == 1 else { throw decoder.corrupted("a target is one of binary, classes and numeric") }
    if present == [.numeric] {
      let scale = try container.decode(Scale.self, forKey: .numeric)
      kind = .numeric(mean: scale.mean, deviation: scale.deviation)
    } else {
      let labels = try container.decode([String].self, forKey: present[0])
      guard present == [.binary] else {
        kind = .classes(labels)
        return
      }
      guard labels.count == 2 else { throw decoder.corrupted("a binary target has two labels") }
      kind = .binary(negative: labels[0], positive: labels[1])
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    switch kind {
    case .binary(let negative, let positive): try container.encode([negative, positive], forKey: .binary)
    case .classes(let labels): try container.encode(labels, forKey: .classes)
    case .numeric(let mean, let deviation):
      try container.encode(Scale(mean: mean, deviation: deviation), forKey: .numeric)
    }
  }

  func validate() throws(DatasetError) {
    try StoredText.validate([name], what: "The name of the target", atLeast: 1)
    switch kind {
    case .binary(let negative, let positive):
      try StoredText.validate([negative, positive], what: "The labels of \(name)", atLeast: 2)
    case .classes(let labels): try StoredText.validate(labels, what: "The classes of \(name)", atLeast: 2)
    case .numeric(let mean, let deviation): try StoredText.validate(mean: mean, deviation: deviation, column: name)
    }
  }
}

/// What stored names and numbers must satisfy.
private enum StoredText {
  static let countLimit = 65_536
  static let byteLimit = 4_096

  static func validate(_ texts: [String], what: String, atLeast least: Int) throws(DatasetError) {
    guard texts.count >= least, texts.count <= countLimit, Set(texts).count == texts.count,
      texts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= byteLimit })
    else {
      throw .inconsistent(
        "\(what) must be \(least) to \(countLimit) different texts of 1 to \(byteLimit) bytes; correct them")
    }
  }

  static func validate(mean: Double, deviation: Double, column: String) throws(DatasetError) {
    guard mean.isFinite, abs(mean) <= Double(Float.greatestFiniteMagnitude), deviation.isFinite, deviation > 0 else {
      throw .inconsistent("The mean and deviation of column \(column) must be finite, the deviation above 0")
    }
  }
}

extension Decoder {
  fileprivate func corrupted(_ reason: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: codingPath, debugDescription: reason))
  }
}
