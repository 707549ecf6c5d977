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

  @Test func badInputIsOneSentence() throws {
    try tool.write("none.yaml", "model: 3\n")
    try FileManager.default.createDirectory(
      at: tool.folder.appendingPathComponent("empty"), withIntermediateDirectories: true)
    let cases = [
      ["membership", "nowhere.yaml"], ["membership", "none.yaml"], ["membership", "--shadows", "7"],
      ["membership", "--confidence", "2"], ["shares", "empty"], ["shares", "nowhere"],
      ["inversion", "empty", "--job", "none.yaml"], ["inversion", "empty", "--job", "nowhere.yaml"],
    ]
    for arguments in cases {
      let run = try tool.tacit(["audit"] + arguments)
      #expect(run.status == 2 && run.output.isEmpty, "\(arguments)")
      #expect(run.errors.hasPrefix("tacit: ") && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }
}
