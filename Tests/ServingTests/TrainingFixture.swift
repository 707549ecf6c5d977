import Arithmetic
import Foundation
import Graphs
import Learning
import Serving
import Sharing
import Tensors
import TestSupport
import Testing

/// A job on a small table of its own, in memory.
struct TrainingFixture {
  let job: Job
  let folder: String

  init(
    _ model: String, training: String, encrypted: String, rows: Int = 50, owners: Int = 1, features: Int = 3,
    label: (Double) -> String = { "\($0)" }
  ) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var random = SeedTree(seed: 8).generator()
    var files: [String] = []
    for owner in 0..<owners {
      var text = (0..<features).map { "x\($0)," }.joined() + "answer\n"
      for _ in 0..<rows / owners {
        let x = (0..<features).map { _ in random.normal() }
        text += x.map { "\($0)," }.joined()
        text += label(0.7 * x[0] - 0.4 * x[1] * x[1] + 0.1 * random.normal()) + "\n"
      }
      let file = "\(folder)/\(owner).csv"
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      files.append(file)
    }
    let list = files.map { "{file: '\($0)'}" }.joined(separator: ", ")
    let data = owners > 1 ? "{target: answer, test: 0.2}" : "{file: '\(files[0])', target: answer, test: 0.2}"
    let extra = owners > 1 ? ", owners: [\(list)]" : ""
    job = try Job.parse(
      """
      model: {\(model)}
      data: \(data)
      training: {\(training)}
      mode: encrypted
      encrypted: {transport: memory, \(encrypted)\(extra)}
      """)
  }

  var trainer: EncryptedTrainer {
    EncryptedTrainer(
      job, environment: [:], versions: ["tacit": "test"], executable: "/nowhere", folder: folder + "/run")
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  /// The program's own steps in floats, on the same batches, masks and public numbers: the oracle for whatever a step holds.
  static func clearWeights(_ program: TrainingProgram, _ prepared: PreparedJob) throws -> [String: Tensor<Float>] {
    let tree = SeedTree(seed: program.seed)
    var values = prepared.description.initialWeights(seed: tree.child("weights")).byName
    for name in program.stateNames { values[name] = Tensor(repeating: 0, shape: program.shape(of: name)) }
    for step in 0..<program.stepCount {
      let (epoch, batch) = (step / program.stepsPerEpoch, step % program.stepsPerEpoch)
      var shuffle = tree.child("shuffle").child(epoch + 1).generator()
      let rows = Array(shuffle.shuffled(program.rowCount).dropFirst(batch * program.batch).prefix(program.batch))
      let graph = try #require(program.steps.first { $0.batch == rows.count }).graph
      var inputs = values
      inputs[program.featureName] = prepared.features.gatherRows(rows)
      inputs[program.targetName] = prepared.targets.gatherRows(rows)
      for (name, numbers) in program.numbers { inputs[name] = Tensor(shape: [], scalars: [numbers[step]]) }
      for mask in program.masks {
        var random = tree.child("dropout").child(mask.name).child(step).generator()
        let shape = try #require(graph.shape(ofInput: mask.name))
        inputs[mask.name] = Tensor(
          shape: shape,
          scalars: (0..<shape.count).map { _ in random.uniform() < mask.rate ? 0 : Float(1 / (1 - mask.rate)) })
      }
      let outputs = try PlainEngine().run(graph, inputs: inputs)
      for (name, value) in zip(program.valueNames, outputs.suffix(program.valueNames.count)) { values[name] = value }
    }
    return values
  }
}

/// Where three replicated parties begin a training: with their shares of all rows and of weights that are drawn by a seed.
func freshOrigins(
  of program: TrainingProgram, _ prepared: PreparedJob, places: [TrainingPlace]
) throws -> [PendingTraining.Origin] {
  let bits = program.fractionBits
  let words = try SecretRows.encode(
    prepared.features, prepared.targets, 0..<program.rowCount, fractionBits: bits)
  let parcels = ClusterScheme.replicated.parcels(of: [words])
  let weights = prepared.description.initialWeights(seed: SeedTree(seed: 1)).byName
  let shares = try replicatedShares(
    of: try program.weightNames.map { try SecretInput.encode(weights[$0]!, named: $0, fractionBits: bits) })
  return try places.enumerated().map { party, place in
    var rows = SharedRows(width: words.shape[1])
    rows.append(
      try SharedRows.Block(
        parcels[party].bytes, rowCount: program.rowCount, width: words.shape[1], party: party, scheme: .replicated))
    return .fresh(rows: TrainingRows(training: rows), weights: .replicated(shares[party]), place: place)
  }
}
