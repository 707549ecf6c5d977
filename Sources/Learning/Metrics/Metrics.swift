import Foundation
public import Tensors

/// How good predictions are, computed in double precision.
public enum Metrics {
  /// The share of rows whose probability lies on the side of 0.5 where the target, 0 or 1, is.
  public static func binaryAccuracy(probabilities: [Float], targets: [Float]) -> Double {
    precondition(probabilities.count == targets.count, "\(probabilities.count) predictions, \(targets.count) targets")
    return share(probabilities.indices) { (probabilities[$0] >= 0.5) == (targets[$0] >= 0.5) }
  }

  /// The share of rows `[rows, classes]` whose largest score is at the class given; the first of equal scores counts.
  public static func accuracy(scores: Tensor<Float>, classes: [Int]) -> Double {
    precondition(
      scores.shape.rank == 2 && scores.shape[0] == classes.count,
      "scores of shape \(scores.shape), \(classes.count) classes")
    let width = scores.shape[1]
    return scores.scalars.withUnsafeBufferPointer { scores in
      share(classes.indices) { row in
        let line = scores[(row * width)..<((row + 1) * width)]
        return line.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) }
          .map { $0 - line.startIndex } == classes[row]
      }
    }
  }

  /// The area under the receiver operating characteristic: the chance that a positive row scores higher than a negative
  /// one, ties counting half (Mann–Whitney). `nil` where one of the two classes has no rows.
  public static func areaUnderCurve(scores: [Float], targets: [Float]) -> Double? {
    precondition(scores.count == targets.count, "\(scores.count) scores, \(targets.count) targets")
    let order = scores.indices.sorted { scores[$0] < scores[$1] }
    let positives = Double(targets.count { $0 >= 0.5 })
    let negatives = Double(targets.count) - positives
    guard positives > 0, negatives > 0 else { return nil }
    var rankSum = 0.0
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
      // Equal scores share the mean of their ranks, which are from 1.
      let rank = Double(start + 1 + end) / 2
      rankSum += rank * Double(order[start..<end].count { targets[$0] >= 0.5 })
      start = end
    }
    return (rankSum - positives * (positives + 1) / 2) / (positives * negatives)
  }

  /// The mean of `−ln p` of what happened, probabilities kept within [ε, 1 − ε] with ε = 10⁻⁷.
  public static func logLoss(probabilities: [Float], targets: [Float]) -> Double {
    precondition(probabilities.count == targets.count, "\(probabilities.count) predictions, \(targets.count) targets")
    return mean(probabilities.indices) { index in
      let p = min(max(Double(probabilities[index]), 1e-7), 1 - 1e-7)
      return -log(targets[index] >= 0.5 ? p : 1 - p)
    }
  }

  /// The mean of the squared differences.
  public static func meanSquaredError(_ predictions: [Double], _ targets: [Double]) -> Double {
    precondition(predictions.count == targets.count, "\(predictions.count) predictions, \(targets.count) targets")
    return mean(predictions.indices) { (predictions[$0] - targets[$0]) * (predictions[$0] - targets[$0]) }
  }

  /// The share of the targets' variance that is explained; `nil` where they do not vary.
  public static func rSquared(_ predictions: [Double], _ targets: [Double]) -> Double? {
    let centre = mean(targets.indices) { targets[$0] }
    let variance = mean(targets.indices) { (targets[$0] - centre) * (targets[$0] - centre) }
    guard variance > 0 else { return nil }
    return 1 - meanSquaredError(predictions, targets) / variance
  }

  private static func share(_ rows: Range<Int>, _ holds: (Int) -> Bool) -> Double {
    mean(rows) { holds($0) ? 1 : 0 }
  }

  private static func mean(_ rows: Range<Int>, _ value: (Int) -> Double) -> Double {
    rows.isEmpty ? 0 : rows.reduce(0) { $0 + value($1) } / Double(rows.count)
  }
}
