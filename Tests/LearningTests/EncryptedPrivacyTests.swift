import Learning
import Privacy
import Testing

/// `privacy:` of encrypted jobs.
@Suite struct EncryptedPrivacyTests {
  private func job(_ privacy: String, reveal: String = "[model]", epochs: Int = 10, extra: String = "") throws -> Job {
    try Job.parse(
      """
      model: {layers: [{dense: 1}, sigmoid]}
      data: {target: answer, ranges: {a: [0, 1]}, categories: {answer: [l, h]}}
      training: {epochs: \(epochs), batch: 50, loss: binaryCrossEntropy, optimizer: {sgd: {learningRate: 2}}, seed: 3}
      mode: encrypted
      encrypted: {owners: [{file: a.csv}, {file: b.csv}], reveal: \(reveal)}
      privacy: {\(privacy)}
      \(extra)
      """)
  }

  /// Each row takes part in one step of every epoch: as many Gaussian mechanisms, whose ε is the accountant's own. Both
  /// accountants, to a relative 1e-4, the grid of the distribution of losses.
  @Test(arguments: ["pld", "rdp"], [1, 10]) func isAccountedAsSoManySteps(accountant: String, epochs: Int) throws {
    let job = try job(
      "unit: example, clip: 0.5, noiseMultiplier: 2, delta: 1e-5, accountant: \(accountant)", epochs: epochs)
    let privacy = try #require(try EncryptedPrivacy(job))
    let steps = PrivacyEvent.repeated(.gaussian(noiseMultiplier: privacy.stepMultiplier), count: epochs)
    let kind = try #require(AccountantKind(rawValue: accountant))
    let expected = try kind.accountant(neighbours: .zeroOutOne).epsilon(of: steps, delta: 1e-5)
    let report = try privacy.report(steps: 70)
    #expect(abs(report.epsilon - expected) < 1e-4 * expected)
    #expect(report.epsilons.count == epochs && report.steps == 70 && report.noiseMultiplier == 2)
    #expect(report.neighbours == .zeroOutOne && report.samplingRate == 1 && report.clips == [0.5])
  }

  @Test func calibratesToATarget() throws {
    let privacy = try #require(
      try EncryptedPrivacy(job("unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5")))
    let report = try privacy.report(steps: 1)
    #expect(report.epsilon <= 2 && report.epsilon > 1.99)
  }

  @Test(arguments: [
    "unit: local, targetEpsilon: 2, delta: 1e-5", "unit: client, clip: 1, targetEpsilon: 2, delta: 1e-5",
    "unit: example, clip: {perLayer: 1}, targetEpsilon: 2, delta: 1e-5",
    "unit: example, clip: {adaptive: {norm: 1}}, targetEpsilon: 2, delta: 1e-5",
    "unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5, method: gradients",
    "unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5, method: statistics",
    "unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5, method: ftrl, band: 2",
    "unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5, sampler: exact",
    "unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5, physicalBatch: 5",
    "unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5, average: 0.9",
  ])
  func refuses(privacy: String) {
    #expect(throws: JobError.self) { try job(privacy) }
  }

  @Test func refusesALossThatNothingHides() throws {
    #expect(throws: JobError.self) {
      try job("unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5", reveal: "[loss, model]")
    }
    let said = try job("unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5, method: ftrl, band: 1")
    #expect(said.privacy == (try job("unit: example, clip: 1, targetEpsilon: 2, delta: 1e-5")).privacy)
  }
}
