import Datasets
import Foundation
import Learning
import Tensors
import Testing

@Suite struct JobRunnerTests {
  private func run(_ model: String, data: String, training: String) throws -> JobRunner.Result {
    let job = try Job.parse("model: {layers: \(model)}\ndata: \(data)\ntraining: {\(training)}")
    return try JobRunner(job, environment: [:], versions: ["tacit": "test"]).run()
  }

  /// A table with a line to learn: whether 2a − b + 10·[colour is red] is above 3.
  private func table(_ body: (Double, Double, Bool) -> String) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).csv").path
    var lines = ["a,b,colour,answer"]
    for row in 0..<300 {
      let (a, b, isRed) = (Double(row * 37 % 101) / 10, Double(row * 53 % 97) / 10, row % 7 < 3)
      lines.append("\(a),\(b),\(isRed ? "red" : "blue"),\(body(a, b, isRed))")
    }
    try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test(arguments: ["target: anser", "target: answer, ranges: {bb: [0, 10]}"]) func misspeltColumns(data: String) throws
  {
    let path = try table { a, b, _ in a > b ? "yes" : "no" }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: DatasetError.self) {
      try run(
        "[{dense: 1}, sigmoid]", data: "{file: '\(path)', \(data)}",
        training: "epochs: 1, batch: 16, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}")
    }
    #expect(
      error?.description.contains(data.contains("anser") ? "did you mean “answer”?" : "did you mean “b”?") == true)
  }

  /// A worker's table is not the asker's: a misspelt column says nothing of those that are there.
  @Test func misspeltColumnsOfAnothersTable() throws {
    let path = try table { a, b, _ in a > b ? "yes" : "no" }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let job = try Job.parse(
      """
      model: {layers: [{dense: 1}, sigmoid]}
      data: {file: '\(path)', target: anser}
      training: {epochs: 1, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.1}}}
      """)
    let error = #expect(throws: DatasetError.self) {
      try PreparedJob(job, environment: [:], part: .table(path))
    }
    #expect(error?.description.contains("no column anser") == true && error?.description.contains("answer") == false)
  }

  @Test func twoClasses() throws {
    let path = try table { a, b, isRed in 2 * a - b + (isRed ? 10 : 0) > 12 ? "yes" : "no" }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let training = "epochs: 30, batch: 16, loss: binaryCrossEntropy, optimizer: {adam: {learningRate: 0.02}}, seed: 3"
    let result = try run(
      "[{dense: 8}, relu, {dense: 1}, sigmoid]", data: "{file: '\(path)', target: answer}", training: training)
    let report = result.report
    #expect((report.accuracy ?? 0) > 0.93)
    #expect((report.auc ?? 0) > 0.97)
    #expect(report.meanSquaredError == nil)
    #expect(report.data.rows == 300 && report.data.train + report.data.test == 300)
    #expect(report.loss.count == 30 && report.loss[29] < report.loss[0])
    #expect(report.versions["tacit"] == "test" && report.versions["openblas"]?.contains("OpenBLAS") == true)
    #expect(result.preprocessing?.featureCount == 4)
    let logits = try run(
      "[{dense: 8}, relu, {dense: 1}]", data: "{file: '\(path)', target: answer}", training: training)
    #expect(logits.report.accuracy == report.accuracy)
    let wrong = "epochs: 1, loss: meanSquaredError, optimizer: {adam: {learningRate: 0.02}}"
    #expect(throws: LearningError.self) {
      try run("[{dense: 2}]", data: "{file: '\(path)', target: answer}", training: wrong)
    }
  }

  @Test func numbers() throws {
    let path = try table { a, b, isRed in String(2 * a - b + (isRed ? 10 : 0)) }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let result = try run(
      "[{dense: 1}]", data: "{file: '\(path)', target: answer, ranges: {a: [0, 20]}}",
      training: "epochs: 60, batch: 16, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}")
    #expect((result.report.meanSquaredError ?? 99) < 0.1)
    #expect((result.report.rSquared ?? 0) > 0.99)
    #expect(result.report.accuracy == nil && result.report.auc == nil)
    #expect(throws: DatasetError.self) {
      try run(
        "[{dense: 1}]", data: "{file: '\(path)', target: answer, categories: {b: [x]}}",
        training: "epochs: 1, loss: meanSquaredError, optimizer: {sgd: {learningRate: 0.05}}")
    }
  }

  @Test func resultsAreWritten() throws {
    let path = try table { a, _, _ in a > 5 ? "1" : "0" }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString)/run").path
    defer {
      try? FileManager.default.removeItem(atPath: path)
      try? FileManager.default.removeItem(atPath: (folder as NSString).deletingLastPathComponent)
    }
    let result = try run(
      "[{dense: 1}, sigmoid]", data: "{file: '\(path)', target: answer}",
      training: "epochs: 3, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.5}}")
    try result.report.write(to: folder)
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/report.json"))
    #expect(try JSONDecoder().decode(TrainingReport.self, from: data) == result.report)
    let keys = Set((try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]).keys)
    #expect(keys == ["mode", "seed", "data", "accuracy", "auc", "loss", "seconds", "secondsPerEpoch", "versions"])
    let picture = try Data(contentsOf: URL(fileURLWithPath: folder + "/curves.svg"))
    #expect(XMLCheck.isWellFormed(picture))
  }

  @Test(arguments: [[], [0.5], [3, 2, 1.5], [Double.nan, 1, 2], [0, 0], [1e9, 1e-9]] as [[Double]])
  func charts(values: [Double]) {
    let svg = LossChart(title: "A < B & C", label: "loss", values: values).svg
    #expect(XMLCheck.isWellFormed(Data(svg.utf8)))
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }
}

/// Whether tags open and close in order, and no stray marks are left.
private enum XMLCheck {
  static func isWellFormed(_ data: Data) -> Bool {
    var open: [Substring] = []
    for part in String(decoding: data, as: UTF8.self).split(separator: "<") {
      guard let end = part.firstIndex(of: ">") else { return false }
      let tag = part[..<end]
      guard tag.filter({ $0 == "\"" }).count % 2 == 0, !part[part.index(after: end)...].contains(">") else {
        return false
      }
      let name = tag.prefix { $0 != " " && $0 != "/" }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { return false }
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
    }
    return open.isEmpty
  }
}
