import CKernels
import Tensors

/// Products of one row, z = x·Y, as inner products of words and elements: Σⱼ sⱼzⱼ = Σₖ xₖ(Σⱼ sⱼYₖⱼ) for random points s.
///
/// They join the second level of ``ScalarFolding``, whose claim is Σₚ cₚ·(what part p comes to) for random points cₚ. Of so many parts
/// of x and Y the left polynomial goes through those of x times Π_{q≠p} c_q, so that their claim, times Πc, is of the same form:
/// nothing more is sent, and the words of x become elements when there is an eighth of them left
/// (`docs/protocols/replicated-malicious.md`, 5).
final class RowFolding {
  private static let partCount = ScalarFolding.partCount
  private static let variableCount = ScalarFolding.variableCount

  /// Entries of each part.
  let size: Int
  /// Both components of all rows, one after the other.
  private let left: (first: [UInt64], second: [UInt64])
  /// Σⱼ sⱼYₖⱼ: the first component, and the sum of both.
  private let first: UnsafeMutablePointer<UInt64>
  private let sum: UnsafeMutablePointer<UInt64>
  /// What the words of each part count.
  private let factors: [GaloisElement]
  /// What is claimed of all of them.
  let claim: GaloisShare

  /// - Parameters:
  ///   - forms: products of one row, with their places among all forms.
  ///   - counts: what each part counts in the claim that these join.
  init(_ forms: [(index: Int, kept: KeptForm)], counts: [UInt64], coin: CheckCoin) {
    let entryCount = forms.reduce(0) { $0 + $1.kept.entryCount }
    size = (entryCount + Self.partCount - 1) / Self.partCount
    let words = max(1, size) * Self.partCount * GaloisElement.wordCount
    first = .allocate(capacity: 2 * words)
    first.initialize(repeating: 0, count: 2 * words)
    sum = first + words
    var rows = (first: [UInt64](), second: [UInt64]())
    var claim = GaloisShare.zero
    for (index, kept) in forms {
      let folding = FormFolding(kept.factors.form, index: index, coin: coin)
      let offset = rows.first.count * GaloisElement.wordCount
      rows.first += kept.factors.left.first.scalars
      rows.second += kept.factors.left.second.scalars
      folding.addRight(kept.factors.right.first.scalars, to: first + offset)
      folding.addRight(kept.factors.right.second.scalars, to: sum + offset)
      claim =
        claim
        + GaloisShare(
          first: folding.rowResult(kept.result.first.scalars), second: folding.rowResult(kept.result.second.scalars))
    }
    ck_u64_add(words, sum, first, sum)
    let padding = [UInt64](repeating: 0, count: Self.partCount * size - rows.first.count)
    left = (rows.first + padding, rows.second + padding)
    let (factors, all) = forms.isEmpty ? ([], .zero) : Self.complements(of: counts)
    self.factors = factors
    self.claim = GaloisShare(first: all * claim.first, second: all * claim.second)
  }

  deinit { first.deallocate() }

  /// The products of all counts but one, and of all.
  private static func complements(of counts: [UInt64]) -> (others: [GaloisElement], all: GaloisElement) {
    var others: [GaloisElement] = []
    var (below, above) = (GaloisElement(point: 1), GaloisElement(point: 1))
    for count in counts {
      others.append(below)
      ck_galois_scale(1, [count], &below.words)
    }
    for (index, count) in counts.enumerated().reversed() {
      others[index] = others[index] * above
      ck_galois_scale(1, [count], &above.words)
    }
    return (others, below)
  }

  /// This party's summands of the product of the polynomials at {0, 1, ∞}³.
  func summands() -> [UInt64] {
    let (words, parts) = (GaloisElement.wordCount, Self.partCount)
    guard size > 0 else { return [UInt64](repeating: 0, count: ScalarFolding.tableCount * words) }
    let products = products()
    return (0..<ScalarFolding.tableCount).flatMap { point -> [UInt64] in
      var value = GaloisElement.zero
      for (place, product) in products.enumerated() {
        switch PointTable.weight(ofPart: place % parts, at: point, variables: Self.variableCount)
          * PointTable.weight(ofPart: place / parts, at: point, variables: Self.variableCount)
        {
        case 1: ck_u64_add(words, value.words, product.words, &value.words)
        case -1: ck_u64_sub(words, value.words, product.words, &value.words)
        default: continue
        }
      }
      return value.words
    }
  }

  /// This party's summands of the product of each part of the left side by each of the right one, the left part changing first.
  private func products() -> [GaloisElement] {
    let (words, parts) = (GaloisElement.wordCount, Self.partCount)
    let scratchCount = ck_ring64_matmul_scratch(parts, size, words)
    let scratch = UnsafeMutablePointer<UInt64>.allocate(capacity: scratchCount)
    defer {
      ck_zero(scratch, scratchCount * MemoryLayout<UInt64>.size)
      scratch.deallocate()
    }
    return (0..<parts).flatMap { part -> [GaloisElement] in
      let start = part * size * words
      var sums = [UInt64](repeating: 0, count: parts * words)
      for (x, y) in [(left.first, sum), (left.second, first)] {
        ck_ring64_matmul(parts, size, words, x, size, false, y + start, words, false, &sums, words, scratch)
      }
      return zip(factors, GaloisElement.elements(sums)).map { $0 * $1 }
    }
  }

  /// Writes the polynomials at points as elements of vectors, from one on.
  func write(to vectors: GaloisVectors, from start: Int, at points: [UInt64]) {
    guard size > 0 else { return }
    let words = GaloisElement.wordCount
    let weights = zip(GaloisElement.elements(GaloisElement.partWeights(at: points)), factors).flatMap {
      ($0 * $1).words
    }
    let scratchCount = ck_ring64_matmul_scratch(size, Self.partCount, words)
    let scratch = UnsafeMutablePointer<UInt64>.allocate(capacity: scratchCount)
    defer {
      ck_zero(scratch, scratchCount * MemoryLayout<UInt64>.size)
      scratch.deallocate()
    }
    for (part, target) in [(left.first, vectors.x0), (left.second, vectors.x1)] {
      ck_ring64_matmul(
        size, Self.partCount, words, part, size, true, weights, words, false, target + start * words, words, scratch)
    }
    for (elements, target) in [(first, vectors.y0), (sum, vectors.sum)] {
      for (variable, point) in points.enumerated() {
        ck_galois_fold(size << (Self.variableCount - 1 - variable), point, elements)
      }
      (target + start * words).update(from: elements, count: size * words)
    }
  }
}

extension KeptForm {
  /// Whether the left operand is one row of words.
  var isRow: Bool {
    if case .matmul(1, _, _, _, _) = factors.form { true } else { false }
  }
}
