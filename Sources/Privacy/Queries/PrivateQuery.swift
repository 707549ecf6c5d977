/// A question about one column of a table, answered with noise: central differential privacy, for neighbours that add or
/// remove one row.
public enum PrivateQuery: Hashable, Sendable {
  /// How many rows have a value.
  case count
  /// The sum of values, each moved into a range that is public.
  case sum(in: ClosedRange<Double>)
  /// The mean of values, each moved into a range that is public: half of the budget for their sum, half for their count.
  case mean(in: ClosedRange<Double>)
  /// How many values lie in each of `bins` equal parts of a public range.
  case histogram(in: ClosedRange<Double>, bins: Int)
  /// How many cells are equal to each of these words; cells with other words are left out.
  case categories([String])
  /// A value below which about `share` of all values lie, chosen among `candidates` of equal distance in a public range.
  case quantile(Double, in: ClosedRange<Double>, candidates: Int)
}

/// Which noise an answer gets.
public enum QueryNoise: Hashable, Sendable {
  case laplace(epsilon: Double)
  case gaussian(epsilon: Double, delta: Double)
}

/// A query with its mechanism: what it will release is known before any data are read, so that a ledger can be asked first.
public struct PreparedQuery: Sendable {
  public let query: PrivateQuery
  /// What an answer releases.
  public let event: PrivacyEvent
  private let noises: [ValueNoise]
  private let choice: ExponentialMechanism?

  /// - Throws: ``MechanismError`` or ``AccountingError`` for parameters that make no query.
  public init(_ query: PrivateQuery, noise: QueryNoise) throws {
    try query.check()
    self.query = query
    switch query {
    case .count, .categories, .histogram: (noises, choice) = ([try ValueNoise(noise, whole: 1)], nil)
    case .sum(let range):
      (noises, choice) = ([try ValueNoise(noise, sensitivity: max(abs(range.lowerBound), abs(range.upperBound)))], nil)
    case .mean(let range):
      let half = noise.halved
      let width = (range.upperBound - range.lowerBound) / 2
      (noises, choice) = ([try ValueNoise(half, sensitivity: width), try ValueNoise(half, whole: 1)], nil)
    case .quantile(let share, _, _):
      guard case .laplace(let epsilon) = noise else {
        throw MechanismError.invalid(
          what: "a quantile's noise", given: "Gaussian", expected: "left to its own mechanism: give ε without δ")
      }
      let (below, above) = PrivateQuery.parts(share)
      choice = try ExponentialMechanism(epsilon: Ratio(atMost: epsilon, what: "ε"), sensitivity: max(below, above))
      noises = []
    }
    event = choice.map(\.event) ?? .composed(noises.map(\.event))
  }

  /// The answer to `count` or to a list of cells; one number, or one for each bin.
  ///
  /// - Parameter cells: the column; nil where a row has no value. Cells that are no numbers have none for questions of numbers.
  public func answer(_ cells: [String?], bits: SecureBits = SecureBits()) throws(MechanismError) -> [Double] {
    let numbers = cells.compactMap { $0.flatMap(Double.init) }.filter { $0.isFinite }
    switch query {
    case .count: return [try noises[0].release(Double(cells.count { $0 != nil }), bits)]
    case .sum(let range): return [try noises[0].release(sum: numbers.map(range.clamped), bits)]
    case .mean(let range):
      let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
      let sum = try noises[0].release(sum: numbers.map { range.clamped($0) - middle }, bits)
      let count = try noises[1].release(Double(numbers.count), bits)
      return [range.clamped(middle + sum / max(1, count))]
    case .histogram(let range, let bins):
      var counts = [Double](repeating: 0, count: bins)
      for number in numbers { counts[range.bin(of: number, bins)] += 1 }
      return try noises[0].releases(counts, bits)
    case .categories(let words):
      let counts = words.map { word in Double(cells.count { $0 == word }) }
      return try noises[0].releases(counts, bits)
    case .quantile(let share, let range, let candidates):
      return [quantile(numbers.map(range.clamped).sorted(), share, range, candidates, bits)]
    }
  }

  private func quantile(
    _ sorted: [Double], _ share: Double, _ range: ClosedRange<Double>, _ candidates: Int, _ bits: SecureBits
  ) -> Double {
    let (below, above) = PrivateQuery.parts(share)
    var place = 0
    var (values, scores) = ([Double](), [Int]())
    for index in 0..<candidates {
      let value =
        range.lowerBound + (range.upperBound - range.lowerBound) * Double(index) / Double(max(1, candidates - 1))
      while place < sorted.count, sorted[place] < value { place += 1 }
      values.append(value)
      // A row on the left should weigh 1 − share, one on the right share: at the quantile both sides balance.
      scores.append(-abs(above * place - below * (sorted.count - place)))
    }
    return values[choice?.choice(scores: scores, bits: bits) ?? 0]
  }
}

extension PrivateQuery {
  /// The share and its complement in thousandths.
  static func parts(_ share: Double) -> (below: Int, above: Int) {
    let below = Int((share * 1000).rounded())
    return (below, 1000 - below)
  }

  fileprivate func check() throws(MechanismError) {
    switch self {
    case .count: return
    case .sum(let range), .mean(let range): try Self.check(range)
    case .histogram(let range, let bins):
      try Self.check(range)
      guard (1...10_000).contains(bins) else {
        throw .invalid(what: "the number of bins", given: "\(bins)", expected: "in 1...10000")
      }
    case .categories(let words):
      guard !words.isEmpty, Set(words).count == words.count else {
        throw .invalid(what: "the list of words", given: "\(words)", expected: "at least one, and each once")
      }
    case .quantile(let share, let range, let candidates):
      try Self.check(range)
      guard share >= 0, share <= 1, (2...100_000).contains(candidates) else {
        throw .invalid(
          what: "the quantile and its candidates", given: "\(share) of \(candidates)",
          expected: "a share in 0...1 of 2...100000 candidates")
      }
    }
  }

  private static func check(_ range: ClosedRange<Double>) throws(MechanismError) {
    guard range.lowerBound < range.upperBound, (range.upperBound - range.lowerBound).isFinite else {
      throw .invalid(what: "the range", given: "\(range)", expected: "one of two different finite ends")
    }
  }
}

extension ClosedRange<Double> {
  fileprivate func clamped(_ value: Double) -> Double { Swift.min(Swift.max(value, lowerBound), upperBound) }

  fileprivate func bin(of value: Double, _ bins: Int) -> Int {
    let share = (clamped(value) - lowerBound) / (upperBound - lowerBound)
    return Swift.min(bins - 1, Int(share * Double(bins)))
  }
}

extension QueryNoise {
  /// Two of these compose to at most the whole, for any accountant.
  fileprivate var halved: QueryNoise {
    switch self {
    case .laplace(let epsilon): .laplace(epsilon: epsilon / 2)
    case .gaussian(let epsilon, let delta): .gaussian(epsilon: epsilon / 2, delta: delta / 2)
    }
  }
}
