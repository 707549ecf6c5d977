import CKernels
import Tensors

/// All products scalar by scalar as one polynomial claim: those of each operation are cut into 64 parts with the same weights in each, so
/// that they become a 64th of products over the Galois ring (`docs/protocols/replicated-malicious.md`, 5).
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
  private static let allPartCount = partCount * partCount
  private static let allTableCount = tableCount * tableCount

  private let scalars: [KeptScalars]
  private let coin: CheckCoin
  /// Products of each part.
  let size: Int
  private let weights: [UInt64]
  /// This party's summands of the products at {0, 1, ∞}⁶.
  private var table: [UInt64] = []
  /// The weighted sums of the results of each part: words of elements.
  private var results = (first: [UInt64](), second: [UInt64]())
  /// Where the first three variables were evaluated.
  private var points: [UInt64] = []
  private var claim = GaloisShare.zero

  init(_ ledger: ProductLedger, coin: CheckCoin) {
    scalars = ledger.scalars
    self.coin = coin
    size = ledger.scalarSize
    weights = coin.points(size, .scalars)
  }

  /// What the parts of the last three variables count in the first claim; the last one counts once.
  var counts: [UInt64] { coin.points(Self.partCount - 1, .parts) + [1] }

  /// This party's summands of the first claim's values that are not those of parts.
  mutating func firstSummands() -> [UInt64] {
    multiply()
    return counted(Self.others) { place, part in table[element: place * Self.tableCount + Self.corners[part]] }
  }

  /// Evaluates the first three variables.
  mutating func fold(_ values: [GaloisShare], at points: [UInt64]) {
    func sums(_ results: [UInt64]) -> [GaloisElement] {
      let words = counted(Array(0..<Self.partCount)) { outer, part in results[element: outer * Self.partCount + part] }
      return GaloisElement.elements(words)
    }
    let (first, second) = (sums(results.first), sums(results.second))
    var told = [GaloisShare](repeating: .zero, count: Self.tableCount)
    for (part, corner) in Self.corners.enumerated() {
      told[corner] = GaloisShare(first: first[part], second: second[part])
    }
    for (place, value) in zip(Self.others, values) { told[place] = value }
    claim = GaloisShare.value(told, at: points)
    self.points = points
    table = GaloisElement.evaluate(table, at: points)
  }

  /// For each place the sum of what parts come to there times what they count.
  private func counted(_ places: [Int], _ element: (_ place: Int, _ part: Int) -> ArraySlice<UInt64>) -> [UInt64] {
    var sums = [UInt64](repeating: 0, count: places.count * GaloisElement.wordCount)
    for (part, count) in counts.enumerated() {
      let values = places.flatMap { element($0, part) }
      ck_u64_add(sums.count, sums, count == 1 ? values : GaloisElement.product(count, values), &sums)
    }
    return sums
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
    let block = ScalarBlock()
    for kept in scalars {
      let weights = weights[kept.start..<kept.start + kept.size]
      for term in kept.terms {
        var from = 0
        while from < kept.size { from += block.add(term, of: kept, from: from, weights: weights, to: &table) }
      }
      kept.sumResults(weights: Array(weights), into: &sums)
    }
    block.flush(to: &table)
    results = sums
  }

  /// Writes the polynomials at points of all variables, the left one times the weights, as the first elements of vectors.
  func write(to vectors: GaloisVectors, at last: [UInt64]) {
    let words = GaloisElement.wordCount
    let parts = GaloisElement.partWeights(at: points + last)
    let largest = scalars.reduce(0) { max($0, $1.size) }
    let scratchCount = ck_ring64_matmul_scratch(largest, Self.allPartCount, words)
    let scratch = UnsafeMutablePointer<UInt64>.allocate(capacity: scratchCount)
    defer {
      ck_zero(scratch, scratchCount * MemoryLayout<UInt64>.size)
      scratch.deallocate()
    }
    for kept in scalars {
      let place = kept.start * words
      let weights = Array(weights[kept.start..<kept.start + kept.size])
      switch kept.left {
      case .words(let share):
        for (component, target) in [(share.first, vectors.x0 + place), (share.second, vectors.x1 + place)] {
          kept.evaluate(component.scalars, parts, to: target, scratch: scratch)
          ck_galois_scale(kept.size, weights, target)
        }
      case .bits(let bits):
        for (plane, target) in [(bits.first, vectors.x0 + place), (bits.second, vectors.x1 + place)] {
          guard let plane else { continue }
          ck_galois_select(kept.count, plane, parts, target)
          ck_galois_scale(kept.size, weights, target)
        }
      }
      kept.evaluate(kept.right.first.scalars, parts, to: vectors.y0 + place, scratch: scratch)
      kept.evaluate(kept.right.second.scalars, parts, to: vectors.sum + place, scratch: scratch)
    }
    ck_u64_add(size * words, vectors.sum, vectors.y0, vectors.sum)
  }
}

extension [UInt64] {
  /// The words of an element.
  fileprivate subscript(element index: Int) -> ArraySlice<UInt64> {
    self[index * GaloisElement.wordCount..<(index + 1) * GaloisElement.wordCount]
  }
}
