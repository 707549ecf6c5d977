import Arithmetic
import CKernels

/// All conjunctions of bits since the last check, 64 to a word: both components of the operands and of what came out.
struct GateLedger {
  private var operands = (x: PlanePair(count: 0), y: PlanePair(count: 0))
  private var results = PlanePair(count: 0)

  /// Whole words; bits that are no gates are zero.
  mutating func append(_ x: PlanePair, _ y: PlanePair, _ z: PlanePair) {
    operands.x.append(x)
    operands.y.append(y)
    results.append(z)
  }

  var gateCount: Int { 64 * results.first.count }

  /// The sum of all results, each times its weight.
  func sum(coin: PseudorandomGenerator) -> (first: UInt64, second: UInt64) {
    var sum = (first: 0 as UInt64, second: 0 as UInt64)
    let blockCount = 4096
    for start in stride(from: 0, to: gateCount, by: blockCount) {
      let count = min(blockCount, gateCount - start)
      let weights = Self.weights(coin, start, count)
      let words = start / 64..<(start + count) / 64
      sum.first ^= ck_gf64_sum_where(count, Array(results.first[words]), weights)
      sum.second ^= ck_gf64_sum_where(count, Array(results.second[words]), weights)
    }
    return sum
  }

  /// Operands from a gate on as elements of the field, the left ones times their weights; zero past the last.
  ///
  /// - Precondition: `start` and `count` are multiples of 64.
  func fill(_ block: FieldBlock, place: Int, from start: Int, count: Int, coin: PseudorandomGenerator) {
    let present = max(0, min(count, gateCount - start))
    block.clear(place: place, count: count, from: present)
    guard present > 0 else { return }
    let weights = Self.weights(coin, start, present)
    let words = start / 64
    func copy(_ planes: [UInt64], _ body: (UnsafePointer<UInt64>) -> Void) {
      planes.withUnsafeBufferPointer { if let base = $0.baseAddress { body(base + words) } }
    }
    let target = place * count
    copy(operands.x.first) { ck_gf64_where(present, $0, weights, block.x0 + target) }
    copy(operands.x.second) { ck_gf64_where(present, $0, weights, block.x1 + target) }
    copy(operands.y.first) { ck_bits_unpack(present, $0, block.y0 + target) }
    copy(operands.y.second) { ck_bits_unpack(present, $0, block.sum + target) }
    ck_bits_xor(present, block.sum + target, block.y0 + target, block.sum + target)
  }

  private static func weights(_ coin: PseudorandomGenerator, _ start: Int, _ count: Int) -> [UInt64] {
    coin.words(count: count, counterHigh: 1, counterLow: UInt64(start / 2))
  }
}

extension PlanePair {
  fileprivate mutating func append(_ other: PlanePair) {
    first += other.first
    second += other.second
  }
}

extension GateLedger: CustomStringConvertible, CustomReflectable {
  var description: String { "‹\(gateCount) gates to check›" }
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
    x0.initialize(repeating: 0, count: 4 * max(capacity, 1))
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
