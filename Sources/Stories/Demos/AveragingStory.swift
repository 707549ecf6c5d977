import Arithmetic
import Coordination
import Datasets
import Federation
import Foundation
import Learning
import Logging
import Tensors

/// Three ways of learning from people who have one image each, and what an attacker gets back of the images in each.
public struct AveragingStory: Sendable {
  public var setting: DemoSetting
  /// People with an image.
  public var workers: Int

  public init(_ setting: DemoSetting, workers: Int = 60) {
    self.setting = setting
    self.workers = workers
  }

  private static let layers: [LayerSpec] = [.dense(units: 32), .relu, .dense(units: 10), .softmax]

  /// Tells the story; `progress` hears what is being done.
  ///
  /// - Throws: `DatasetError` where the set is not in the folder, and what a training throws.
  public func tell(progress: (String) -> Void = { _ in }) async throws -> DemoReport {
    let clock = ContinuousClock()
    let begin = clock.now
    guard case .tensors(let digits, _) = try NamedDataset.mnist.load(from: setting.data) else {
      throw DatasetError.inconsistent("The digits are no images")
    }
    var random = SeedTree(seed: setting.seed).child("averaging").generator()
    let rows = Array(random.shuffled(digits.rowCount).prefix(2 * workers))
    let people = try Attacked(
      description: try ModelDescription(layers: Self.layers, inputShape: [784]),
      images: digits.rows(Array(rows.prefix(workers))), others: digits.rows(Array(rows.dropFirst(workers))),
      seed: setting.seed)
    progress("a worker in turn")
    var scenes = [try people.inTurn()]
    progress("averaging in the open")
    let open = try await run(people, .open)
    scenes += people.averaged(message: open.message, change: open.change)
    progress("secure averaging")
    let masked = try await run(people, .masked)
    scenes += people.hidden(message: masked.message, change: masked.change)
    scenes.append(people.chance())

    var report = setting.report(
      "averaging", "What gradients give away, and what averages do not",
      lead: """
        \(workers) people with one image each teach a network of 32 and 10 units, one step each. An attacker divides the change of \
        each first-layer unit's weights by that of its bias: where one image alone has moved a unit, that is the image. Likeness is \
        of the best of 32 guesses, chosen by somebody who knows all images.
        """, source: NamedDataset.mnist.source)
    report.tables = [
      .init(
        title: "Who gets an image back",
        text: """
          In turn, the model goes from one to the next, and who has it before and after sees one person's gradient. A trusted aggregator \
          sees each update and tells the average. Under secure averaging (masked) nobody sees more than the average. Digits are alike: \
          the last row has no attack, but images of other people for guesses. An average of few people can still give one away; differential \
          privacy bounds that, averaging does not.
          """, measure: .likeness, rows: scenes.map { .init($0.name, .likeness, [DemoRun(value: $0.likeness)]) })
    ]
    report.goals = [
      .atLeast(0.99, scenes[0].likeness, "in turn, the image comes back"),
      .atMost(0.5, scenes[3].likeness, "secure averaging, likeness of the best guess from one masked message"),
      .atMost(
        scenes[5].likeness, scenes[4].likeness,
        "secure averaging, likeness of the best guess from the average, against chance"),
    ]
    report.pictures = [
      Raster(
        title: "The true image, and the attacker's best guess", text: "Each guess is scaled to its own range.",
        images: [people.truth] + scenes.map(\.picture))
    ]
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  /// One round of a federation in memory: what its coordinator wrote down of the first worker, and how the model changed.
  private func run(
    _ people: Attacked, _ aggregation: Aggregation
  ) async throws -> (message: Data, change: [Double]) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-demo-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let text = """
      model: {layers: [{dense: 32}, relu, {dense: 10}, softmax]}
      data: {set: mnist}
      training: {batch: 1, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}, seed: \(setting.seed)}
      mode: federated
      federated: {workers: \(workers), rounds: 1, aggregation: \(aggregation.rawValue), valueRange: 8}
      """
    let federation = await MemoryFederation(
      tables: people.tables, policy: WorkerPolicy(smallestCohort: 3, aggregations: [aggregation]),
      database: try RunDatabase(path: folder + "/run.sqlite"), recorder: try RunRecorder(folder: folder + "/record"),
      logger: Logger(label: "tacit.demo") { _ in SwiftLogNoOpLogHandler() })
    do {
      let result = try await Submission(await federation.submitter()).run(text, seed: setting.seed) { _ in }
      await federation.stop()
      let change = zip(result.weights, people.weights).map { Double($0) - Double($1) }
      return (try CoordinatorRecord(folder: folder + "/record").longestMessage(of: people.first), change)
    } catch {
      await federation.stop()
      throw error
    }
  }
}
