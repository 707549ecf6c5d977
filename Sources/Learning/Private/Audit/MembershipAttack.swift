import Foundation

/// What an attack on membership achieved: scores of rows, larger for those it takes for members.
public struct MembershipAttack: Hashable, Sendable, Codable {
  public enum Kind: String, Hashable, Sendable, Codable {
    /// S. Yeom et al., *Privacy Risk in Machine Learning: Analyzing the Connection to Overfitting*, CSF 2018: a row whose loss
    /// is at most the mean loss of training is taken for a member.
    case lossThreshold
    /// N. Carlini et al., *Membership Inference Attacks From First Principles*, S&P 2022: a row of which the model is surer than
    /// models that never saw it.
    case offlineLiRA
  }

  /// Members found while so many of the others are taken for members.
  public struct Rate: Hashable, Sendable, Codable {
    public var falsePositives: ConfidenceInterval
    public var truePositives: ConfidenceInterval
  }

  public struct Point: Hashable, Sendable, Codable {
    public var falsePositiveRate: Double
    public var truePositiveRate: Double
  }

  public var kind: Kind
  public var areaUnderCurve: ConfidenceInterval
  /// The share of rows of which it says rightly whether they are members, at the threshold that the attack itself sets.
  public var accuracy: ConfidenceInterval
  public var rates: [Rate]
  /// From (0, 0) to (1, 1).
  public var curve: [Point]

  static let falsePositiveRates = [0.01, 0.1]

  /// - Parameters:
  ///   - threshold: of scores that are taken for members.
  ///   - isMember: some are and some are not.
  package init(_ kind: Kind, scores: [Double], isMember: [Bool], threshold: Double, confidence: Double) {
    self.kind = kind
    let members = zip(scores, isMember).filter(\.1).map(\.0)
    let others = zip(scores, isMember).filter { !$0.1 }.map(\.0).sorted(by: >)
    let right = members.count { $0 >= threshold } + others.count { $0 < threshold }
    accuracy = .share(right, of: scores.count, confidence: confidence)
    rates = Self.falsePositiveRates.map { rate in
      let allowed = Int(rate * Double(others.count))
      let bar = others[min(allowed, others.count - 1)]
      return Rate(
        falsePositives: .share(others.count { $0 > bar }, of: others.count, confidence: confidence),
        truePositives: .share(members.count { $0 > bar }, of: members.count, confidence: confidence))
    }
    let points = Self.curve(scores, isMember, members: members.count, others: others.count)
    curve = Self.thinned(points)
    areaUnderCurve = .area(Self.area(points), members: members.count, others: others.count, confidence: confidence)
  }

  /// The largest ε that the rates refute, 0 where they refute none: of a training that is (ε, δ)-private, no attack finds more than
  /// e^ε · false positives + δ of the members.
  ///
  /// - Source: P. Kairouz, S. Oh and P. Viswanath, *The Composition Theorem for Differential Privacy*, ICML 2015, theorem 2.1.
  func epsilonBound(delta: Double) -> Double {
    rates.map { rate in
      let found = rate.truePositives.low - delta
      return found > 0 && rate.falsePositives.high > 0 ? max(0, log(found / rate.falsePositives.high)) : 0
    }.max() ?? 0
  }

  private static func curve(_ scores: [Double], _ isMember: [Bool], members: Int, others: Int) -> [Point] {
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var points = [Point(falsePositiveRate: 0, truePositiveRate: 0)]
    var (found, mistaken) = (0, 0)
    for (place, row) in order.enumerated() {
      if isMember[row] { found += 1 } else { mistaken += 1 }
      // Equal scores are taken together.
      if place + 1 < order.count, scores[order[place + 1]] == scores[row] { continue }
      points.append(
        Point(falsePositiveRate: Double(mistaken) / Double(others), truePositiveRate: Double(found) / Double(members)))
    }
    return points
  }

  /// By trapezia.
  private static func area(_ points: [Point]) -> Double {
    zip(points, points.dropFirst()).reduce(0) { sum, pair in
      sum + (pair.1.falsePositiveRate - pair.0.falsePositiveRate)
        * (pair.1.truePositiveRate + pair.0.truePositiveRate) / 2
    }
  }

  /// As many as a picture shows: a point wherever a rate has grown by a fiftieth of itself or a four-hundredth of the whole.
  private static func thinned(_ points: [Point]) -> [Point] {
    var kept: [Point] = []
    for point in points {
      guard let last = kept.last else {
        kept.append(point)
        continue
      }
      let reach = max(last.falsePositiveRate * 0.02, point.falsePositiveRate < 0.01 ? 0 : 0.0025)
      if point.falsePositiveRate > last.falsePositiveRate + reach
        || point.truePositiveRate > last.truePositiveRate + 0.0025
      {
        kept.append(point)
      }
    }
    if let last = points.last, kept.last != last { kept.append(last) }
    return kept
  }
}
