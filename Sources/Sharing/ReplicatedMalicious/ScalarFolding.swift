import CKernels

/// All products scalar by scalar as one polynomial claim: cut into 64 parts with the same weights in each, they become a 64th of
/// products over the Galois ring (`docs/protocols/replicated-malicious.md`, 5).
///
/// The polynomials through the parts have six variables. The values of their product at {0, 1, ∞}⁶ are computed once, of word
/// products; they are told, and points chosen, three variables at a time.
struct ScalarFolding {
  /// Variables that a level folds.
  static let variableCount = 3
  /// Values at {0, 1}³ and at {0, 1, ∞}³.
  static let partCount = 8
  static let tableCount = 27
  /// The values that are not those of parts are at these places of a table.
  static let others = PointTable.others(variables: variableCount)
  private static let corners = PointTable.corners(variables: variableCount)
  private static let allCorners = PointTable.corners(variables: 2 * variableCount)
  private static let allPartCount = partCount * partCount
  private static let allTableCount = tableCount * tableCount
  private static let blockCount = 32

  private let ledger: ProductLedger
  private let coin: CheckCoin
  /// Products of each part.
  let size: Int
  /// This party's summands of the products at {0, 1, ∞}⁶.
  private var table: [UInt64] = []
  /// The weighted sums of the results of each part.
  private var results: [GaloisShare] = []
  /// Where the first three variables were evaluated.
  private var points: [UInt64] = []
  private var claim = GaloisShare.zero

  init(_ ledger: ProductLedger, coin: CheckCoin) {
    self.ledger = ledger
    self.coin = coin
    size = (ledger.scalarCount + Self.allPartCount - 1) / Self.allPartCount
  }

  /// What the parts of the last three variables count in the first claim; the last one counts once.
  var counts: [UInt64] { coin.points(Self.partCount - 1, .parts) + [1] }

  /// This party's summands of the first claim's values that are not those of parts.
  mutating func firstSummands() -> [UInt64] {
    multiply()
    let words = GaloisElement.wordCount
    let counts = GaloisElement.coefficients(of: counts)
    return Self.others.flatMap { place -> [UInt64] in
      let values = Self.corners.flatMap { corner -> ArraySlice<UInt64> in
        let start = (place * Self.tableCount + corner) * words
        return table[start..<start + words]
      }
      var sum = [UInt64](repeating: 0, count: words)
      ck_galois_dot(Self.partCount, counts, values, &sum)
      return sum
    }
  }

  /// Evaluates the first three variables.
  mutating func fold(_ values: [GaloisShare], at points: [UInt64]) {
    let counts = counts.map { GaloisElement(point: $0) }
    var told = [GaloisShare](repeating: .zero, count: Self.tableCount)
    for (part, corner) in Self.corners.enumerated() {
      let parts = results[part * Self.partCount..<(part + 1) * Self.partCount]
      told[corner] = GaloisShare(
        first: GaloisElement.dot(counts, parts.map(\.first)), second: GaloisElement.dot(counts, parts.map(\.second)))
    }
    for (place, value) in zip(Self.others, values) { told[place] = value }
    claim = GaloisShare.value(told, at: points)
    self.points = points
    table = GaloisElement.evaluate(table, at: points)
  }

  /// Adds a claim on parts that count as these do.
  mutating func join(_ other: GaloisShare) { claim = claim + other }

  /// This party's summands of the second claim's values; that of the last part is what is left.
  ///
  /// - Parameter others: those of what has joined.
  func secondSummands(with others: [UInt64]) -> [UInt64] {
    let (words, last) = (GaloisElement.wordCount, Self.corners[Self.partCount - 1])
    var sums = table
    ck_u64_add(sums.count, table, others, &sums)
    return Array(sums[..<(last * words)] + sums[((last + 1) * words)...])
  }

  /// The claim at points of all variables.
  func claim(_ values: [GaloisShare], at points: [UInt64]) -> GaloisShare {
    let last = Self.corners[Self.partCount - 1]
    var told = Array(values[..<last]) + [claim] + values[last...]
    for (count, corner) in zip(counts, Self.corners) where corner != last {
      let element = GaloisElement(point: count)
      told[last] =
        told[last] - GaloisShare(first: element * told[corner].first, second: element * told[corner].second)
    }
    return GaloisShare.value(told, at: points)
  }

  /// The products at {0, 1, ∞}⁶, and the sums of results.
  private mutating func multiply() {
    let words = GaloisElement.wordCount
    table = [UInt64](repeating: 0, count: Self.allTableCount * words)
    var sums = (first: [UInt64](repeating: 0, count: Self.allPartCount * words), second: [UInt64]())
    sums.second = sums.first
    let room = Self.blockCount * Self.allTableCount
    let scratch = UnsafeMutablePointer<UInt64>.allocate(capacity: 5 * room + 2 * Self.allPartCount * Self.blockCount)
    defer { scratch.deallocate() }
    let vectors = (0..<4).map { scratch + $0 * room }
    let products = scratch + 4 * room
    let z = (products + room, products + room + Self.allPartCount * Self.blockCount)
    for start in stride(from: 0, to: size, by: Self.blockCount) {
      let count = min(Self.blockCount, size - start)
      for (part, corner) in Self.allCorners.enumerated() {
        let place = corner * count
        ledger.fill(
          ScalarTargets(
            x: (vectors[0] + place, vectors[1] + place), y: (vectors[2] + place, vectors[3] + place),
            z: (z.0 + part * count, z.1 + part * count)),
          from: part * size + start, count: count)
      }
      for vector in vectors { ck_galois_extend(2 * Self.variableCount, count, vector) }
      products.update(repeating: 0, count: Self.allTableCount * count)
      ck_rss_multiply(Self.allTableCount * count, vectors[0], vectors[1], vectors[2], vectors[3], products)
      let weights = coin.points(count, .scalars, from: start)
      ck_galois_sum_where(count, weights, products, 1, Self.allTableCount, count, &table)
      ck_galois_sum_where(count, weights, z.0, 1, Self.allPartCount, count, &sums.first)
      ck_galois_sum_where(count, weights, z.1, 1, Self.allPartCount, count, &sums.second)
    }
    results = zip(GaloisElement.elements(sums.first), GaloisElement.elements(sums.second)).map {
      GaloisShare(first: $0, second: $1)
    }
  }

  /// Writes the polynomials at points of all variables, the left one times the weights, as the first elements of vectors.
  func write(to vectors: GaloisVectors, at last: [UInt64]) {
    let words = GaloisElement.wordCount
    let weights = GaloisElement.partWeights(at: points + last).flatMap(\.words)
    let room = Self.blockCount * Self.allPartCount
    let scratchCount = ck_ring64_matmul_scratch(Self.blockCount, Self.allPartCount, words)
    let scratch = UnsafeMutablePointer<UInt64>.allocate(capacity: 4 * room + scratchCount)
    defer { scratch.deallocate() }
    let parts = (0..<4).map { scratch + $0 * room }
    for start in stride(from: 0, to: size, by: Self.blockCount) {
      let count = min(Self.blockCount, size - start)
      for part in 0..<Self.allPartCount {
        let place = part * count
        ledger.fill(
          ScalarTargets(x: (parts[0] + place, parts[1] + place), y: (parts[2] + place, parts[3] + place), z: nil),
          from: part * size + start, count: count)
      }
      ck_u64_add(Self.allPartCount * count, parts[2], parts[3], parts[3])
      for (part, target) in zip(parts, [vectors.x0, vectors.x1, vectors.y0, vectors.sum]) {
        ck_ring64_matmul(
          count, Self.allPartCount, words, part, count, true, weights, words, false, target + start * words, words,
          scratch + 4 * room)
      }
      let factors = coin.points(count, .scalars, from: start)
      ck_galois_scale(count, factors, vectors.x0 + start * words)
      ck_galois_scale(count, factors, vectors.x1 + start * words)
    }
  }
}
