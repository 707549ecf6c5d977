import Foundation
import Testing

/// Shortened demos on made-up sets, which every clone can run.
@Suite(.serialized) struct MadeUpDemoTests {
  let tool: ToolTests
  var sets: MadeUpSets

  init() throws {
    tool = try ToolTests()
    sets = MadeUpSets(in: tool.folder.appendingPathComponent("data"))
  }

  /// The figures of a demo's first table.
  private func means(_ name: String, _ arguments: String...) throws -> [Double] {
    let tables = try #require(try report(name, arguments)["tables"] as? [[String: Any]])
    return try #require(tables[0]["rows"] as? [[String: Any]]).compactMap { $0["mean"] as? Double }
  }

  private func report(_ name: String, _ arguments: [String]) throws -> [String: Any] {
    let run = try tool.tacit(["demo", name, "--data", "data", "--json"] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    let page = try String(
      contentsOf: tool.folder.appendingPathComponent("runs/demo-\(name)/report.html"), encoding: .utf8)
    #expect(page.contains("<svg") && !page.contains("http"))
    return try run.json()
  }

  @Test mutating func flowersUnderPaillier() throws {
    try sets.iris()
    let accuracies = try means("iris-paillier", "--workers", "2", "--splits", "1").dropFirst()
    // What is hidden adds up to what is open.
    #expect(Set(accuracies).count == 1 && accuracies.first ?? 0 > 0.8, "\(accuracies)")
  }

  @Test mutating func diabetesThreeWays() throws {
    try sets.pima()
    let accuracies = try means("pima", "--splits", "1")
    #expect(accuracies.count == 3 && accuracies.allSatisfy { $0 > 0.8 }, "\(accuracies)")
  }

  @Test mutating func digits() throws {
    try sets.digits(train: 800, test: 200)
    let likeness = try means("averaging", "--workers", "20")
    try #require(likeness.count == 6)
    // In turn and at the trusted aggregator an image comes back; masked words are like none.
    #expect(likeness[0] > 0.999 && likeness[1] > 0.999 && abs(likeness[3]) < 0.2, "\(likeness)")

    let onShares = try means("mnist-encrypted-training", "--epochs", "2", "--units", "16", "--batch", "50")
    #expect(onShares.count == 2 && onShares.allSatisfy { $0 > 0.8 }, "\(onShares)")

    let federated = try report(
      "mnist-federated",
      [
        "--network", "2nn", "--workers", "10", "--cohort", "0.5", "--rounds", "3", "--local-epochs", "1",
        "--learning-rate", "0.1", "--initial", "byLayer", "--queries", "20",
      ])
    let training = try #require(federated["federation"] as? [String: Any])
    #expect(training["accuracy"] as? Double ?? 0 > 0.8)
    // The labels are those in the clear; accuracy is no goal of such a training.
    let goals = try #require(federated["goals"] as? [[String: Any]])
    #expect(goals.count == 2 && goals.allSatisfy { $0["isReached"] as? Bool == true }, "\(goals)")
  }
}
