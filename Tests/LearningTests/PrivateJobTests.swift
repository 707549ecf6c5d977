import Datasets
import Foundation
import Learning
import Privacy
import Testing

/// Jobs with `privacy:`.
@Suite struct PrivateJobTests {
  /// A table with a line to learn: whether 2a − b is above 3.
  private func table(_ answer: (Double, Double) -> String) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).csv").path
    var lines = ["a,b,other,answer"]
    for row in 0..<1000 {
      let (a, b) = (Double(row * 37 % 101) / 10, Double(row * 53 % 97) / 10)
      lines.append("\(a),\(b),\(row),\(answer(a, b))")
    }
    try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func job(
    _ path: String, privacy: String, data: String = "ranges: {a: [0, 10], b: [0, 10]}, categories: {answer: [l, h]}",
    layers: String = "[{dense: 1}, sigmoid]", loss: String = "binaryCrossEntropy"
  ) throws -> Job {
    try Job.parse(
      """
      model: {layers: \(layers)}
      data: {file: '\(path)', target: answer, \(data)}
      training: {epochs: 5, batch: 50, loss: \(loss), optimizer: {sgd: {learningRate: 2}}, seed: 3}
      privacy: {\(privacy)}
      """)
  }

  private func run(_ job: Job, _ spent: (PrivacySpent) throws -> Void = { _ in }) throws -> JobRunner.Result {
    try JobRunner(job, environment: [:], versions: [:]).run(spent: spent)
  }

  @Test func reportsWhatItSpent() throws {
    let path = try table { 2 * $0 - $1 > 5 ? "h" : "l" }
    defer { try? FileManager.default.removeItem(atPath: path) }
    var spent: [Double] = []
    let job = try job(path, privacy: "unit: example, clip: 1.0, targetEpsilon: 3, delta: 1e-5")
    #expect(try JSONDecoder().decode(Job.self, from: JSONEncoder().encode(job)) == job)
    let result = try run(job) { spent.append($0.epsilon) }
    let privacy = try #require(result.report.privacy)
    #expect(privacy.epsilon <= 3 && privacy.epsilon > 2.999)
    #expect(privacy.epsilons == spent && spent.count == 5 && spent == spent.sorted())
    #expect(privacy.unit == .example && privacy.neighbours == .addOrRemoveOne && privacy.accountant == .pld)
    #expect(privacy.steps == 80 && privacy.samplingRate == 0.0625)
    // Nothing that only the rows say.
    #expect(result.report.loss.isEmpty && result.inputRange == nil)
    #expect(result.preprocessing?.featureNames == ["a", "b"] && result.report.data.leftOut == ["other"])
    #expect((result.report.accuracy ?? 0) > 0.85)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try result.report.write(to: folder)
    let text = try String(contentsOfFile: folder + "/report.json", encoding: .utf8)
    for key in ["epsilon", "delta", "unit", "neighbours", "accountant", "noiseMultiplier", "steps"] {
      #expect(text.contains("\"\(key)\""))
    }
  }

  /// Without samples: one Gaussian mechanism in all, between data sets in which a row counts or does not.
  @Test func trainsWithoutSamples() throws {
    let path = try table { 2 * $0 - $1 > 5 ? "h" : "l" }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let job = try job(path, privacy: "unit: example, method: ftrl, clip: 1.0, targetEpsilon: 8, delta: 1e-5, band: 4")
    #expect(try JSONDecoder().decode(Job.self, from: JSONEncoder().encode(job)) == job)
    let report = try run(job).report
    let privacy = try #require(report.privacy)
    #expect(privacy.neighbours == .zeroOutOne && privacy.samplingRate == 1 && privacy.steps == 80 && privacy.band == 4)
    #expect(privacy.epsilon <= 8 && privacy.epsilon > 7.999 && privacy.epsilons == privacy.epsilons.sorted())
    #expect(privacy.accuracies?.count == 5 && privacy.accuracies?.last == report.accuracy)
    #expect((report.accuracy ?? 0) > 0.85)
    #expect(throws: JobError.self) {
      try self.job(path, privacy: "unit: example, clip: 1.0, targetEpsilon: 8, delta: 1e-5, band: 4")
    }
  }

  @Test func whatCannotBeAccountedIsRefused() throws {
    let path = try table { 2 * $0 - $1 > 5 ? "h" : "l" }
    defer { try? FileManager.default.removeItem(atPath: path) }
    // No ranges: they would be the rows' own.
    #expect {
      try run(job(path, privacy: "unit: example, clip: 1, targetEpsilon: 1, delta: 1e-5", data: "ranges: {a: [0, 10]}"))
    } throws: { "\($0)".contains("declared") }
    #expect(throws: LearningError.self) {
      try run(
        job(
          path, privacy: "unit: example, clip: 1, targetEpsilon: 1, delta: 1e-5",
          layers: "[{dense: 4}, batchNorm, {dense: 1}, sigmoid]"))
    }
    #expect(throws: AccountingError.self) {
      try run(job(path, privacy: "unit: example, clip: 1, targetEpsilon: 1e-7, delta: 1e-12"))
    }
  }

  @Test func regressionByStatistics() throws {
    let path = try table { "\(2 * $0 - $1)" }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let numbers = "ranges: {a: [0, 10], b: [0, 10], answer: [-10, 20]}"
    let privacy = "unit: example, method: statistics, clip: 0.8, targetEpsilon: 4, delta: 1e-5"
    let report = try run(job(path, privacy: privacy, data: numbers, layers: "[{dense: 1}]", loss: "meanSquaredError"))
      .report
    // The answers' variance is 42; clipping and the ridge bend the line.
    #expect((report.meanSquaredError ?? 99) < 10)
    #expect(report.privacy?.steps == 1 && (report.privacy?.epsilon ?? 9) <= 4)
    #expect(report.privacy?.neighbours == .zeroOutOne)
    #expect(throws: LearningError.self) {
      try run(
        job(path, privacy: privacy, data: numbers, layers: "[{dense: 4}, relu, {dense: 1}]", loss: "meanSquaredError"))
    }
  }

  @Test func noiseOnTheRowsThemselves() throws {
    let path = try table { 2 * $0 - $1 > 5 ? "h" : "l" }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let result = try run(job(path, privacy: "unit: local, targetEpsilon: 40, delta: 1e-5"))
    let privacy = try #require(result.report.privacy)
    #expect(privacy.epsilon <= 40 && privacy.epsilon > 39.9)
    #expect(privacy.unit == .local && privacy.neighbours == .replaceOne)
    // Whatever is trained on noised rows may be told.
    #expect(result.report.loss.count == 5)
    #expect((result.report.accuracy ?? 0) > 0.7)
  }
}
