import CKernels
import Tensors

/// Products scalar by scalar cut into 64 parts, and what a check makes of them (``ScalarFolding``).
extension KeptScalars {
  /// A product of words that is one party's alone to take: left · right, or left · (right + other).
  struct Term {
    let left: [UInt64]
    let areBits: Bool
    let right: [UInt64]
    let other: [UInt64]?
  }

  /// What this party's summands are made of: x₀(y₀ + y₁) and x₁y₀, but for what is zero.
  var terms: [Term] {
    let (y0, y1) = (right.first.scalars, right.second.scalars)
    switch left {
    case .words(let share):
      return [
        Term(left: share.first.scalars, areBits: false, right: y0, other: y1),
        Term(left: share.second.scalars, areBits: false, right: y0, other: nil),
      ]
    case .bits(let bits):
      return [
        bits.first.map { Term(left: $0, areBits: true, right: y0, other: y1) },
        bits.second.map { Term(left: $0, areBits: true, right: y0, other: nil) },
      ].compactMap { $0 }
    }
  }

  /// Parts that are whole, and what is in the one after them.
  private var parts: (whole: Int, rest: Int) { (count / size, count % size) }

  /// Adds the results of each part, times their weights, to the sums of that part.
  func sumResults(weights: [UInt64], into sums: inout (first: [UInt64], second: [UInt64])) {
    func add(_ words: RingTensor, to sums: inout [UInt64]) {
      let (whole, rest) = parts
      words.scalars.withUnsafeBufferPointer { words in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let words = words.baseAddress, let sums = sums.baseAddress else { return }
          ck_galois_sum_where(size, weights, words, 1, whole, size, sums)
          guard rest > 0 else { return }
          ck_galois_sum_where(rest, weights, words + whole * size, 1, 1, 0, sums + whole * GaloisElement.wordCount)
        }
      }
    }
    add(result.first, to: &sums.first)
    add(result.second, to: &sums.second)
  }

  /// The polynomials through the parts, which count as much, as elements; the target is zero.
  func evaluate(
    _ scalars: [UInt64], _ weights: [UInt64], to target: UnsafeMutablePointer<UInt64>,
    scratch: UnsafeMutablePointer<UInt64>
  ) {
    let words = GaloisElement.wordCount
    let (whole, rest) = parts
    scalars.withUnsafeBufferPointer { scalars in
      weights.withUnsafeBufferPointer { weights in
        guard let scalars = scalars.baseAddress, let weights = weights.baseAddress else { return }
        ck_ring64_matmul(
          size, whole, words, scalars, size, true, weights, words, false, target, words, scratch)
        guard rest > 0 else { return }
        ck_ring64_matmul(
          rest, 1, words, scalars + whole * size, rest, true, weights + whole * words, words, false, target, words,
          scratch)
      }
    }
  }
}
