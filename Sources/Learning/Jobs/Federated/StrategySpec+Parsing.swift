extension StrategySpec {
  /// A strategy of a job: its name, or its name with settings, as `fedAvg` and `{fedProx: {mu: 0.1}}`.
  static func parse(_ node: JobNode) throws(JobError) -> StrategySpec {
    let (name, settings) = try node.variant(Kind.allCases.map(\.rawValue))
    guard let kind = Kind(rawValue: name) else { throw .wrongType(node.path, expected: "a strategy") }
    let entries = try settings?.mapping(kind.settingNames) ?? [:]
    func number(_ key: String, _ allowed: String, _ isAllowed: (Double) -> Bool) throws(JobError) -> Double? {
      try entries[key]?.number(allowed, isAllowed)
    }
    func positive(_ key: String) throws(JobError) -> Double? {
      try number(key, "a positive number") { $0 > 0 && $0.isFinite }
    }
    func count(_ key: String, from least: Int) throws(JobError) -> Int? {
      try entries[key]?.integer(in: least...1 << 20)
    }
    switch kind {
    case .fedAvg: return .fedAvg
    case .fedProx: return .fedProx(mu: try number("mu", "a number of at least 0") { $0 >= 0 && $0.isFinite } ?? 0.01)
    case .fedAdam: return .fedAdam(try AdaptiveSettings.parse(entries))
    case .fedYogi: return .fedYogi(try AdaptiveSettings.parse(entries))
    case .fedAdagrad: return .fedAdagrad(try AdaptiveSettings.parse(entries))
    case .scaffold: return .scaffold(learningRate: try positive("learningRate") ?? 1)
    case .trimmedMean:
      return .trimmedMean(
        trim: try number("trim", "a number of at least 0 and below 0.5") { $0 >= 0 && $0 < 0.5 } ?? 0.1)
    case .median: return .median
    case .krum: return .krum(byzantine: try count("byzantine", from: 0))
    case .multiKrum: return .multiKrum(byzantine: try count("byzantine", from: 0), keep: try count("keep", from: 1))
    case .normBound:
      let limit = try positive("limit")
      guard let limit else { throw .missingKey("\(node.path).normBound.limit") }
      return .normBound(limit: limit)
    }
  }
}

extension StrategySpec.Kind {
  fileprivate var settingNames: [String] {
    switch self {
    case .fedAvg, .median: []
    case .fedProx: ["mu"]
    case .fedAdam, .fedYogi: ["learningRate", "beta1", "beta2", "tau"]
    case .fedAdagrad: ["learningRate", "beta1", "tau"]
    case .scaffold: ["learningRate"]
    case .trimmedMean: ["trim"]
    case .krum: ["byzantine"]
    case .multiKrum: ["byzantine", "keep"]
    case .normBound: ["limit"]
    }
  }
}

extension StrategySpec.AdaptiveSettings {
  fileprivate static func parse(_ entries: [String: JobNode]) throws(JobError) -> Self {
    func fraction(_ key: String) throws(JobError) -> Double? {
      try entries[key]?.number("a number of at least 0 and below 1") { $0 >= 0 && $0 < 1 }
    }
    func positive(_ key: String) throws(JobError) -> Double? {
      try entries[key]?.number("a positive number") { $0 > 0 && $0.isFinite }
    }
    let defaults = Self()
    return Self(
      learningRate: try positive("learningRate") ?? defaults.learningRate,
      beta1: try fraction("beta1") ?? defaults.beta1, beta2: try fraction("beta2") ?? defaults.beta2,
      tau: try positive("tau") ?? defaults.tau)
  }
}
