import Arithmetic
import CKernels

/// Two vectors over GF(2⁶⁴) in shares, whose inner product is to be checked.
struct GateVectors {
  let block: FieldBlock
  let count: Int

  private static let blockCount = 2048

  /// The size of each of so many parts.
  private func size(parts: Int) -> Int { (count + parts - 1) / parts }

  private func fill(_ target: FieldBlock, place: Int, from start: Int, count size: Int) {
    let present = max(0, min(size, count - start))
    target.clear(place: place, count: size, from: present)
    for (to, vector) in zip(target.all, block.all) {
      (to + place * size).update(from: vector + min(start, count), count: present)
    }
  }

  /// Calls the body with all parts of a stretch of their elements, one part after the other.
  private func forEachBlock(parts: Int, _ body: (_ block: FieldBlock, _ start: Int, _ count: Int) -> Void) {
    let size = size(parts: parts)
    let block = FieldBlock(capacity: parts * Swift.min(size, Self.blockCount))
    for start in stride(from: 0, to: size, by: Self.blockCount) {
      let count = Swift.min(Self.blockCount, size - start)
      for place in 0..<parts { fill(block, place: place, from: place * size + start, count: count) }
      body(block, start, count)
    }
  }

  /// This party's summands of the products of the polynomials through the parts at points 0 … 2·parts − 2, that at
  /// `parts − 1` left out.
  func products(parts: Int) -> [UInt64] {
    let beyond = (parts..<2 * parts - 1).map { FieldPoints.weights(count: parts, at: UInt64($0)) }
    var inner = [UInt64](repeating: 0, count: parts - 1)
    var outer = inner
    let folded = FieldBlock(capacity: Self.blockCount)
    forEachBlock(parts: parts) { block, _, count in
      for place in inner.indices { inner[place] ^= block.product(from: place * count, count: count) }
      for (index, weights) in beyond.enumerated() {
        for (target, vector) in zip(folded.all, block.all) { ck_gf64_fold(count, parts, weights, vector, target) }
        outer[index] ^= folded.product(from: 0, count: count)
      }
    }
    return inner + outer
  }

  /// The polynomials at a point.
  func folded(parts: Int, at point: UInt64) -> GateVectors {
    let size = size(parts: parts)
    let weights = FieldPoints.weights(count: parts, at: point)
    let result = FieldBlock(capacity: size)
    forEachBlock(parts: parts) { block, start, count in
      for (target, vector) in zip(result.all, block.all) { ck_gf64_fold(count, parts, weights, vector, target + start) }
    }
    return GateVectors(block: result, count: size)
  }
}

/// Polynomials over GF(2⁶⁴) by their values at the points 0, 1, 2 …, read as polynomials in t themselves.
enum FieldPoints {
  /// What each value counts in the value at a point (Lagrange).
  static func weights(count: Int, at point: UInt64) -> [UInt64] {
    let inverses = count < denominators.count ? denominators[count] : inverseDenominators(count: count)
    return (0..<UInt64(count)).map { place in
      var above = inverses[Int(place)]
      for other in 0..<UInt64(count) where other != place { above = ck_gf64_multiply(above, point ^ other) }
      return above
    }
  }

  /// Inverse denominators for so many values.
  private static let denominators = (0..<16).map(inverseDenominators)

  private static func inverseDenominators(count: Int) -> [UInt64] {
    (0..<UInt64(count)).map { place in
      var below = 1 as UInt64
      for other in 0..<UInt64(count) where other != place { below = ck_gf64_multiply(below, place ^ other) }
      return inverse(below)
    }
  }

  /// a^(2⁶⁴ − 2)
  private static func inverse(_ element: UInt64) -> UInt64 {
    var (power, result) = (element, 1 as UInt64)
    for _ in 1..<64 {
      power = ck_gf64_multiply(power, power)
      result = ck_gf64_multiply(result, power)
    }
    return result
  }

  /// The value at points of a polynomial of degree 2 in each variable, from its values at 0, 1 and ∞ (``ck_gates_table``).
  static func value(ofTable table: [UInt64], at points: [UInt64]) -> UInt64 {
    points.reduce(table) { table, point in
      let third = table.count / 3
      let square = ck_gf64_multiply(point, point) ^ point
      return (0..<third).map {
        table[$0] ^ ck_gf64_multiply(point, table[$0] ^ table[third + $0])
          ^ ck_gf64_multiply(square, table[2 * third + $0])
      }
    }[0]
  }

  /// The value at a point of the polynomial with these values.
  static func value(_ values: [UInt64], at point: UInt64) -> UInt64 {
    ck_gf64_dot(values.count, weights(count: values.count, at: point), values)
  }
}
