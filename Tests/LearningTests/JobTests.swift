import Datasets
import Foundation
import Learning
import Tensors
import Testing

@Suite struct JobTests {
  static let valid = """
    model:
      layers: [{dense: 64}, relu, {dropout: 0.25}, {dense: {units: 1}}, sigmoid]
    data: {set: credit-approval, path: ../data, test: 0.3, ranges: {A2: [0, 100]}, categories: {A1: [a, b]}}
    training:
      epochs: 20
      batch: 16
      loss: binaryCrossEntropy
      optimizer: {sgd: {learningRate: 0.05, momentum: 0.9}}
      seed: 7
    mode: plain
    output: runs/credit
    """

  @Test func aWholeJob() throws {
    let job = try Job.parse(Self.valid)
    #expect(job.model.layers == [.dense(units: 64), .relu, .dropout(rate: 0.25), .dense(units: 1), .sigmoid])
    #expect(job.data.source == .set("credit-approval", path: "../data"))
    #expect(job.data.test == 0.3)
    #expect(job.data.ranges["A2"]?.high == 100)
    #expect(job.data.categories == ["A1": ["a", "b"]])
    #expect(job.training.optimizer == .sgd(learningRate: 0.05, momentum: 0.9))
    #expect(job.training.epochs == 20 && job.training.batch == 16 && job.training.seed == 7)
    #expect(job.output == "runs/credit")
    #expect(try JSONDecoder().decode(Job.self, from: JSONEncoder().encode(job)) == job)
    let onScale = try Job.parse(Self.valid.replacing("[0, 100]", with: "{log: [1, 100]}"))
    #expect(onScale.data.ranges["A2"] == (try PublicRange(1, 100, scale: .logarithmic)))
  }

  private static let owned = """
    model: {layers: [{dense: 1}, sigmoid]}
    data: {target: sick, test: 0.25, ranges: {age: [0, 100]}, categories: {ward: [a, b], sick: ['no', 'yes']}}
    training: {epochs: 1, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}, seed: 5}
    mode: encrypted
    cluster: cluster.yaml
    encrypted: {reveal: [metrics], owners: [{name: north, file: FILE}, {name: south, file: south.csv}]}
    """

  @Test func ownersOfTheirOwn() throws {
    let job = try Job.parse(Self.owned)
    #expect(job.cluster == "cluster.yaml" && job.hasSeparateOwners)
    #expect(job.encrypted?.owners == [.init(name: "north", file: "FILE"), .init(name: "south", file: "south.csv")])
    #expect(job.encrypted?.reveal == [.metrics])
    func refuses(_ old: String, _ new: String) {
      #expect(throws: JobError.self) { try Job.parse(Self.owned.replacingOccurrences(of: old, with: new)) }
    }
    refuses("name: south", "name: north")
    refuses("{name: south, file: south.csv}", "{file: south.csv}")
    refuses("reveal: [metrics]", "reveal: [metrics], transport: memory")
    refuses("mode: encrypted", "mode: plain")
    refuses("target: sick", "set: iris")
  }

  @Test func schemesAndTheirParties() throws {
    func part(_ settings: String) throws -> Job.EncryptedPart {
      let text = Self.owned.replacingOccurrences(of: "reveal: [metrics]", with: settings)
      return try #require(try Job.parse(text).encrypted)
    }
    func refusal(_ settings: String) -> String {
      (#expect(throws: JobError.self) { try part(settings) }).map { "\($0)" } ?? ""
    }
    let (none, additive, three) = try (
      part("reveal: []"), part("scheme: additive"), part("scheme: additive, parties: 16")
    )
    #expect(none.scheme == .replicated && none.parties == 3)
    #expect(try part("scheme: replicated, parties: 3") == part("scheme: replicated"))
    #expect(additive.scheme == .additive && additive.parties == 2 && three.parties == 16)
    let checked = try (part("scheme: spdz"), part("scheme: spdz, parties: 3, checkpoint: 0"))
    #expect(checked.0.scheme == .spdz && checked.0.parties == 2 && checked.1.parties == 3)
    #expect(
      refusal("scheme: spdz, checkpoint: 4")
        == "encrypted.checkpoint: a training with scheme: spdz keeps no checkpoints, as MACs outlive no session; "
        + "remove one of them")
    #expect(refusal("scheme: spdz, parties: 17") == "encrypted.parties must be a whole number from 2 to 16")
    #expect(refusal("parties: 2") == "encrypted.parties must be 3: replicated sharing is among three parties")
    for parties in ["1", "17"] {
      #expect(
        refusal("scheme: additive, parties: \(parties)") == "encrypted.parties must be a whole number from 2 to 16")
    }
    #expect(refusal("scheme: addditive") == "encrypted.scheme cannot be “addditive”; did you mean additive?")
    #expect(refusal("schema: additive") == "encrypted.schema is no key of a job; did you mean scheme?")
    #expect(
      refusal("scheme: additive, optimise: rounds").contains(
        "encrypted.optimise goes with encrypted.scheme: replicated"))
  }

  /// What a row becomes follows from the job alone; who has no rows knows their shape.
  @Test func declaredRowsNeedNoOthers() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("north.csv").path
    let rows = ["25,a,no", "75,b,yes", "50,c,no", ",a,yes", "200,b,no", "0,a,yes", "100,b,no", "50,a,yes"]
    try ("age,ward,sick\n" + rows.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    let text = Self.owned.replacingOccurrences(of: "FILE", with: "'\(file)'")
    let job = try Job.parse(text)
    let owner = try PreparedJob(job, environment: [:], part: .owner(0))
    #expect(owner.ownerRows == [6] && owner.ownerTestRows == [2])
    let all = Tensor.concatenated([owner.features, owner.testRows.features], axis: 0)
    let found = Set((0..<8).map { row in Array(all.scalars[3 * row..<3 * row + 3]) })
    // Ages from 0...100 to −1...1, clipped, the middle where missing; then ward a and ward b.
    #expect(
      found == [[-0.5, 1, 0], [0.5, 0, 1], [0, 0, 0], [0, 1, 0], [1, 0, 1], [-1, 1, 0]])
    let nobody = try PreparedJob(job, environment: [:], part: .none)
    #expect(nobody.features.shape == [0, 3] && nobody.targets.shape == [0, 1])
    #expect(nobody.data.preprocessing == owner.data.preprocessing)
    #expect(nobody.data.preprocessing?.targetTransform.labels == ["no", "yes"])
    for missing in [
      ", sick: ['no', 'yes']", "ranges: {age: [0, 100]}, categories: {ward: [a, b], sick: ['no', 'yes']}",
    ] {
      let job = try Job.parse(text.replacingOccurrences(of: missing, with: missing.hasPrefix(",") ? "" : "ranges: {}"))
      #expect(throws: DatasetError.self) { try PreparedJob(job, environment: [:], part: .none) }
    }
  }

  /// Owners that are workers of a coordinator bring their rows to a cluster; nothing else goes together.
  @Test func workersAreOwners() throws {
    let workers = Self.owned
      .replacingOccurrences(of: "{name: north, file: FILE}", with: "{worker: north}")
      .replacingOccurrences(of: "{name: south, file: south.csv}", with: "{worker: south}")
    let address = "\ncoordinator: 'wss://localhost:7000'\n"
    let job = try Job.parse(workers + address)
    #expect(job.encrypted?.owners.map(\.isWorker) == [true, true] && job.ownerFiles.isEmpty && job.hasSeparateOwners)
    for wrong in [
      workers, Self.owned + address,
      (workers + address).replacingOccurrences(of: "{worker: north}", with: "{worker: north, file: a.csv}"),
      (workers + address).replacingOccurrences(of: "{worker: north}", with: "{name: north, file: b.csv}"),
      (workers + address).replacingOccurrences(of: "cluster: cluster.yaml", with: ""),
    ] {
      #expect(throws: JobError.self) { try Job.parse(wrong) }
    }
  }

  @Test func layersAndDefaults() throws {
    let job = try Job.parse(
      """
      model:
        input: [1, 28, 28]
        layers:
          - {conv2d: {filters: 16, kernel: 3}}
          - conv2d: {filters: 8, kernel: 5, stride: 2, padding: 1}
          - {averagePool: 2}
          - {maxPool: {window: 3, stride: 1}}
          - {groupNorm: 2}
          - tanh
          - {groupNorm: {groups: 4}}
          - layerNorm
          - batchNorm
          - gelu
          - flatten
          - {dense: 10}
          - softmax
      data: {file: digits.csv, target: digit}
      training: {epochs: 1, loss: softmaxCrossEntropy, optimizer: {adam: {learningRate: 1e-3}}}
      """)
    #expect(
      job.model.layers == [
        .conv2d(filters: 16, kernel: 3), .conv2d(filters: 8, kernel: 5, stride: 2, padding: 1), .averagePool(window: 2),
        .maxPool(window: 3, stride: 1), .groupNorm(groups: 2), .tanh, .groupNorm(groups: 4), .layerNorm, .batchNorm,
        .gelu, .flatten, .dense(units: 10), .softmax,
      ])
    #expect(job.model.input == [1, 28, 28])
    #expect(job.data.source == .file("digits.csv", target: "digit"))
    #expect(job.data.test == 0.2 && job.training.batch == 32 && job.training.seed == 0)
    #expect(job.training.optimizer == .adam(learningRate: 0.001))
    #expect(job.training.schedule == .constant)
  }

  @Test(arguments: [
    ("cosine", Schedule.cosine()), ("{cosine: {final: 0.1}}", .cosine(final: 0.1)), ("constant", .constant),
    ("{step: {every: 5, factor: 0.5}}", .step(every: 5, factor: 0.5)),
  ])
  func schedules(text: String, schedule: Schedule) throws {
    let job = try Job.parse(Self.valid.replacingOccurrences(of: "seed: 7", with: "schedule: \(text)"))
    #expect(job.training.schedule == schedule)
  }

  /// A change of one place of the valid job, and the error it gives.
  @Test(arguments: [
    ("epochs: 20", "epoch: 20", "training.epoch is no key of a job; did you mean epochs?"),
    ("epochs: 20", "epochs: 0", "training.epochs must be a whole number from 1 to 1000000"),
    ("epochs: 20", "epochs: many", "training.epochs must be a whole number"),
    ("epochs: 20", "epochs: [20]", "training.epochs must be a whole number"),
    ("epochs: 20", "batch: 3", "the job file is no YAML"),
    ("mode: plain", "mode: federatd", "mode cannot be “federatd”; did you mean federated?"),
    ("mode: plain", "mode: plane", "mode cannot be “plane”; did you mean plain?"),
    ("mode: plain", "privacy: {}", "privacy.unit is missing"),
    ("mode: plain", "privacy: {unit: example, delta: 1e-5, clip: 1}", "privacy.noiseMultiplier or privacy.target"),
    ("mode: plain", "privacy: {unit: example, targetEpsilon: 3, clip: 1}", "privacy.delta is missing"),
    ("mode: plain", "privacy: {unit: example, targetEpsilon: 3, delta: 1e-5}", "privacy.clip is missing"),
    (
      "mode: plain", "privacy: {unit: client, targetEpsilon: 3, delta: 1e-5}",
      "privacy.unit: client goes with mode: federated"
    ),
    ("mode: plain", "privacy: {unit: local, clip: 1, targetEpsilon: 3, delta: 1e-5}", "privacy.clip goes with unit"),
    (
      "mode: plain", "privacy: {unit: example, clip: 1, noiseMultiplier: 1, delta: 1e-5, accountant: gdp}",
      "privacy.accountant cannot be"
    ),
    ("mode: plain", "zzz: 1", "zzz is no key of a job; remove it"),
    ("test: 0.3", "test: 1", "data.test must be a number above 0 and below 1"),
    ("test: 0.3", "tests: 1", "data.tests is no key of a job; did you mean test?"),
    (
      "set: credit-approval", "set: credit-aproval",
      "data.set cannot be “credit-aproval”; did you mean credit-approval?"
    ),
    ("set: credit-approval, path: ../data", "file: x.csv", "data.target is missing"),
    ("[0, 100]", "[100, 0]", "data.ranges.A2 must be [low, high] with the lower number first"),
    ("[0, 100]", "[0]", "data.ranges.A2 must be two numbers"),
    ("[0, 100]", "{log: [0, 100]}", "data.ranges.A2.log must be [low, high] with the lower number first, on a log"),
    ("[0, 100]", "{log: [1]}", "data.ranges.A2.log must be two numbers"),
    ("[0, 100]", "{ln: [1, 100]}", "data.ranges.A2.ln"),
    ("[0, 100]", "[0, .inf]", "data.ranges.A2[1] must be a finite number"),
    ("[a, b]", "[a, a]", "data.categories.A1 must be a list of different categories"),
    ("relu", "rely", "model.layers[1] cannot be “rely”; did you mean relu?"),
    ("relu", "gelo", "model.layers[1] cannot be “gelo”; did you mean gelu?"),
    ("relu", "groupNorm", "model.layers[1] must be written with its settings, as {groupNorm: …}"),
    ("relu", "{groupNorm: 0}", "model.layers[1].groupNorm must be a whole number from 1 to 1048576"),
    ("relu", "{batchNorm: 2}", "model.layers[1].batchNorm must be left out: batchNorm has no settings"),
    ("relu", "dense", "model.layers[1] must be written with its settings, as {dense: …}"),
    ("relu", "{relu: 3}", "model.layers[1].relu must be left out: relu has no settings"),
    ("{dense: 64}", "{dense: {unit: 64}}", "model.layers[0].dense.unit is no key of a job; did you mean units?"),
    ("{dense: 64}", "{dense: -1}", "model.layers[0].dense must be a whole number from 1 to 1048576"),
    ("{dense: 64}", "{conv2d: {filters: 3}}", "model.layers[0].conv2d.kernel is missing"),
    ("dropout: 0.25", "dropout: 1", "model.layers[2].dropout must be a number of at least 0 and below 1"),
    ("momentum: 0.9", "moment: 0.9", "training.optimizer.sgd.moment is no key of a job; did you mean momentum?"),
    ("learningRate: 0.05, ", "", "training.optimizer.sgd.learningRate is missing"),
    ("sgd:", "sdg:", "training.optimizer.sdg is no key of a job; did you mean sgd?"),
    ("binaryCrossEntropy", "crossEntropy", "training.loss cannot be “crossEntropy”"),
    ("seed: 7", "schedule: step", "training.schedule must be constant, cosine or"),
    ("seed: 7", "schedule: {step: {every: 0, factor: 1}}", "training.schedule.step.every must be a whole number"),
    ("seed: 7", "schedule: {cosine: {last: 0}}", "training.schedule.cosine.last is no key of a job"),
    ("seed: 7", "seed: -7", "training.seed must be a whole number from 0"),
    ("output: runs/credit", "output: [a]", "output must be a text"),
  ])
  func mistakesAreNamed(old: String, new: String, message: String) {
    let text = Self.valid.replacingOccurrences(of: old, with: new)
    #expect(text != Self.valid)
    do {
      _ = try Job.parse(text)
      Issue.record("no error for \(new)")
    } catch { #expect("\(error)".hasPrefix(message), "\(error)") }
  }

  @Test func hostileFiles() {
    #expect(throws: JobError.tooLong(limit: 1 << 20)) { try Job.parse(String(repeating: "a", count: 1 << 21)) }
    for opening in ["[", "{a: ", "- ", "? ", "- - "] {
      #expect(throws: JobError.self) { try Job.parse(String(repeating: opening, count: 100_000)) }
    }
    #expect(throws: JobError.self) { try Job.parse(String(repeating: "{\u{301}: ", count: 100_000)) }
    let indented = (0..<700).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
    for lineBreak in ["\n", "\u{2028}"] {
      let text = indented.replacingOccurrences(of: "\n", with: lineBreak)
      #expect(throws: JobError.tooDeep(limit: 32)) { try Job.parse(text) }
    }
    var bomb = "a0: &a0 [x, x]\n"
    for level in 1..<60 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(throws: JobError.hasAlias) { try Job.parse(bomb) }
    for text in ["", "a", "[]", "{}", "model: 3", "\u{0}", "%", "model: {layers: []}", "? [a]\n: b"] {
      #expect(throws: JobError.self) { try Job.parse(text) }
    }
  }

  /// Damaged files give errors or jobs, and nothing else.
  @Test func damagedFiles() {
    var state: UInt64 = 1
    for _ in 0..<2000 {
      var bytes = Array(Self.valid.utf8)
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let position = Int(state >> 33) % bytes.count
        if state >> 32 & 1 == 0 { bytes.remove(at: position) } else { bytes[position] = UInt8(state >> 40 & 0x7F) }
      }
      _ = try? Job.parse(String(decoding: bytes, as: UTF8.self))
    }
  }
}
