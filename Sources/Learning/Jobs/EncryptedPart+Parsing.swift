extension Job.EncryptedPart {
  /// Reads `encrypted:`; all its keys have defaults.
  static func parse(_ node: JobNode?) throws(JobError) -> Job.EncryptedPart {
    var part = Job.EncryptedPart()
    guard let node else { return part }
    let entries = try node.mapping([
      "scheme", "parties", "fractionBits", "transport", "owners", "reveal", "checkpoint", "deadlineSeconds",
      "optimise",
    ])
    if let scheme = entries["scheme"] {
      part.scheme = Scheme(rawValue: try scheme.choice(Scheme.allCases.map(\.rawValue))) ?? .replicated
    }
    part.parties = try parties(entries["parties"], part.scheme)
    if let bits = entries["fractionBits"] { part.fractionBits = try bits.integer(in: 10...24) }
    if let transport = entries["transport"] {
      part.transport = Transport(rawValue: try transport.choice(Transport.allCases.map(\.rawValue))) ?? .tls
    }
    if let owners = entries["owners"] { part.owners = try Self.owners(of: owners) }
    if let reveal = entries["reveal"] { part.reveal = try revealed(reveal) }
    if let checkpoint = entries["checkpoint"] {
      part.checkpoint = try checkpoint.integer(in: 0...1 << 30)
      guard part.scheme.keepsCheckpoints || part.checkpoint == 0 else {
        throw .contradiction(
          "\(checkpoint.path): a training with scheme: \(part.scheme.rawValue) keeps no checkpoints, "
            + "as MACs outlive no session; remove one of them")
      }
    }
    if let deadline = entries["deadlineSeconds"] { part.deadlineSeconds = try deadline.integer(in: 1...86_400) }
    if let optimise = entries["optimise"] {
      guard part.scheme == .replicated else {
        throw .contradiction("\(optimise.path) goes with encrypted.scheme: replicated; remove one of them")
      }
      part.optimise =
        Optimisation(rawValue: try optimise.choice(Optimisation.allCases.map(\.rawValue))) ?? .bytes
    }
    return part
  }

  private static func parties(_ node: JobNode?, _ scheme: Scheme) throws(JobError) -> Int {
    switch scheme {
    case .replicated, .replicatedMalicious:
      guard let node else { return 3 }
      guard try node.integer(in: 1...64) == 3 else {
        throw .outOfRange(node.path, allowed: "3: replicated sharing is among three parties")
      }
      return 3
    case .additive, .spdz: return try node?.integer(in: 2...16) ?? 2
    }
  }

  private static func owners(of node: JobNode) throws(JobError) -> [Owner] {
    var owners: [Owner] = []
    for item in try node.sequence(atMost: 1000) {
      let entries = try item.mapping(["name", "file", "worker"])
      let name = try (entries["worker"] ?? entries["name"])?.string()
      guard name == nil || !owners.contains(where: { $0.name == name }) else {
        throw .contradiction("\(item.path).name is that of another owner; give each its own")
      }
      if let worker = entries["worker"] {
        guard entries.count == 1 else {
          throw .contradiction("\(worker.path) is a worker that brings its own rows; remove name and file beside it")
        }
        owners.append(Owner(worker: try worker.string()))
      } else {
        owners.append(Owner(name: name, file: try item.required("file", in: entries).string()))
      }
    }
    guard !owners.isEmpty else {
      throw .outOfRange(node.path, allowed: "a list of at least one {file: …} or {worker: …}")
    }
    guard Set(owners.map(\.isWorker)).count == 1 else {
      throw .contradiction("\(node.path) has workers and files; all owners are one or the other")
    }
    return owners
  }

  private static func revealed(_ node: JobNode) throws(JobError) -> Set<Revealed> {
    var revealed: Set<Revealed> = []
    for item in try node.sequence(atMost: Revealed.allCases.count) {
      guard let value = Revealed(rawValue: try item.choice(Revealed.allCases.map(\.rawValue))) else { continue }
      revealed.insert(value)
    }
    return revealed
  }
}
