import Federation

/// Sums over held-out rows of all workers, by which a model is judged without anybody seeing a worker's own figures.
struct Judgement: Codable, Hashable, Sendable {
  /// Rows, losses, rows that are right, squared errors.
  static let count = 4

  var sums = [Double](repeating: 0, count: count)

  init() {}

  init(sums: [Double]) { self.sums = sums }

  mutating func add(_ other: [Double]) {
    guard other.count == sums.count else { return }
    for index in sums.indices { sums[index] += other[index] }
  }

  /// Bounds of a worker's sums: its held-out rows are at most as many as all training rows, and four.
  static func segments(rows: Int) -> [HidingPlan.Segment] {
    let most = Double(max(4, rows))
    return [
      .init(what: "the number of held-out rows", count: 1, bound: most),
      .init(what: "the loss over held-out rows", count: 1, bound: most * largestLoss),
      .init(what: "the number of right answers", count: 1, bound: most),
      .init(what: "the squared error over held-out rows", count: 1, bound: most * largestLoss),
    ]
  }

  /// The bound of rows that a plan was made for, with sums over held-out rows at its end.
  static func rowBound(in plan: HidingPlan) -> Double? {
    guard let bound = plan.segments.suffix(count).first?.bound, (4...0x1p53).contains(bound), bound == bound.rounded()
    else { return nil }
    return bound
  }

  /// Of a row; a model that does worse has diverged.
  private static let largestLoss = 256.0

  /// Whether these can be a worker's own sums: rows and right ones are numbers of rows, and nothing overflows when all are added.
  static func isPlausible(_ sums: [Double]) -> Bool {
    sums.enumerated().allSatisfy { $0 % 2 == 0 ? (0...0x1p53).contains($1) : staysFinite($1) }
  }

  /// Whether the sum of as many such numbers as there can be workers is finite.
  static func staysFinite(_ number: Double) -> Bool { abs(number) < 0x1p990 }

  /// Held-out rows.
  var rows: Int { Self.rows(sums[0]) }

  /// A number of rows that was added up from what workers said.
  static func rows(_ sum: Double) -> Int { sum.isNaN ? 0 : Int(min(max(sum.rounded(), 0), 0x1p53)) }

  func metrics(isNumeric: Bool) -> RoundMetrics {
    var metrics = RoundMetrics()
    guard rows > 0 else { return metrics }
    metrics.loss = sums[1] / Double(rows)
    guard !isNumeric else {
      metrics.meanSquaredError = sums[3] / Double(rows)
      return metrics
    }
    // Hidden sums come in steps; these two count rows.
    metrics.accuracy = sums[2].rounded() / Double(rows)
    return metrics
  }
}

extension Judgement {
  /// A worker's sums as a hidden vector has them, a segment each.
  static func blocks(_ sums: [Double]) -> [HidingPlan.Block] { sums.map { .doubles([$0]) } }
}
