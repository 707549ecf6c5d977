import Arithmetic
import Foundation
import Learning
import Tensors
import Testing

@Suite struct MetricsTests {
  @Test func accuracies() {
    #expect(Metrics.binaryAccuracy(probabilities: [0.9, 0.4, 0.5, 0.1], targets: [1, 1, 1, 0]) == 0.75)
    let scores = Tensor<Float>(shape: [3, 3], scalars: [0, 2, 1, 5, 5, 1, -3, -2, -1])
    #expect(Metrics.accuracy(scores: scores, classes: [1, 0, 2]) == 1)
    #expect(Metrics.accuracy(scores: scores, classes: [1, 1, 0]) == 1.0 / 3)
  }

  /// The definition: pairs of a positive and a negative row, ties counting half.
  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func areaUnderCurve(seed: UInt64) throws {
    var random = SeedTree(seed: seed).generator()
    let scores = (0..<60).map { _ in Float(Int(random.uniform() * 12)) }
    let targets = (0..<60).map { _ in Float(random.uniform() < 0.3 ? 1 : 0) }
    var (sum, pairs) = (0.0, 0.0)
    for i in 0..<60 where targets[i] == 1 {
      for j in 0..<60 where targets[j] == 0 {
        sum += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0
        pairs += 1
      }
    }
    let found = try #require(Metrics.areaUnderCurve(scores: scores, targets: targets))
    #expect(abs(found - sum / pairs) < 1e-12)
    #expect(Metrics.areaUnderCurve(scores: scores, targets: targets.map { _ in 1 }) == nil)
  }

  @Test func errorsOfNumbers() {
    #expect(Metrics.meanSquaredError([1, 2, 3], [1, 4, 0]) == 13.0 / 3)
    #expect(Metrics.rSquared([1, 2, 3], [1, 2, 3]) == 1)
    #expect(Metrics.rSquared([2, 2, 2], [1, 2, 3]) == 0)
    #expect(Metrics.rSquared([2, 2], [1, 1]) == nil)
    let loss = Metrics.logLoss(probabilities: [0.8, 0.25], targets: [1, 0])
    #expect(abs(loss + (log(0.8) + log(0.75)) / 2) < 1e-7)
    #expect(Metrics.logLoss(probabilities: [0], targets: [1]).isFinite)
  }
}
