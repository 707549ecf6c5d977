import Datasets
import Tensors

extension Job {
  /// Reads a job file. It is strict: what it does not know is an error that names the nearest thing it does.
  public static func parse(_ text: String) throws(JobError) -> Job {
    let root = try JobNode(parsing: text)
    let entries = try root.mapping([
      "model", "data", "training", "mode", "encrypted", "federated", "privacy", "cluster", "coordinator", "output",
    ])
    let mode = try entries["mode"].map(mode) ?? .plain
    let owned: [(key: String, modes: [Mode])] = [
      ("encrypted", [.encrypted]), ("cluster", [.encrypted, .federated]), ("federated", [.federated]),
      ("coordinator", [.encrypted, .federated]),
    ]
    for (key, modes) in owned {
      if let node = entries[key], !modes.contains(mode) {
        let names = modes.map(\.rawValue).joined(separator: " or ")
        throw .contradiction("\(node.path) goes with mode: \(names); add that or remove it")
      }
    }
    let encrypted = mode == .encrypted ? try EncryptedPart.parse(entries["encrypted"]) : nil
    let federated = mode == .federated ? try FederatedPart.parse(entries["federated"]) : nil
    let job = Job(
      model: try model(root.required("model", in: entries)),
      data: try data(
        root.required("data", in: entries),
        hasOwners: encrypted?.owners.isEmpty == false || federated?.owners.isEmpty == false
          || (federated != nil && entries["coordinator"] != nil), isPrivate: entries["privacy"] != nil),
      training: try training(root.required("training", in: entries), federated: federated), mode: mode,
      encrypted: encrypted, federated: federated, privacy: try privacy(entries["privacy"], mode, federated),
      cluster: try entries["cluster"]?.string(),
      coordinator: try entries["coordinator"]?.string(), output: try entries["output"]?.string())
    try job.checkCluster()
    try job.checkFederation()
    try job.checkClientPrivacy()
    try job.checkSharedPrivacy()
    return job
  }

  /// Owners that share their rows with running parties are processes of their own, so each has a name.
  private func checkCluster() throws(JobError) {
    guard let encrypted else { return }
    let hasWorkers = encrypted.owners.contains(where: \.isWorker)
    guard hasWorkers == (coordinator != nil) else {
      throw .contradiction(
        "coordinator goes with encrypted.owners: [{worker: …}, …], whose rows it has shared; add the one or remove the other"
      )
    }
    guard cluster != nil || !hasWorkers else { throw .missingKey("cluster") }
    guard cluster != nil else { return }
    guard encrypted.transport == .tls else {
      throw .contradiction("cluster goes with encrypted.transport: tls; remove one of them")
    }
    if let index = encrypted.owners.firstIndex(where: { $0.name == nil }) {
      throw .missingKey("encrypted.owners[\(index)].name")
    }
    guard encrypted.owners.isEmpty || isOfOwners else {
      throw .contradiction("with cluster and encrypted.owners, data names the target alone: {target: column}")
    }
  }

  /// A cluster takes shares of updates, and rows are dealt only among workers that are started here.
  private func checkFederation() throws(JobError) {
    guard let federated else { return }
    try federated.check()
    guard cluster == nil || federated.aggregation == .shared else {
      throw .contradiction("cluster goes with federated.aggregation: shared; change that or remove it")
    }
    let hasOwnRows = !federated.owners.isEmpty || coordinator != nil
    guard hasOwnRows == isOfOwners else {
      throw .contradiction(
        "with coordinator, or a list of federated.workers, data names the target alone: {target: column}")
    }
    guard federated.owners.isEmpty || coordinator == nil else {
      throw .contradiction("with coordinator, federated.workers is their number: each brings its own rows")
    }
    guard federated.partition == .iid || !hasOwnRows else {
      throw .contradiction("federated.partition deals the job's own rows, and here workers have theirs; remove it")
    }
  }

  private var isOfOwners: Bool {
    if case .owners = data.source { return true }
    return false
  }

  /// Whether the rows' owners share them by themselves, so that nobody else has them.
  public var hasSeparateOwners: Bool { cluster != nil && encrypted?.owners.isEmpty == false }

  private static func privacy(
    _ node: JobNode?, _ mode: Mode, _ federated: FederatedPart?
  ) throws(JobError) -> PrivacyPart? {
    guard let node else { return nil }
    return try PrivacyPart.parse(node, mode: mode, federated: federated)
  }

  private static func mode(_ node: JobNode) throws(JobError) -> Mode {
    Mode(rawValue: try node.choice(Mode.allCases.map(\.rawValue))) ?? .plain
  }

  // MARK: Model

  private static func model(_ node: JobNode) throws(JobError) -> ModelPart {
    let entries = try node.mapping(["layers", "input", "initial", "weights", "file"])
    if let file = entries["file"] { throw .unsupported(file.path, feature: "training of a model from a file") }
    var layers: [LayerSpec] = []
    let list = try node.required("layers", in: entries)
    for layer in try list.sequence(atMost: 1000) { layers.append(try LayerSpec.parse(layer)) }
    if layers.isEmpty { throw .outOfRange(list.path, allowed: "a list of at least one layer") }
    var input: Shape?
    if let shape = entries["input"] {
      var extents: [Int] = []
      for extent in try shape.sequence(atMost: 7) { extents.append(try extent.integer(in: 1...1 << 30)) }
      guard Shape.isReasonable(extents) else { throw .outOfRange(shape.path, allowed: "at most 2^40 scalars in all") }
      input = Shape(extents)
    }
    let initial = try entries["initial"].map { (node) throws(JobError) in
      InitialWeights(rawValue: try node.choice(InitialWeights.allCases.map(\.rawValue)))
    }
    if let initial = entries["initial"], entries["weights"] != nil {
      throw .outOfRange(initial.path, allowed: "given where model.weights is not")
    }
    return ModelPart(
      layers: layers, input: input, initial: (initial ?? nil) ?? .byLayer,
      weights: try entries["weights"].map { (node) throws(JobError) in try node.string() })
  }

  // MARK: Data

  private static func data(_ node: JobNode, hasOwners: Bool, isPrivate: Bool) throws(JobError) -> DataPart {
    let entries = try node.mapping(["set", "path", "file", "target", "test", "ranges", "categories", "columns"])
    let source: DataPart.Source
    switch (entries["set"], entries["file"]) {
    case (let set?, nil):
      if let target = entries["target"] {
        throw .contradiction("\(target.path) goes with data.file, not with data.set")
      }
      source = .set(try set.choice(NamedDataset.allCases.map(\.rawValue)), path: try entries["path"]?.string())
    case (nil, let file?):
      if let path = entries["path"] { throw .contradiction("\(path.path) goes with data.set, not with data.file") }
      source = .file(try file.string(), target: try node.required("target", in: entries).string())
    case (nil, nil) where hasOwners:
      if let path = entries["path"] { throw .contradiction("\(path.path) goes with data.set, not with owners") }
      source = .owners(target: try node.required("target", in: entries).string())
    case (nil, nil): throw .missingKey("\(node.path).set or \(node.path).file")
    case (_?, _?): throw .contradiction("\(node.path) has both set and file; keep one")
    }
    let test = try entries["test"]?.number("a number above 0 and below 1") { $0 > 0 && $0 < 1 }
    return DataPart(
      source: source, test: test ?? 0.2, ranges: try ranges(entries["ranges"]),
      categories: try categories(entries["categories"]),
      columns: try columns(entries["columns"], source, isPrivate: isPrivate))
  }

  private static func columns(
    _ node: JobNode?, _ source: DataPart.Source, isPrivate: Bool
  ) throws(JobError) -> [String]? {
    guard let node else { return nil }
    let target: String?
    switch source {
    case .owners(let name): target = name
    case .set where isPrivate: target = nil
    case .set, .file:
      throw .contradiction(
        "\(node.path) goes with workers' own tables, data: {target: column}, or with a set under privacy; remove it")
    }
    var names: [String] = []
    for item in try node.sequence(atMost: 1 << 14) {
      let name = try item.string()
      guard name != target, !names.contains(name) else {
        throw .contradiction("\(item.path) is the target or stands twice; remove it")
      }
      names.append(name)
    }
    guard !names.isEmpty else { throw .outOfRange(node.path, allowed: "a list of at least one column") }
    return names
  }

  private static func ranges(_ node: JobNode?) throws(JobError) -> [String: PublicRange] {
    var ranges: [String: PublicRange] = [:]
    guard let node else { return [:] }
    for (column, given) in try node.mapping(nil) {
      let onScale = given.isMapping ? try given.mapping(["log"])["log"] : nil
      let bounds = onScale ?? given
      let pair = try bounds.sequence(atMost: 2)
      guard pair.count == 2 else { throw .wrongType(bounds.path, expected: "two numbers, [low, high]") }
      let low = try pair[0].number("a finite number", \.isFinite)
      let high = try pair[1].number("a finite number", \.isFinite)
      do { ranges[column] = try PublicRange(low, high, scale: onScale == nil ? .linear : .logarithmic) } catch {
        throw .outOfRange(
          bounds.path, allowed: "[low, high] with the lower number first, on a logarithmic scale above 0")
      }
    }
    return ranges
  }

  private static func categories(_ node: JobNode?) throws(JobError) -> [String: [String]] {
    var categories: [String: [String]] = [:]
    guard let node else { return [:] }
    for (column, list) in try node.mapping(nil) {
      var names: [String] = []
      for name in try list.sequence(atMost: 10_000) { names.append(try name.string()) }
      guard !names.isEmpty, Set(names).count == names.count else {
        throw .outOfRange(list.path, allowed: "a list of different categories")
      }
      categories[column] = names
    }
    return categories
  }

  // MARK: Training

  /// Where training is federated, rounds and local epochs say how often rows are met, whatever `epochs` says.
  private static func training(_ node: JobNode, federated: FederatedPart?) throws(JobError) -> TrainingPart {
    let entries = try node.mapping(["epochs", "batch", "loss", "optimizer", "seed", "schedule"])
    let loss = try node.required("loss", in: entries)
    let choice = try loss.choice(Loss.allCases.map(\.rawValue))
    guard let value = Loss(rawValue: choice) else { throw .wrongType(loss.path, expected: "a loss") }
    let epochs: Int
    if let federated {
      epochs = federated.rounds * federated.localEpochs
    } else {
      epochs = try node.required("epochs", in: entries).integer(in: 1...1_000_000)
    }
    return TrainingPart(
      epochs: epochs,
      batch: try entries["batch"]?.integer(in: 1...1 << 20) ?? 32, loss: value,
      optimizer: try Optimizer.parse(node.required("optimizer", in: entries)),
      schedule: try entries["schedule"].map(Schedule.parse) ?? .constant,
      seed: UInt64(try entries["seed"]?.integer(in: 0...Int.max) ?? 0))
  }
}

extension Optimizer {
  fileprivate static func parse(_ node: JobNode) throws(JobError) -> Optimizer {
    let (kind, settings) = try node.variant(["sgd", "adam"])
    let known = kind == "sgd" ? ["learningRate", "momentum", "weightDecay"] : ["learningRate", "beta1", "beta2"]
    guard let settings else { throw .missingKey("\(node.path).\(kind).learningRate") }
    let entries = try settings.mapping(known)
    func fraction(_ key: String) throws(JobError) -> Double? {
      try entries[key]?.number("a number of at least 0 and below 1") { $0 >= 0 && $0 < 1 }
    }
    let rate = try settings.required("learningRate", in: entries).number("a positive number") { $0 > 0 && $0.isFinite }
    if kind == "adam" {
      return .adam(learningRate: rate, beta1: try fraction("beta1") ?? 0.9, beta2: try fraction("beta2") ?? 0.999)
    }
    let decay = try entries["weightDecay"]?.number("a number of at least 0") { $0 >= 0 && $0.isFinite }
    return .sgd(learningRate: rate, momentum: try fraction("momentum") ?? 0, weightDecay: decay ?? 0)
  }
}

extension Schedule {
  fileprivate static func parse(_ node: JobNode) throws(JobError) -> Schedule {
    let (kind, settings) = try node.variant(["constant", "cosine", "step"])
    switch (kind, settings) {
    case ("constant", nil): return .constant
    case ("cosine", nil): return .cosine()
    case ("cosine", let settings?):
      let final = try settings.mapping(["final"])["final"]
      return .cosine(final: try final?.number("a number from 0 to 1") { $0 >= 0 && $0 <= 1 } ?? 0)
    case ("step", let settings?):
      let entries = try settings.mapping(["every", "factor"])
      return .step(
        every: try settings.required("every", in: entries).integer(in: 1...1_000_000),
        factor: try settings.required("factor", in: entries).number("above 0 and at most 1") { $0 > 0 && $0 <= 1 })
    default: throw .wrongType(node.path, expected: "constant, cosine or {step: {every: …, factor: …}}")
    }
  }
}
