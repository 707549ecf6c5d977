import Foundation
import Tacit
import Testing

/// What the demos do, in small: on rows that are made up here.
@Suite struct DemoLessons {
  /// A new folder, for whoever calls this to throw away.
  private func lessonFolder() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lesson-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test func pimaDiabetes() async throws {
    let folder = try lessonFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Made-up patients: chance decides with two measurements.
    var random = SeedTree(seed: 7).generator()
    var table = "glucose,weight,outcome\n"
    for _ in 0..<600 {
      let (glucose, weight, chance) = (random.normal(), random.normal(), random.normal())
      table += "\(120 + 30 * glucose),\(80 + 15 * weight),\(2 * glucose + weight > chance ? 1 : 0)\n"
    }
    try table.write(toFile: folder + "/patients.csv", atomically: true, encoding: .utf8)

    let job = """
      model: {layers: [{dense: 16}, relu, {dense: 1}, sigmoid]}
      data: {file: '\(folder)/patients.csv', target: outcome, test: 0.2}
      training: {epochs: 10, batch: 32, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}, seed: 7}
      """
    let plain = try JobRunner(try Job.parse(job), environment: [:], versions: [:]).run()

    // The same rows, dealt among three workers; their coordinator sees sums behind masks.
    let among = """
      mode: federated
      federated: {workers: 3, rounds: 10, aggregation: masked, transport: memory}
      """
    let federated = try await FederatedTrainer(job + "\n" + among, folder: folder + "/workers").run()

    let accuracies = [plain.report.accuracy ?? 0, federated.report.accuracy ?? 0]
    #expect(accuracies.allSatisfy { $0 > 0.8 } && abs(accuracies[0] - accuracies[1]) < 0.05)
  }

  @Test func encryptedDigits() async throws {
    let folder = try lessonFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Made-up images of 3 by 5 pixels: noisy zeros, ones and sevens.
    let digits = [("zero", "111101101101111"), ("one", "010110010010111"), ("seven", "111001010010010")]
    var random = SeedTree(seed: 7).generator()
    var table = (0..<15).map { "pixel\($0)," }.joined() + "digit\n"
    for row in 0..<150 {
      let (name, pixels) = digits[row % 3]
      for pixel in pixels { table += "\((pixel == "1" ? 1 : 0) + 0.4 * random.normal())," }
      table += name + "\n"
    }
    try table.write(toFile: folder + "/digits.csv", atomically: true, encoding: .utf8)

    // Three parties train on shares of the images and of the weights.
    var job = try Job.parse(
      """
      mode: encrypted
      model: {layers: [{dense: 8}, relu, {dense: 3}]}
      data: {file: '\(folder)/digits.csv', target: digit, test: 0.2}
      training: {epochs: 4, batch: 20, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}, seed: 7}
      encrypted: {transport: memory, reveal: [model, metrics]}
      """)
    let secret = try await EncryptedTrainer(job, environment: [:], versions: [:], executable: "", folder: folder).run()

    // The same in the clear.
    job.mode = .plain
    let clear = try JobRunner(job, environment: [:], versions: [:]).run()
    #expect(secret.report.accuracy == clear.report.accuracy)
    let learned = try #require(secret.result?.model)
    let layout = WeightLayout(learned.description)
    let weights = zip(try layout.flatten(learned.weights), try layout.flatten(clear.model.weights))
    #expect(weights.allSatisfy { abs($0 - $1) < 0.001 })
    #expect((clear.report.accuracy ?? 0) > 0.9 && secret.report.bytesSent == secret.report.planned?.bytesSent)
  }

  @Test func servedDigits() async throws {
    // Made-up images of 3 by 5 pixels: noisy zeros, ones and sevens.
    let digits = ["111101101101111", "010110010010111", "111001010010010"]
    var random = SeedTree(seed: 7).generator()
    let labels = (0..<180).map { $0 % 3 }
    let pixels: [Float] = labels.flatMap { label in
      digits[label].map { ($0 == "1" ? 1 : 0) + 0.3 * Float(random.normal()) }
    }
    let images = Tensor(shape: [180, 1, 5, 3], scalars: pixels)

    // A convolutional network learns from 150 of them.
    let train = try Dataset(
      name: "made-up digits", source: "a tutorial", features: images.sliced(axis: 0, 0..<150),
      targets: .classes(Array(labels[..<150]), count: 3))
    let description = try ModelDescription(
      layers: [.conv2d(filters: 4, kernel: 3, padding: 1), .relu, .flatten, .dense(units: 3)], inputShape: [1, 5, 3])
    let trainer = try Trainer(
      description, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), epochs: 20, batch: 15, seed: 7)
    let model = try trainer.train(on: train).model
    let file = try ModelFile(model, provenance: .init(creator: "a tutorial", dataset: train.name, source: train.source))

    // Three parties hold its shares, get the other 30 in shares, and answer in shares.
    let asked = images.sliced(axis: 0, 150..<180)
    let secret = try await MemoryCluster.predict(file, asked)
    #expect(Metrics.accuracy(scores: secret.output, classes: Array(labels[150...])) == 1)

    let clear = try model.predict(asked)
    let difference = zip(secret.output.scalars, clear.scalars).map { abs($0 - $1) }.max() ?? 1
    #expect(difference < 0.01 && Metrics.accuracy(scores: clear, classes: Array(labels[150...])) == 1)
  }

  @Test func bostonHousing() async throws {
    let folder = try lessonFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Made-up houses: a price for rooms, less for distance, and chance.
    var random = SeedTree(seed: 7).generator()
    var table = "rooms,distance,price\n"
    for _ in 0..<1000 {
      let (rooms, distance) = (6 + random.normal(), 4 + random.normal())
      table += "\(rooms),\(distance),\(5 * rooms - 2 * distance + 2 * random.normal())\n"
    }
    try table.write(toFile: folder + "/houses.csv", atomically: true, encoding: .utf8)

    let job = """
      model: {layers: [{dense: 8}, relu, {dense: 1}]}
      data: {file: '\(folder)/houses.csv', target: price, test: 0.2}
      training: {epochs: 100, batch: 1000, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}, seed: 7}
      """
    let plain = try JobRunner(try Job.parse(job), environment: [:], versions: [:]).run()

    // Two virtual workers take each step together: their averaged steps are the step on all rows.
    let among = """
      mode: federated
      federated: {workers: 2, rounds: 100, aggregation: open, minimumClients: 2, transport: memory}
      """
    let virtual = try await FederatedTrainer(job + "\n" + among, folder: folder + "/workers").run()

    let layout = WeightLayout(plain.model.description)
    let weights = zip(try layout.flatten(plain.model.weights), try layout.flatten(virtual.model.weights))
    #expect(weights.allSatisfy { abs($0 - $1) < 0.001 })
    #expect((plain.report.rSquared ?? 0) > 0.5)

    // A linear regression's sums, noised once; ranges are declared, so that no row decides how rows are scaled.
    let noised = """
      model: {layers: [{dense: 1}]}
      data:
        file: '\(folder)/houses.csv'
        target: price
        test: 0.2
        ranges: {rooms: [3, 9], distance: [0, 8], price: [0, 50]}
      training: {epochs: 1, batch: 800, loss: meanSquaredError, optimizer: {sgd: {learningRate: 1}}, seed: 7}
      privacy: {unit: example, method: statistics, clip: 0.8, targetEpsilon: 2, delta: 1e-5}
      """
    let released = try JobRunner(try Job.parse(noised), environment: [:], versions: [:]).run().report
    #expect((released.privacy?.epsilon ?? 9) <= 2 && (released.rSquared ?? 0) > 0.5)
  }

  @Test func hiddenClients() async throws {
    // Two hundred clients with two shards each of made-up applications, sorted by their decision.
    let data = try SyntheticCredit.dataset(rows: 4000).prepared(test: 0.2, seed: 7)
    let parts = try Partition.shards(2).deal(strata: data.train.targets.classes ?? [], workers: 200, seed: 7)
    let description = try ModelDescription(
      layers: [.dense(units: 1), .sigmoid], inputShape: [data.train.features.shape[1]])
    let settings = LocalSettings(
      loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: 0.5), batch: 16, epochs: 1, rounds: 20, seed: 7)

    // Each update is shortened to 0.5, and the sum gets the noise that keeps ε of all twenty rounds to 8.
    let part = PrivacyPart(unit: .client, clipping: .flat(norm: 0.5), noise: .targetEpsilon(8), delta: 1e-3)
    let privacy = try ClientPrivacy(
      part, workers: 200, cohort: 0.25, rounds: 20, weightCount: WeightLayout(description).count)
    let simulation = try FederatedSimulation(
      description, settings, strategy: .fedAvg, cohort: .fraction(0.25), parts: parts, train: data.train,
      test: data.test, privacy: privacy)
    var accuracy = 0.0
    _ = try await simulation.run { round in
      accuracy = round.accuracy
      return true
    }

    // What was spent, and against whom.
    let spent = try privacy.report(rounds: 20)
    #expect(spent.epsilon <= 8 && accuracy > 0.7)
    #expect(spent.observers?.map(\.who) == ["readers of the models", "other workers", "the coordinator"])
  }
}
