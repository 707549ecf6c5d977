import CKernels
import Tensors

/// Planes of bits whose conjunctions are wanted.
struct GateRows {
  var x: PlanePair
  var y: PlanePair
  let rows: Int
  /// Bits of each plane.
  let count: Int

  var stride: Int { (count + 63) / 64 }

  /// This party's summands, masked by words from one on.
  fileprivate func summands(_ masks: ([UInt64], [UInt64]), from start: Int) -> [UInt64] {
    let words = rows * stride
    return [UInt64](unsafeUninitializedCapacity: words) { buffer, initialized in
      masks.0.withUnsafeBufferPointer { first in
        masks.1.withUnsafeBufferPointer { second in
          guard words > 0, let first = first.baseAddress, let second = second.baseAddress else { return }
          ck_rss_and(
            words, x.first, x.second, y.first, y.second, first + start, second + start, buffer.baseAddress)
        }
      }
      initialized = words
    }
  }
}

/// Gates on bits; each is looked at by the next check.
extension CheckedScheme {
  /// One round for all pairs, 3 bits a gate.
  public func and(_ pairs: [(CheckedBits, CheckedBits)]) async throws -> [CheckedBits] {
    let results = try await conjunctions(
      pairs.map { GateRows(x: $0.planes, y: $1.planes, rows: 1, count: $0.shape.count) })
    return zip(pairs, results).map { CheckedBits(shape: $0.0.shape, planes: $1) }
  }

  /// One round, none where there is no gate.
  func conjunctions(_ batch: [GateRows]) async throws -> [PlanePair] {
    let draws = beginOperation()
    let total = batch.reduce(0) { $0 + $1.rows * $1.stride }
    let masks = (draws.words(.first, 0, count: total), draws.words(.second, 0, count: total))
    var outbox = Outbox()
    var start = 0
    let summands = batch.map { item -> [UInt64] in
      var z = item.summands(masks, from: start)
      z.trim(rows: item.rows, count: item.count)
      start += z.count
      outbox.append(planes: z, rows: item.rows, bitCount: item.count)
      return z
    }
    var inbox = try await passBack(outbox)
    return zip(batch, summands).map { item, summand in
      let result = PlanePair(first: summand, second: inbox.planes(item.rows, bitCount: item.count))
      gates.append(item, result)
      return result
    }
  }

  /// The bits `range` of a share's components as planes.
  func componentPlanes(_ share: CheckedShare, _ range: Range<Int>) -> PlanePair {
    func planes(_ words: RingTensor) -> [UInt64] {
      let stride = (words.count + 63) / 64
      var shifted = words.scalars
      ck_u64_shift_right(words.count, shifted, UInt32(range.lowerBound), &shifted)
      var planes = [UInt64](repeating: 0, count: range.count * stride)
      ck_bitslice(words.count, UInt32(range.count), shifted, &planes)
      return planes
    }
    return PlanePair(first: planes(share.first), second: planes(share.second))
  }

  /// Of shared planes x₀ ⊕ x₁ ⊕ x₂ what two components alone make, as a sharing that both holders know.
  func keeping(_ kept: Set<Int>, of planes: PlanePair) -> PlanePair {
    var result = planes
    if !kept.contains(party) { result.first = [UInt64](repeating: 0, count: planes.first.count) }
    if !kept.contains(next) { result.second = [UInt64](repeating: 0, count: planes.second.count) }
    return result
  }

  /// Where two or three of the components have a 1: ((x₀ ⊕ x₂) ∧ (x₁ ⊕ x₂)) ⊕ x₂.
  func majorities(_ planes: PlanePair, rows: Int, count: Int) -> GateRows {
    GateRows(x: keeping([0, 2], of: planes), y: keeping([1, 2], of: planes), rows: rows, count: count)
  }
}

extension PlanePair {
  /// Some of the planes.
  func rows(_ rows: Range<Int>, stride: Int) -> PlanePair {
    let words = rows.lowerBound * stride..<rows.upperBound * stride
    return PlanePair(first: Array(first[words]), second: Array(second[words]))
  }
}

extension [UInt64] {
  /// Zeros past the count of bits of each plane.
  fileprivate mutating func trim(rows: Int, count: Int) {
    let rest = count % 64
    guard rest > 0 else { return }
    let stride = (count + 63) / 64
    for row in 0..<rows { self[(row + 1) * stride - 1] &= 1 << UInt64(rest) - 1 }
  }
}
