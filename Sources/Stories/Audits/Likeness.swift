import Learning

/// How like guesses are to records: Pearson's correlation, 0 where one is constant.
enum Likeness {
  /// The guess that is most like one of the records, as somebody finds it who knows them: the attacker can do no better.
  static func best(
    of guesses: [[Double]], records: [[Double]]
  ) -> (guess: [Double], record: [Double], likeness: Double) {
    let (left, right) = (guesses.map(normalised), records.map(normalised))
    var best = (guess: 0, record: 0, likeness: 0.0)
    for (guess, a) in left.enumerated() {
      for (record, b) in right.enumerated() {
        let product = dot(a, b)
        if product > best.likeness { best = (guess, record, product) }
      }
    }
    let empty = [Double](repeating: 0, count: records.first?.count ?? guesses.first?.count ?? 0)
    guard best.likeness > 0 else { return (empty, records.first ?? empty, 0) }
    return (guesses[best.guess], records[best.record], best.likeness)
  }

  /// Of two vectors of one length.
  static func correlation(_ a: [Double], _ b: [Double]) -> Double { dot(normalised(a), normalised(b)) }

  /// What the best of so many pairs of unrelated vectors exceeds with a probability of at most `level`; above 1 where they are too short
  /// for that.
  ///
  /// The square of their correlation is distributed as Beta(½, (n − 2) / 2).
  static func bar(length: Int, pairs: Int, level: Double) -> Double {
    guard length > 3 else { return 2 }
    var (low, high) = (0.0, 1.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      let tail = BetaDistribution.lowerTail((1 - middle) * (1 + middle), Double(length - 2) / 2, 0.5) / 2
      if tail * Double(pairs) > level { low = middle } else { high = middle }
    }
    return high
  }

  private static func normalised(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(max(values.count, 1))
    let length = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
    guard length > 0, length.isFinite else { return [Double](repeating: 0, count: values.count) }
    return values.map { ($0 - mean) / length }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var sum = 0.0
        for index in 0..<min(a.count, b.count) { sum += a[index] * b[index] }
        return sum
      }
    }
  }
}
