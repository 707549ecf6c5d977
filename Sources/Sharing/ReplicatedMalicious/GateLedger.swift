import Arithmetic
import CKernels

/// All conjunctions of bits since the last check, 64 to a word: both components of the operands and of what came out.
struct GateLedger {
  private var operands = (x: PlanePair(count: 0), y: PlanePair(count: 0))
  private var results = PlanePair(count: 0)

  /// Whole words; bits that are no gates become zero, and are zero in the results.
  mutating func append(_ gates: GateRows, _ results: PlanePair) {
    let start = count
    operands.x.append(gates.x)
    operands.y.append(gates.y)
    self.results.append(results)
    let rest = gates.count % 64
    guard rest > 0 else { return }
    let mask = 1 << UInt64(rest) - 1 as UInt64
    for row in 0..<gates.rows {
      let last = start + (row + 1) * gates.stride - 1
      operands.x.first[last] &= mask
      operands.x.second[last] &= mask
      operands.y.first[last] &= mask
      operands.y.second[last] &= mask
    }
  }

  var isEmpty: Bool { count == 0 }

  /// Words of gates.
  var count: Int { results.first.count }

  /// Some of the gates.
  func including(_ parts: [CheckedLayers.Part]) -> GateLedger {
    var some = GateLedger()
    for part in parts {
      let words = part.start.gates..<part.end.gates
      some.operands.x.append(operands.x.sliced(words))
      some.operands.y.append(operands.y.sliced(words))
      some.results.append(results.sliced(words))
    }
    return some
  }

  private func weights(_ coin: CheckCoin) -> [UInt64] {
    coin.generator.words(count: count, counterHigh: CheckCoin.Stream.gates.counter, counterLow: 0)
  }

  /// This party's summands of the products of the words' polynomials, each times its weight (``ck_gates_table``).
  func table(coin: CheckCoin) -> [UInt64] {
    var table = [UInt64](repeating: 0, count: Int(ck_gates_table_count))
    let (x, y) = operands
    ck_gates_table(count, x.first, x.second, y.first, y.second, weights(coin), &table)
    return table
  }

  /// For each place in a word the sum of the results there, each times its weight.
  func sums(coin: CheckCoin) -> (first: [UInt64], second: [UInt64]) {
    let weights = weights(coin)
    var sums = (first: [UInt64](repeating: 0, count: Int(ck_gates_parts)), second: [UInt64]())
    sums.second = sums.first
    ck_gates_sums(count, results.first, weights, &sums.first)
    ck_gates_sums(count, results.second, weights, &sums.second)
    return sums
  }

  /// The polynomials at points, the left one times the weights.
  func folded(at points: [UInt64], coin: CheckCoin) -> GateVectors {
    let parts = points.reduce([1 as UInt64]) { weights, point in
      weights.flatMap { weight -> [UInt64] in
        let one = ck_gf64_multiply(weight, point)
        return [weight ^ one, one]
      }
    }
    let block = FieldBlock(capacity: count)
    ck_gates_fold(count, operands.x.first, parts, block.x0)
    ck_gates_fold(count, operands.x.second, parts, block.x1)
    ck_gates_fold(count, operands.y.first, parts, block.y0)
    ck_gates_fold(count, operands.y.second, parts, block.sum)
    ck_bits_xor(count, block.sum, block.y0, block.sum)
    let weights = weights(coin)
    ck_gf64_scale(count, weights, block.x0)
    ck_gf64_scale(count, weights, block.x1)
    return GateVectors(block: block, count: count)
  }
}

extension PlanePair {
  fileprivate mutating func append(_ other: PlanePair) {
    first += other.first
    second += other.second
  }

  fileprivate func sliced(_ words: Range<Int>) -> PlanePair {
    PlanePair(first: Array(first[words]), second: Array(second[words]))
  }
}

extension GateLedger: CustomStringConvertible, CustomReflectable {
  var description: String { "‹gates to check›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// Room for parts of two vectors in shares: both components of the left one, the first of the right one, and the sum of both of
/// its components.
final class FieldBlock {
  let capacity: Int
  let x0: UnsafeMutablePointer<UInt64>
  let x1: UnsafeMutablePointer<UInt64>
  let y0: UnsafeMutablePointer<UInt64>
  let sum: UnsafeMutablePointer<UInt64>

  init(capacity: Int) {
    self.capacity = capacity
    x0 = .allocate(capacity: 4 * max(capacity, 1))
    x1 = x0 + capacity
    y0 = x1 + capacity
    sum = y0 + capacity
  }

  deinit { x0.deallocate() }

  var all: [UnsafeMutablePointer<UInt64>] { [x0, x1, y0, sum] }

  /// Zeros behind the first elements of a part.
  func clear(place: Int, count: Int, from present: Int) {
    for vector in all { (vector + (place * count + present)).update(repeating: 0, count: count - present) }
  }

  /// This party's summand of the product of both vectors, from an element on.
  func product(from start: Int, count: Int) -> UInt64 {
    ck_gf64_dot(count, x0 + start, sum + start) ^ ck_gf64_dot(count, x1 + start, y0 + start)
  }
}
