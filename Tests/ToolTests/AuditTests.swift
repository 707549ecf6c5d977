import Foundation
import TestSupport
import Testing

/// Attacks on recorded runs, by the program.
@Suite(.serialized) struct AuditTests {
  let tool: ToolTests

  init() throws { tool = try ToolTests() }

  /// Records a federated training of synthetic rows of two owners or more.
  private func record(_ aggregation: String) throws {
    let names = ["north", "south", "west"]
    for (number, name) in names.enumerated() {
      var rows = "a,b,c,d,e,f,label\n"
      for row in 0..<12 {
        let cells = (0..<6).map { String(((row + 3 * number) * 7919 + $0 * 104_729) % 97) }
        rows += cells.joined(separator: ",") + ",\(row % 2 == 0 ? "no" : "yes")\n"
      }
      try tool.write("\(name).csv", rows)
    }
    try tool.write(
      "\(aggregation).yaml",
      """
      model: {layers: [{dense: 64}, relu, {dense: 1}, sigmoid]}
      data: {target: label, test: 0.25, ranges: {a: [0, 97], b: [0, 97], c: [0, 97], d: [0, 97], e: [0, 97], f: [0, 97]}}
      training: {batch: 1, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.05}}, seed: 3}
      mode: federated
      federated:
        workers: [\(names.map { "{name: \($0), file: \($0).csv}" }.joined(separator: ", "))]
        rounds: 4
        transport: memory
        aggregation: \(aggregation)
      output: run-\(aggregation)
      """)
    let run = try tool.tacit(
      "train", "\(aggregation).yaml", "--record", "record-\(aggregation)", "--json")
    #expect(run.status == 0, "\(run.errors)")
  }

  private func figures(_ run: ToolTests.Run) throws -> [Double] {
    let figures = try #require(try run.json()["figures"] as? [[String: Any]])
    return figures.compactMap { ($0["interval"] as? [String: Any])?["value"] as? Double }
  }

  @Test func recordsAreAttacked() throws {
    try record("open")
    try record("masked")
    // Numbers in the open are no coins; masked words are.
    let open = try tool.tacit("audit", "shares", "record-open", "--json")
    #expect(open.status == 5, "\(open.errors)")
    let masked = try tool.tacit("audit", "shares", "record-masked", "--json")
    #expect(masked.status == 0, "\(masked.errors)")
    #expect(abs(try figures(masked)[0] - 0.5) < 0.02)

    let hidden = try tool.tacit("audit", "inversion", "record-masked", "--job", "masked.yaml", "--json")
    #expect(hidden.status == 0, "\(hidden.errors)")
    #expect(try figures(hidden)[0] == 0)
    let told = try tool.tacit("audit", "inversion", "record-open", "--job", "open.yaml", "--json")
    #expect(told.status == 0 || told.status == 5, "\(told.errors)")
    // Who has one row to train on gives it away.
    for (number, name) in zip(1..., ["north", "south", "west"]) {
      func row(_ first: Int, _ factors: [Int], _ fifth: Int, _ last: Int) -> String {
        let cells = factors.map { number * $0 % 97 }
        return ([first] + cells[..<3] + [fifth, cells[3], last]).map(String.init).joined(separator: ",")
      }
      let rows = [
        row(number, [37, 53, 11, 29], 90 - 7 * number, 5 * number),
        row(number + 50, [31, 59, 13, 23], 80 - 7 * number, 6 * number),
      ]
      try tool.write("\(name).csv", "a,b,c,d,e,f,y\n" + rows.joined(separator: "\n") + "\n")
    }
    try tool.write(
      "alone.yaml",
      try String(contentsOf: tool.folder.appendingPathComponent("open.yaml"), encoding: .utf8)
        .replacing("target: label, test: 0.25", with: "target: y, test: 0.5").replacing(", sigmoid", with: "")
        .replacing("{dense: 64}", with: "{dense: 16}").replacing("rounds: 4", with: "rounds: 1")
        .replacing("binaryCrossEntropy", with: "meanSquaredError"))
    #expect(try tool.tacit("train", "alone.yaml", "--record", "record-alone", "--json").status == 0)
    let alone = try tool.tacit("audit", "inversion", "record-alone", "--job", "alone.yaml", "--json")
    #expect(alone.status == 5)
    #expect(try figures(alone)[0] == 1)
    for name in ["shares", "inversion"] {
      let page = try String(
        contentsOf: tool.folder.appendingPathComponent("runs/audit-\(name)/report.html"), encoding: .utf8)
      #expect(page.contains("<svg") && !page.contains("http"))
    }
  }

  /// Three workers with one row each, of a class each: what one step tells of them.
  @Test func searchesFindRowsAndLabels() throws {
    var rows = (0..<20).map { "f\($0)" }.joined(separator: ",") + ",kind\n"
    for row in 0..<12 {
      rows += (0..<20).map { String((row * 7919 + $0 * 104_729 + row * $0 * 31) % 97) }.joined(separator: ",")
      rows += ",\(["a", "b", "c"][row % 3])\n"
    }
    try tool.write("twelve.csv", rows)
    for aggregation in ["open", "masked"] {
      try tool.write(
        "single-\(aggregation).yaml",
        """
        model: {layers: [{dense: 24}, tanh, {dense: 3}, softmax]}
        data: {file: twelve.csv, target: kind, test: 0.75}
        training: {batch: 4, loss: softmaxCrossEntropy, optimizer: {sgd: {learningRate: 0.05}}, seed: 3}
        mode: federated
        federated: {workers: 3, rounds: 4, transport: memory, aggregation: \(aggregation)}
        output: run-single
        """)
      let run = try tool.tacit("train", "single-\(aggregation).yaml", "--record", "single-\(aggregation)", "--json")
      #expect(run.status == 0, "\(run.errors)")
    }
    func audit(_ aggregation: String, _ method: String) throws -> ToolTests.Run {
      try tool.tacit(
        "audit", "inversion", "single-\(aggregation)", "--job", "single-\(aggregation).yaml", "--method", method,
        "--iterations", "400", "--json")
    }
    for method in ["idlg", "dlg", "geiping"] {
      let open = try audit("open", method)
      #expect(open.status == 5, "\(method): \(open.errors)")
      // Labels are told exactly; a search may end elsewhere.
      let found = try figures(open)
      #expect(found[0] >= (method == "idlg" ? 1 : 0.5), "\(method): \(found)")
      let masked = try audit("masked", method)
      #expect(masked.status == 0, "\(method): \(masked.errors)")
      #expect(try figures(masked)[0] < 0.8)
    }
    // What is not covered is said in a sentence.
    let job = try String(contentsOf: tool.folder.appendingPathComponent("single-open.yaml"), encoding: .utf8)
    for (old, new) in [
      ("workers: 3,", "workers: 3, localEpochs: 2,"), ("{sgd: {learningRate: 0.05}}", "{adam: {learningRate: 0.05}}"),
      ("tanh", "tanh, {dropout: 0.5}"), ("batch: 4", "batch: 4, schedule: cosine"),
    ] {
      try tool.write("other.yaml", job.replacing(old, with: new))
      let run = try tool.tacit("audit", "inversion", "single-open", "--job", "other.yaml", "--method", "dlg")
      #expect(run.status == 2 && run.errors.hasPrefix("tacit: "), "\(new): \(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains("analytic"), "\(run.errors)")
    }
  }

  @Test func answersTellOfClasses() throws {
    let run = try tool.tacit("audit", "model-inversion", "--steps", "40", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let found = try figures(run)
    // The trained model's answers lead to its classes, those of the untrained one nowhere.
    #expect(found.count == 6 && found[0] > 0.9 && found[1] > 0.2 && found[1] > found[2] + 0.2, "\(found)")
    #expect(abs(found[3]) < 0.35 && found[4] == 1 && found[5] == 0, "\(found)")
  }

  @Test func membersAreTold() throws {
    let run = try tool.tacit("audit", "membership", "--shadows", "4", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let report = try run.json()
    #expect(report["isSound"] as? Bool == true)
    let figures = try figures(run)
    // Right guesses by loss, and the area under the curve by likelihood: what was learned by heart shows. Chance deviates by 0.025.
    #expect(figures.count == 10 && figures[3] > 0.53 && figures[6] > 0.55, "\(figures)")
    #expect((report["charts"] as? [[String: Any]])?.count == 1)
  }

  @Test func canariesAreGuessed() throws {
    let run = try tool.tacit("audit", "canaries", "--canaries", "400", "--guesses", "80", "--steps", "4", "--json")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any], "\(run.errors)")
    let (correct, bound) = (try #require(report["correct"] as? Int), try #require(report["lowerBound"] as? Double))
    let isConsistent = bound <= (report["claimedEpsilon"] as? Double ?? 0)
    #expect(run.status == (isConsistent ? 0 : 5) && report["isConsistent"] as? Bool == isConsistent)
    let figure = try #require((report["figures"] as? [[String: Any]])?.first?["interval"] as? [String: Double])
    let (value, low, high) = (figure["value"] ?? -1, figure["low"] ?? 1, figure["high"] ?? 0)
    #expect(abs(value - Double(correct) / 80) < 1e-12 && low < value && value < high)
    #expect((report["charts"] as? [[String: Any]])?.count == 1)
    let page = try String(
      contentsOf: tool.folder.appendingPathComponent("runs/audit-canaries/report.html"), encoding: .utf8)
    #expect(page.contains("<svg"))
  }

  @Test func badInputIsOneSentence() throws {
    try tool.write("none.yaml", "model: 3\n")
    try FileManager.default.createDirectory(
      at: tool.folder.appendingPathComponent("empty"), withIntermediateDirectories: true)
    let cases = [
      ["membership", "nowhere.yaml"], ["membership", "none.yaml"], ["membership", "--shadows", "7"],
      ["membership", "--confidence", "2"], ["canaries", "--guesses", "1"], ["shares", "empty"], ["shares", "nowhere"],
      ["model-inversion", "nowhere.yaml"], ["model-inversion", "--steps", "0"],
      ["model-inversion", "--decimals", "99"],
      ["inversion", "empty", "--job", "none.yaml"], ["inversion", "empty", "--job", "nowhere.yaml"],
    ]
    for arguments in cases {
      let run = try tool.tacit(["audit"] + arguments)
      #expect(run.status == 2 && run.output.isEmpty, "\(arguments)")
      #expect(run.errors.hasPrefix("tacit: ") && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }
}
