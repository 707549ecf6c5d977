import Foundation
import TestSupport
import Testing

/// Shortened demos of the founding work, where the data sets are.
@Suite(.serialized, .enabled(if: PublishedModels.folder != nil, "the folder of data sets is not here; set TACIT_DATA"))
struct DemoTests {
  let tool: ToolTests
  let data: String

  init() throws {
    tool = try ToolTests()
    data = try #require(PublishedModels.folder).deletingLastPathComponent().path
  }

  /// The report of a demo, whose page must stand alone.
  private func report(_ name: String, _ arguments: [String] = []) throws -> [String: Any] {
    let run = try tool.tacit(["demo", name, "--data", data, "--json"] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    let folder = tool.folder.appendingPathComponent("runs/demo-\(name)")
    let page = try String(contentsOf: folder.appendingPathComponent("report.html"), encoding: .utf8)
    #expect(page.contains("<svg") && !page.contains("http"))
    let file = try Data(contentsOf: folder.appendingPathComponent("report.json"))
    #expect(try JSONSerialization.jsonObject(with: file) as? NSDictionary == run.json() as NSDictionary)
    return try run.json()
  }

  private func rows(_ report: [String: Any], table: Int = 0) throws -> [[String: Any]] {
    let tables = try #require(report["tables"] as? [[String: Any]])
    return try #require(tables[table]["rows"] as? [[String: Any]])
  }

  @Test func flowersUnderPaillier() throws {
    let report = try report("iris-paillier", ["--workers", "2", "--splits", "1"])
    let rows = try rows(report)
    #expect(rows.count == 6)
    // What is hidden adds up to what is open.
    let accuracies = rows.dropFirst().compactMap { $0["mean"] as? Double }
    #expect(Set(accuracies).count == 1 && (accuracies.first ?? 0) > 0.9)
    let sent = rows.dropFirst().compactMap { $0["bytesSent"] as? Int }
    #expect(sent.count == 5 && sent[0] < sent[1])
  }

  @Test func diabetesThreeWays() throws {
    let rows = try rows(try report("pima", ["--splits", "1"]))
    let accuracies = rows.compactMap { $0["mean"] as? Double }
    #expect(accuracies.count == 3 && accuracies.allSatisfy { $0 > 0.68 })
  }

  @Test func housePricesFourWaysAndWithNoise() throws {
    let report = try report("boston", ["--splits", "1"])
    let errors = try rows(report).compactMap { $0["mean"] as? Double }
    #expect(errors.count == 4 && errors.allSatisfy { $0 > 1 && $0 < 40 })
    // Workers do the same in memory and over sockets.
    #expect(errors[1] == errors[2])
    #expect(try rows(report, table: 1).count == 3)
    #expect(try rows(report, table: 2).count == 5)
  }

  @Test func partiesReadDigits() throws {
    let rows = try rows(try report("mnist-served"))
    #expect(rows.compactMap { $0["answer"] as? Int } == [7, 2, 1])
  }

  @Test func gradientsOfOneGiveHerAway() throws {
    let rows = try rows(try report("averaging", ["--workers", "20"]))
    let likeness = rows.compactMap { $0["mean"] as? Double }
    try #require(likeness.count == 6)
    #expect(likeness[0] > 0.999 && likeness[1] > 0.999)
    // Noise is like no image: a correlation of 784 pixels deviates by 0.036, and the best of 32 is looked for.
    #expect(abs(likeness[3]) < 0.2)
    // Masks cancel, so that the average is what it was in the open.
    #expect(abs(likeness[2] - likeness[4]) < 0.01)
  }

  @Test func partiesLearnDigitsTheyNeverSee() throws {
    let rows = try rows(
      try report("mnist-encrypted-training", ["--epochs", "1", "--units", "16", "--batch", "500"]))
    let accuracies = rows.compactMap { $0["mean"] as? Double }
    try #require(accuracies.count == 2)
    // Both settle in the same place; a handful of 10,000 images may fall on the other side.
    #expect(accuracies[0] > 0.85 && abs(accuracies[0] - accuracies[1]) < 0.01, "\(accuracies)")
    #expect(rows[1]["bytesSent"] as? Int ?? 0 > 0)
  }

  @Test func hiddenClientsTeachDigits() throws {
    let report = try report("geyer")
    let accuracies = try rows(report).compactMap { $0["mean"] as? Double }
    // Five runs of the same gave 0.81, deviation 0.005; without noise it is well above.
    #expect(accuracies.count == 2 && accuracies[0] > 0.77 && accuracies[1] > 0.8, "\(accuracies)")
    let goals = try #require(report["goals"] as? [[String: Any]])
    #expect(goals.count == 2 && goals[1]["isReached"] as? Bool == true)
  }

  @Test func workersTeachDigitsThatPartiesRead() throws {
    let report = try report("mnist-federated", ["--rounds", "2", "--queries", "300", "--target", "0.9"])
    let training = try #require(report["federation"] as? [String: Any])
    // LeNet-5 has 61,706 weights.
    #expect(training["parameters"] as? Int == 61_706 && training["network"] as? String == "lenet")
    let accuracies = try rows(report, table: 1).compactMap { $0["mean"] as? Double }
    #expect(accuracies.count == 2 && accuracies[0] == accuracies[1] && accuracies[1] > 0.7, "\(accuracies)")
    #expect(try rows(report, table: 1)[1]["bytesSent"] as? Int ?? 0 > 0)
    let goals = try #require(report["goals"] as? [[String: Any]])
    #expect(goals.count == 3 && goals.dropFirst().allSatisfy { $0["isReached"] as? Bool == true }, "\(goals)")
    let names = try #require(report["participants"] as? [[String: String]]).compactMap { $0["name"] }
    #expect(names == ["owner", "client", "alice", "bob", "crypto provider"])
    let chart = tool.folder.appendingPathComponent("runs/demo-mnist-federated/curves.svg")
    #expect(try String(contentsOf: chart, encoding: .utf8).contains("<polyline"))
  }

  @Test func badInputIsOneSentence() throws {
    let cases = [
      ["pima", "--data", "nowhere"], ["pima", "--data", data, "--splits", "0"],
      ["iris-paillier", "--data", data, "--workers", "1"], ["averaging", "--data", data, "--workers", "2"],
      ["mnist-served", "--data", data, "--model", data + "/iris/iris.csv"],
      ["boston", "--data", data, "--splits", "1001"], ["credit", "--splits", "0"],
      ["mnist-encrypted-training", "--data", data, "--epochs", "0"],
      ["mnist-encrypted-training", "--data", "nowhere"], ["geyer", "--data", data, "--clients", "99"],
      ["mnist-federated", "--data", data, "--queries", "-1"],
      ["mnist-federated", "--data", data, "--queries", "10001"],
      ["mnist-federated", "--data", data, "--target", "nan"],
      ["mnist-federated", "--data", data, "--network", "lenet5"],
    ]
    for arguments in cases {
      let run = try tool.tacit(["demo"] + arguments)
      #expect(run.status == 2 && run.output.isEmpty, "\(arguments)")
      #expect(run.errors.hasPrefix("tacit: ") && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }
}
