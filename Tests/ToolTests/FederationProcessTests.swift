import Arithmetic
import Foundation
import Tacit
import Testing

/// Federations of real processes whose members are killed and cut off. All three workers contribute to every round that counts, and
/// sums are exact, so the model is to the bit that of a run that nobody disturbed.
extension ToolTests {
  private static let masked = "aggregation: masked, deadlineSeconds: 20"
  private static let stages = ["stage0", "stage1", "stage2", "stage3", "stage4"]

  /// A coordinator is killed and started again after it saw the first answer of each stage of a masked round, one stage a round; then
  /// a worker is; a whole run each.
  @Test(arguments: [true, false]) func aKillInAnyStageChangesNothing(ofTheCoordinator: Bool) async throws {
    let expected = try await undisturbed(rounds: 12, Self.masked)
    let federation = try await ProcessFederation(self, rounds: 12, options: Self.masked)
    for (index, stage) in Self.stages.enumerated() {
      try await federation.wait(for: stage, of: 2 * index + 1)
      if ofTheCoordinator {
        try federation.killCoordinator()
        try federation.startCoordinator()
      } else {
        try federation.replaceWorker(index % 3)
      }
    }
    let run = try await federation.finish()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try federation.weights() == expected)
    let listed = try tacit("coordinator", "jobs", "--state", "run.sqlite", "--json").json()
    let jobs = try #require(listed["jobs"] as? [[String: Any]])
    #expect(jobs.map { $0["status"] as? String } == ["done"] && jobs.first?["rounds"] as? Int == 12)
  }

  /// Four faults at random rounds: workers and coordinators that are killed or stand still, and workers that are cut
  /// off for a while.
  @Test(arguments: 1...24) func aRandomScheduleOfFaultsChangesNothing(seed: Int) async throws {
    let aggregation = seed % 2 == 0 ? Self.masked : "aggregation: open, deadlineSeconds: 20"
    let expected = try await undisturbed(rounds: 8, aggregation)
    let federation = try await ProcessFederation(self, rounds: 8, options: aggregation)
    var random = SeedTree(seed: UInt64(seed)).child("faults").generator()
    func draw(_ count: Int) -> Int { Int(random.uniform() * Double(count)) }
    for round in (0..<4).map({ _ in draw(8) }).sorted() {
      try await federation.wait(forRounds: round)
      try await Task.sleep(for: .milliseconds(draw(20)))
      switch draw(5) {
      case 0:
        try federation.killCoordinator()
        try await Task.sleep(for: .milliseconds(draw(200)))
        try federation.startCoordinator()
      case 1: try federation.replaceWorker(draw(3))
      case 2: try await federation.pause(draw(3), for: .milliseconds(draw(500)))
      case 3: try await federation.cut(draw(3), for: .milliseconds(draw(500)))
      default: try await federation.pause(nil, for: .milliseconds(draw(500)))
      }
    }
    let run = try await federation.finish()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try federation.weights() == expected)
  }

  /// The weights of the same job in peace; each kind runs once.
  private func undisturbed(rounds: Int, _ options: String) async throws -> [Tensor<Float>] {
    try await Self.peace.value(of: "\(rounds) \(options)") {
      let federation = try await ProcessFederation(try ToolTests(), rounds: rounds, options: options)
      let run = try await federation.finish()
      #expect(run.status == 0, "\(run.errors)")
      return try federation.weights()
    }
  }

  private static let peace = Once()

  /// Values that are made once and kept.
  private actor Once {
    private var known: [String: [Tensor<Float>]] = [:]

    func value(of key: String, _ make: () async throws -> [Tensor<Float>]) async throws -> [Tensor<Float>] {
      if let value = known[key] { return value }
      let value = try await make()
      known[key] = value
      return value
    }
  }
}
