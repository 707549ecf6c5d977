import Foundation
import Learning
import Privacy
import Testing

/// The audit of DP-SGD by canaries, and of builds that are broken on purpose.
@Suite struct CanaryAuditTests {
  /// A sound build's bound is above its claim in at most one of 1000 runs by its own confidence, and in fact never: it takes
  /// 352 right guesses of 400, and the best strategy against such noise has about 270.
  @Test func aSoundBuildKeepsItsWord() throws {
    let report = try CanaryAudit().run()
    #expect(report.isConsistent)
    #expect(abs(report.claimedEpsilon - 2) < 0.01)
    #expect(try CanaryAudit(epsilon: 8).run().lowerBound > 1)
  }

  @Test(arguments: PrivateTrainer.InsecureFault.allCases) func brokenBuildsAreCaught(
    _ fault: PrivateTrainer.InsecureFault
  ) throws {
    let report = try CanaryAudit().run(fault: fault)
    #expect(!report.isConsistent, "\(fault): \(report)")
  }

  /// Oracle: the authors' code (SciPy 1.16), `get_eps_audit(m, r, v, delta, p)` of the paper's appendix D.
  @Test(arguments: Expected.all) func boundsAgreeWithTheAuthors(_ value: Expected) {
    let bound = CanaryBound(
      canaries: value.canaries, guesses: value.guesses, correct: value.correct, delta: value.delta)
    #expect(abs(bound.epsilon(confidence: 0.95) - value.epsilon) < 1e-5)
  }

  struct Expected: Sendable {
    let canaries, guesses, correct: Int
    let delta, epsilon: Double

    static let all = [
      Expected(canaries: 1000, guesses: 100, correct: 100, delta: 1e-05, epsilon: 3.4653763),
      Expected(canaries: 1000, guesses: 100, correct: 75, delta: 1e-05, epsilon: 0.6994668),
      Expected(canaries: 2000, guesses: 400, correct: 399, delta: 1e-05, epsilon: 4.3955223),
      Expected(canaries: 500, guesses: 500, correct: 260, delta: 0.0, epsilon: 0.0000000),
      Expected(canaries: 1000, guesses: 200, correct: 180, delta: 0.0001, epsilon: 1.7716147),
      Expected(canaries: 100, guesses: 10, correct: 9, delta: 1e-06, epsilon: 0.4295860),
      Expected(canaries: 20, guesses: 20, correct: 20, delta: 0.001, epsilon: 1.7593755),
    ]
  }
}
