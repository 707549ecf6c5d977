import Datasets

extension Job.FederatedPart {
  /// Reads `federated:`; all its keys have defaults.
  static func parse(_ node: JobNode?) throws(JobError) -> Job.FederatedPart {
    var part = Job.FederatedPart()
    guard let node else { return part }
    let entries = try node.mapping([
      "workers", "partition", "rounds", "localEpochs", "cohort", "strategy", "aggregation", "minimumClients", "quorum",
      "deadlineSeconds", "valueRange", "transport", "compression", "asynchronous",
    ])
    if let workers = entries["workers"] { (part.workers, part.owners) = try Self.workers(workers) }
    part.minimumClients = min(3, part.workers)
    if let partition = entries["partition"] { part.partition = try Partition.parse(partition) }
    if let rounds = entries["rounds"] { part.rounds = try rounds.integer(in: 1...1_000_000) }
    if let epochs = entries["localEpochs"] { part.localEpochs = try epochs.integer(in: 1...10_000) }
    if let cohort = entries["cohort"] { part.cohort = try CohortSpec.parse(cohort) }
    if let strategy = entries["strategy"] { part.strategy = try StrategySpec.parse(strategy) }
    if let aggregation = entries["aggregation"] {
      part.aggregation = Aggregation(rawValue: try aggregation.choice(Aggregation.allCases.map(\.rawValue))) ?? .masked
    }
    if let clients = entries["minimumClients"] { part.minimumClients = try clients.integer(in: 1...1 << 20) }
    if let quorum = entries["quorum"] { part.quorum = try quorum.share() }
    if let deadline = entries["deadlineSeconds"] { part.deadlineSeconds = try deadline.integer(in: 1...86_400) }
    if let range = entries["valueRange"] {
      part.valueRange = try range.number("a positive number up to 1e6") { $0 > 0 && $0 <= 1e6 }
    }
    if let transport = entries["transport"] {
      typealias Transport = Job.EncryptedPart.Transport
      part.transport = Transport(rawValue: try transport.choice(Transport.allCases.map(\.rawValue))) ?? .tls
    }
    if let compression = entries["compression"] { part.compression = try CompressionSpec.parse(compression) }
    if let asynchronous = entries["asynchronous"] {
      let settings = try asynchronous.settings(shorthand: "buffer", ["buffer"])
      part.buffer = try asynchronous.required("buffer", in: settings).integer(in: 1...1 << 20)
    }
    return part
  }

  /// A number of workers, or the name and table of each.
  private static func workers(_ node: JobNode) throws(JobError) -> (Int, [Owner]) {
    guard node.isSequence else { return (try node.integer(in: 1...1 << 20), []) }
    var owners: [Owner] = []
    for item in try node.sequence(atMost: 1000) {
      let entries = try item.mapping(["name", "file"])
      let name = try item.required("name", in: entries).string()
      guard !owners.contains(where: { $0.name == name }) else {
        throw .contradiction("\(item.path).name is that of another worker; give each its own")
      }
      owners.append(Owner(name: name, file: try item.required("file", in: entries).string()))
    }
    guard !owners.isEmpty else { throw .outOfRange(node.path, allowed: "a list of at least one {name: …, file: …}") }
    return (owners.count, owners)
  }

  /// - Throws: ``JobError`` where parts contradict each other.
  public func check() throws(JobError) {
    let place = "federated"
    try aggregation.check(strategy.kind)
    let asked = cohort.count(of: workers)
    guard minimumClients <= asked else {
      throw .contradiction(
        "\(place).minimumClients is \(minimumClients) and a round asks \(asked) of \(workers) workers; lower it or "
          + "raise \(place).cohort or \(place).workers")
    }
    if aggregation.hidesUpdates {
      guard minimumClients >= 2 else {
        throw .contradiction("\(place).minimumClients must be at least 2: the sum of one update hides nothing")
      }
      guard compression == .none else {
        throw .contradiction(
          "\(place).compression goes with aggregation: open; hidden updates are as long as they are, so remove it")
      }
    }
    guard aggregation != .masked || quorum > 2.0 / 3 else {
      throw .contradiction("\(place).quorum must be above 2/3 with aggregation: masked")
    }
    guard buffer != nil else { return }
    guard strategy.kind.worksAsynchronously, aggregation == .open else {
      let kinds = StrategySpec.Kind.allCases.filter(\.worksAsynchronously).map(\.rawValue).joined(separator: ", ")
      throw .contradiction(
        "\(place).asynchronous goes with aggregation: open and one of the strategies \(kinds); change these or remove it"
      )
    }
  }
}

extension Partition {
  fileprivate static func parse(_ node: JobNode) throws(JobError) -> Partition {
    let (name, settings) = try node.variant(["iid", "dirichlet", "shards", "byColumn", "quantity"])
    guard let settings else {
      guard name == "iid" else { throw .wrongType(node.path, expected: "written with its setting, as {\(name): …}") }
      return .iid
    }
    func concentration() throws(JobError) -> Double {
      try settings.number("a number from 0.001 up") { $0 >= 0.001 && $0.isFinite }
    }
    switch name {
    case "dirichlet": return .dirichlet(try concentration())
    case "shards": return .shards(try settings.integer(in: 1...1 << 20))
    case "byColumn": return .byColumn(try settings.string())
    case "quantity": return .quantity(try concentration())
    default: throw .wrongType(node.path, expected: "left without settings: \(name) has none")
    }
  }
}

extension CohortSpec {
  fileprivate static func parse(_ node: JobNode) throws(JobError) -> CohortSpec {
    let entries = try node.settings(shorthand: "fraction", ["fraction", "count"])
    switch (entries["fraction"], entries["count"]) {
    case (let fraction?, nil): return .fraction(try fraction.share())
    case (nil, let count?): return .count(try count.integer(in: 1...1 << 20))
    case (nil, nil): throw .missingKey("\(node.path).fraction or \(node.path).count")
    case (_?, _?): throw .contradiction("\(node.path) has both fraction and count; keep one")
    }
  }
}

extension CompressionSpec {
  fileprivate static func parse(_ node: JobNode) throws(JobError) -> CompressionSpec {
    let (name, settings) = try node.variant(["none", "quantize", "topK"])
    switch (name, settings) {
    case ("none", nil): return .none
    case ("quantize", let bits?):
      let count = try bits.integer(in: 8...16)
      guard count == 8 || count == 16 else { throw .outOfRange(bits.path, allowed: "8 or 16") }
      return .quantize(bits: count)
    case ("topK", let share?): return .topK(fraction: try share.share())
    default: throw .wrongType(node.path, expected: "none, {quantize: 8}, {quantize: 16} or {topK: 0.01}")
    }
  }
}

extension JobNode {
  /// A share of a whole that is not nothing.
  func share() throws(JobError) -> Double {
    try number("a number above 0 and at most 1") { $0 > 0 && $0 <= 1 }
  }
}
