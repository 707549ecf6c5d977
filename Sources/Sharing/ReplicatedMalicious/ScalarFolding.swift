import CKernels

/// All products scalar by scalar as one polynomial claim: cut into 16 parts with the same weights in each, they become a 16th of
/// products over the Galois ring (`docs/protocols/replicated-malicious.md`, 5).
struct ScalarFolding {
  /// Variables of the polynomials through the parts.
  static let variableCount = 4
  static let partCount = 16
  static let tableCount = 81
  private static let blockCount = 128

  private let ledger: ProductLedger
  private let coin: CheckCoin
  /// Products of each part.
  let size: Int
  /// The weighted sums of the results of each part.
  private var results: [GaloisShare]

  /// Where the values at 0 and 1 of all variables are in a table of those at 0, 1 and ∞.
  static let corners: [Int] = (0..<partCount).map { part in
    (0..<variableCount).reduce(0) { index, variable in
      3 * index + (part >> (variableCount - 1 - variable) & 1)
    }
  }

  /// The other values, each as the difference of two before it in the order.
  private static let differences: [(target: Int, one: Int, zero: Int)] = {
    var steps: [(target: Int, one: Int, zero: Int)] = []
    var unit = tableCount / 3
    for _ in 0..<variableCount {
      for index in 0..<tableCount where index / unit % 3 == 2 {
        // Variables that come later are still 0 or 1.
        var (rest, isEarly) = (index % unit, true)
        while rest > 0 {
          if rest % 3 == 2 { isEarly = false }
          rest /= 3
        }
        if isEarly { steps.append((index, index - unit, index - 2 * unit)) }
      }
      unit /= 3
    }
    return steps
  }()

  init(_ ledger: ProductLedger, coin: CheckCoin) {
    self.ledger = ledger
    self.coin = coin
    size = (ledger.scalarCount + Self.partCount - 1) / Self.partCount
    results = []
  }

  /// This party's summands of the values that are not those of a part.
  mutating func summands() -> [UInt64] {
    let words = GaloisElement.wordCount
    var sums = [UInt64](repeating: 0, count: Self.tableCount * words)
    var parts = (first: [UInt64](repeating: 0, count: Self.partCount * words), second: [UInt64]())
    parts.second = parts.first
    let room = Self.blockCount * Self.tableCount
    let scratch = UnsafeMutablePointer<UInt64>.allocate(capacity: 5 * room + 2 * Self.partCount * Self.blockCount)
    defer { scratch.deallocate() }
    let vectors = (0..<4).map { scratch + $0 * room }
    let products = scratch + 4 * room
    let z = (products + room, products + room + Self.partCount * Self.blockCount)
    for start in stride(from: 0, to: size, by: Self.blockCount) {
      let count = min(Self.blockCount, size - start)
      for (part, corner) in Self.corners.enumerated() {
        let place = corner * count
        ledger.fill(
          ScalarTargets(
            x: (vectors[0] + place, vectors[1] + place), y: (vectors[2] + place, vectors[3] + place),
            z: (z.0 + part * count, z.1 + part * count)),
          from: part * size + start, count: count)
      }
      for step in Self.differences {
        for vector in vectors {
          ck_u64_sub(count, vector + step.one * count, vector + step.zero * count, vector + step.target * count)
        }
      }
      products.update(repeating: 0, count: Self.tableCount * count)
      ck_rss_multiply(Self.tableCount * count, vectors[0], vectors[1], vectors[2], vectors[3], products)
      let weights = coin.points(count, .scalars, from: start)
      ck_galois_sum_where(count, weights, products, 1, Self.tableCount, count, &sums)
      ck_galois_sum_where(count, weights, z.0, 1, Self.partCount, count, &parts.first)
      ck_galois_sum_where(count, weights, z.1, 1, Self.partCount, count, &parts.second)
    }
    results = zip(GaloisElement.elements(parts.first), GaloisElement.elements(parts.second)).map {
      GaloisShare(first: $0, second: $1)
    }
    let isCorner = Set(Self.corners)
    return (0..<Self.tableCount).filter { !isCorner.contains($0) }.flatMap { sums[$0 * words..<($0 + 1) * words] }
  }

  /// The claim at the points, from shares of the values that are not those of a part.
  func claim(_ values: [GaloisShare], at points: [UInt64]) -> GaloisShare {
    var table = [GaloisShare](repeating: .zero, count: Self.tableCount)
    var others = values[...]
    let places = Dictionary(uniqueKeysWithValues: Self.corners.enumerated().map { ($0.element, $0.offset) })
    for index in table.indices {
      if let part = places[index] { table[index] = results[part] } else { table[index] = others.removeFirst() }
    }
    return GaloisShare.value(table, at: points)
  }

  /// Writes the polynomials at the points, the left one times the weights, as the first elements of vectors.
  func write(to vectors: GaloisVectors, at points: [UInt64]) {
    let words = GaloisElement.wordCount
    let weights = Self.weights(at: points)
    let room = Self.blockCount * Self.partCount
    let scratchCount = ck_ring64_matmul_scratch(Self.blockCount, Self.partCount, words)
    let scratch = UnsafeMutablePointer<UInt64>.allocate(capacity: 4 * room + scratchCount)
    defer { scratch.deallocate() }
    let parts = (0..<4).map { scratch + $0 * room }
    for start in stride(from: 0, to: size, by: Self.blockCount) {
      let count = min(Self.blockCount, size - start)
      for part in 0..<Self.partCount {
        let place = part * count
        ledger.fill(
          ScalarTargets(x: (parts[0] + place, parts[1] + place), y: (parts[2] + place, parts[3] + place), z: nil),
          from: part * size + start, count: count)
      }
      ck_u64_add(Self.partCount * count, parts[2], parts[3], parts[3])
      for (part, target) in zip(parts, [vectors.x0, vectors.x1, vectors.y0, vectors.sum]) {
        ck_ring64_matmul(
          count, Self.partCount, words, part, count, true, weights, words, false, target + start * words, words,
          scratch + 4 * room)
      }
      let factors = coin.points(count, .scalars, from: start)
      ck_galois_scale(count, factors, vectors.x0 + start * words)
      ck_galois_scale(count, factors, vectors.x1 + start * words)
    }
  }

  /// What each part counts in the value at points: products of ρ and 1 − ρ.
  private static func weights(at points: [UInt64]) -> [UInt64] {
    points.reduce([GaloisElement(point: 1)]) { weights, point in
      let element = GaloisElement(point: point)
      return weights.flatMap { weight -> [GaloisElement] in
        let one = weight * element
        return [weight - one, one]
      }
    }.flatMap(\.words)
  }
}
