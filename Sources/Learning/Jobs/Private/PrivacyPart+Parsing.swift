import Privacy

extension PrivacyPart {
  private static let keys = [
    "unit", "method", "clip", "noiseMultiplier", "targetEpsilon", "delta", "accountant", "physicalBatch", "sampler",
    "band", "average",
  ]

  /// Reads `privacy:`.
  ///
  /// - Parameter federated: of a federated training, in which workers are hidden and nothing else can be.
  static func parse(
    _ node: JobNode, mode: Job.Mode, federated: Job.FederatedPart?
  ) throws(JobError) -> PrivacyPart {
    let entries = try node.mapping(keys)
    let unit = try node.required("unit", in: entries)
    let chosen = Unit(rawValue: try unit.choice(Unit.allCases.map(\.rawValue))) ?? .example
    guard mode != .encrypted || chosen == .example else {
      throw .contradiction("\(unit.path) must be example with mode: encrypted, where each row's gradient is clipped")
    }
    guard (chosen == .client) == (mode == .federated) else {
      throw .contradiction("\(unit.path): client goes with mode: federated, and with no other; change one of them")
    }
    func positive(_ key: String, below limit: Double) throws(JobError) -> Double? {
      try entries[key]?.number("above 0 and below \(limit)") { $0 > 0 && $0 < limit }
    }
    guard let delta = try positive("delta", below: 1) else { throw .missingKey("\(node.path).delta") }
    var part = PrivacyPart(unit: chosen, noise: .targetEpsilon(1), delta: delta)
    switch (try positive("noiseMultiplier", below: 1e6), try positive("targetEpsilon", below: 1e3)) {
    case (let multiplier?, nil): part.noise = .multiplier(multiplier)
    case (nil, let epsilon?): part.noise = .targetEpsilon(epsilon)
    case (nil, nil): throw .missingKey("\(node.path).noiseMultiplier or \(node.path).targetEpsilon")
    case (_?, _?): throw .contradiction("\(node.path) has both noiseMultiplier and targetEpsilon; keep one")
    }
    if let accountant = entries["accountant"] { part.accountant = try Self.accountant(accountant) }
    switch chosen {
    case .client:
      for key in ["method", "physicalBatch", "sampler", "band", "average"] {
        if let other = entries[key] { throw .contradiction("\(other.path) goes with unit: example; remove it") }
      }
      part.clipping = try clipping(node.required("clip", in: entries))
      if case .perLayer = part.clipping {
        throw .contradiction("\(node.path).clip.perLayer goes with unit: example; write a number or {adaptive: …}")
      }
      if entries["accountant"] == nil, federated?.aggregation.hidesUpdates == true { part.accountant = .rdp }
    case .local:
      for key in ["method", "clip", "noiseMultiplier", "physicalBatch", "sampler", "band", "average"] {
        if let other = entries[key] { throw .contradiction("\(other.path) goes with unit: example; remove it") }
      }
    case .example:
      part.clipping = try clipping(node.required("clip", in: entries))
      if let size = entries["physicalBatch"] { part.physicalBatch = try size.integer(in: 1...1 << 20) }
      if let sampler = entries["sampler"] {
        let names = ExamplePrivacy.Sampler.allCases.map(\.rawValue)
        part.sampler = ExamplePrivacy.Sampler(rawValue: try sampler.choice(names)) ?? .fast
      }
      if let method = entries["method"] {
        part.method = Method(rawValue: try method.choice(Method.allCases.map(\.rawValue))) ?? .gradients
      }
      if let band = entries["band"] {
        guard part.method == .ftrl else { throw .contradiction("\(band.path) goes with method: ftrl; remove it") }
        part.band = try band.integer(in: 1...1 << 20)
      }
      if let average = entries["average"] {
        guard part.method != .statistics else {
          throw .contradiction("\(average.path) goes with gradients or ftrl, which take many steps; remove it")
        }
        part.average = try average.number("above 0 and below 1") { $0 > 0 && $0 < 1 }
      }
      if mode == .encrypted { try part.settleForShares(entries, at: node.path) }
    }
    return part
  }

  /// On shares, rows come in a public order and each step has noise of its own: `method: ftrl, band: 1`, said or not.
  private mutating func settleForShares(_ entries: [String: JobNode], at path: String) throws(JobError) {
    for key in ["physicalBatch", "sampler", "average"] {
      if let other = entries[key] { throw .contradiction("\(other.path) goes with mode: plain; remove it") }
    }
    guard entries["method"] == nil || method == .ftrl, band ?? 1 == 1 else {
      throw .contradiction(
        "\(path).method in an encrypted training is ftrl with band: 1, rows in a public order and fresh noise in each step; "
          + "remove method and band")
    }
    guard case .flat = clipping else {
      throw .contradiction("\(path).clip in an encrypted training is one number, the norm of a row's whole gradient")
    }
    (method, band) = (.ftrl, 1)
  }

  private static func accountant(_ node: JobNode) throws(JobError) -> AccountantKind {
    let proved = AccountantKind.allCases.filter(\.isProved).map(\.rawValue)
    return AccountantKind(rawValue: try node.choice(proved)) ?? .pld
  }

  /// A number, or `{perLayer: number}`, or `{adaptive: {norm, quantile, rate, countDeviation}}`.
  private static func clipping(_ node: JobNode) throws(JobError) -> ExamplePrivacy.Clipping {
    func norm(_ node: JobNode) throws(JobError) -> Double {
      try node.number("a number from 1e-9 to 1e9") { $0 >= 1e-9 && $0 <= 1e9 }
    }
    if node.isScalar { return .flat(norm: try norm(node)) }
    switch try node.variant(["perLayer", "adaptive"]) {
    case ("perLayer", let settings?): return .perLayer(norm: try norm(settings))
    case (_, let settings?):
      let entries = try settings.mapping(["norm", "quantile", "rate", "countDeviation"])
      var adaptive = ExamplePrivacy.AdaptiveClipping(norm: try norm(settings.required("norm", in: entries)))
      if let quantile = entries["quantile"] {
        adaptive.quantile = try quantile.number("above 0 and below 1") { $0 > 0 && $0 < 1 }
      }
      if let rate = entries["rate"] { adaptive.rate = try rate.number("above 0 and at most 1") { $0 > 0 && $0 <= 1 } }
      adaptive.countDeviation = try entries["countDeviation"]?.number("above 0 and below 1e6") { $0 > 0 && $0 < 1e6 }
      return .adaptive(adaptive)
    case (_, nil): throw .wrongType(node.path, expected: "a number, {perLayer: number} or {adaptive: {norm: number}}")
    }
  }
}
