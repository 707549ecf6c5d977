import Arithmetic
import Coordination
import Datasets
import Federation
import Foundation
import Learning
import Testing

/// What a caller brings to a federation: a strategy of the server's own, and owners who are asked.
@Suite struct OwnersWordTests {
  private let folder: String
  private let table: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-word-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    table = folder + "/applications.csv"
    try CSV.write(SyntheticCredit.table(rows: 120), to: table)
  }

  private func text(strategy: String = "fedAvg", transport: String = "memory") -> String {
    """
    mode: federated
    model: {layers: [{dense: 4}, relu, {dense: 1}, sigmoid]}
    data: {file: '\(table)', target: A16, test: 0.2}
    training: {batch: 16, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 0.05}}, seed: 7}
    federated: {workers: 3, rounds: 2, strategy: \(strategy), aggregation: masked, transport: \(transport)}
    """
  }

  private func trainer(
    _ text: String, averaging: (any AveragingStrategy)? = nil, consents: [String: OwnersConsent] = [:]
  ) throws -> FederatedTrainer {
    try FederatedTrainer(
      text, folder: folder + "/" + UUID().uuidString, averaging: averaging,
      consents: consents)
  }

  /// Every update counts as much as any other, which fedAvg's workers do not know.
  private struct Uniform: AveragingStrategy {
    var weighting: Weighting { .uniform }
    func apply(
      _ average: Average, to current: [Float], state: inout ServerState
    ) throws(FederationError) -> [Float] { current }
  }

  /// The model stays where it is.
  private struct Still: AveragingStrategy {
    func apply(
      _ average: Average, to current: [Float], state: inout ServerState
    ) throws(FederationError) -> [Float] { current }
  }

  @Test func aServersOwnStrategyMovesTheModel() async throws {
    let usual = try await trainer(text()).run()
    let same = try await trainer(text(), averaging: FederatedAveraging()).run()
    #expect(same.model.weights == usual.model.weights)
    let still = try await trainer(text(), averaging: Still()).run()
    #expect(still.model.weights == still.model.description.initialWeights(seed: .init(seed: 7).child("weights")))
  }

  @Test func strategiesThatWorkersWouldContradictAreRefused() async throws {
    let uniform = try trainer(text(), averaging: Uniform())
    await #expect(throws: JobFailure.self) { try await uniform.run() }
    let processes = try trainer(text(transport: "tls"), averaging: Still())
    await #expect(throws: CoordinationError.self) { try await processes.run() }
    let nameless = try trainer(text(transport: "tls"))
    await #expect(throws: CoordinationError.self) { try await nameless.run() }
  }

  @Test func anOwnerWhoSaysNoTakesNoPart() async throws {
    let refused = try trainer(text(), consents: ["worker-2": { _ in false }])
    let failure = await #expect(throws: JobFailure.self) { try await refused.run() }
    #expect(failure?.reason.contains("worker-2: its owner did not agree") == true, "\(String(describing: failure))")
  }

  @Test func anOwnerIsAskedWhatTheJobWouldDo() async throws {
    let asked = Asked()
    let willing = try trainer(text(), consents: ["worker-1": { await asked.note($0) }])
    let report = try await willing.run().report
    let proposals = await asked.proposals
    #expect(report.rounds == 2 && proposals.count == 1)
    #expect(proposals.first?.job.federated?.aggregation == .masked && proposals.first?.coordinator == "coordinator")
  }

  private actor Asked {
    private(set) var proposals: [JobProposal] = []

    func note(_ proposal: JobProposal) -> Bool {
      proposals.append(proposal)
      return true
    }
  }
}
