import CKernels
import Tensors

/// The bits of x₀ + x₁ + x₂: a carry-save adder makes two summands of three, a tree of carries adds these
/// (`docs/protocols/replicated-malicious.md`, 4). What the components' bits are both holders know: they are shares for free.
extension CheckedScheme {
  /// 2 + ⌈log₂(b − 2)⌉ rounds; one for b = 2.
  public func negative(_ share: CheckedShare, width: Int) async throws -> CheckedBits {
    precondition((2...64).contains(width), "a comparison is on 2 to 64 bits, not \(width)")
    let count = share.shape.count
    guard count > 0 else { return CheckedBits(shape: share.shape, planes: PlanePair(count: 0)) }
    let stride = (count + 63) / 64
    var (planes, sums) = try await addends(share, width: width)
    var top = sums.rows(width - 1..<width, stride: stride)
    while planes.nodeCount > 1 {
      let gates = try await conjunctions([planes.foldingGates(count: count)])[0]
      planes.fold(first: gates.first, second: gates.second, wordCount: stride)
    }
    if planes.nodeCount > 0 { top = top ^ planes.generate.rows(0..<1, stride: stride) }
    return CheckedBits(shape: share.shape, planes: top)
  }

  /// 2 + ⌈log₂(b − 2)⌉ rounds; one for b = 2.
  public func decompose(_ share: CheckedShare, width: Int) async throws -> [CheckedBits] {
    precondition((2...64).contains(width), "a scalar has 2 to 64 bits, not \(width)")
    let count = share.shape.count
    guard count > 0 else {
      return (0..<width).map { _ in CheckedBits(shape: share.shape, planes: PlanePair(count: 0)) }
    }
    let stride = (count + 63) / 64
    var (planes, sums) = try await addends(share, width: width)
    for gates in CarryPlanes.prefixLevels(nodeCount: planes.nodeCount) {
      let results = try await conjunctions([planes.prefixGates(gates, count: count)])[0]
      planes.apply(gates, first: results.first, second: results.second, wordCount: stride)
    }
    return (0..<width).map { bit in
      let sum = sums.rows(bit..<bit + 1, stride: stride)
      // Node n is bit n + 1: no carry goes into bits 0 and 1.
      guard bit > 1 else { return CheckedBits(shape: share.shape, planes: sum) }
      return CheckedBits(shape: share.shape, planes: sum ^ planes.generate.rows(bit - 2..<bit - 1, stride: stride))
    }
  }

  /// Two rounds, one for 2 bits: the nodes of bits 1 … b − 2 of s + c, and s ⊕ c.
  private func addends(_ share: CheckedShare, width: Int) async throws -> (CarryPlanes, sums: PlanePair) {
    let count = share.shape.count
    let stride = (count + 63) / 64
    let bits = componentPlanes(share, 0..<width)
    let below = bits.rows(0..<width - 1, stride: stride)
    let gates = try await conjunctions([majorities(below, rows: width - 1, count: count)])[0]
    // A majority is the carry into the next bit.
    let carries = gates ^ keeping([2], of: below)
    let lowest = bits.rows(0..<1, stride: stride)
    let upper = bits.rows(1..<width, stride: stride) ^ carries
    let sums = PlanePair(first: lowest.first + upper.first, second: lowest.second + upper.second)
    guard width > 2 else { return (CarryPlanes(nodeCount: 0, generate: PlanePair(count: 0), propagate: sums), sums) }
    let inner = bits.rows(1..<width - 1, stride: stride)
    let generate = try await conjunctions([
      GateRows(x: inner, y: carries.rows(0..<width - 2, stride: stride), rows: width - 2, count: count)
    ])[0]
    let propagate = sums.rows(1..<width - 1, stride: stride)
    return (CarryPlanes(nodeCount: width - 2, generate: generate, propagate: propagate), sums)
  }
}

extension CarryPlanes {
  /// The gates of one level of the tree in the order of ``fold(first:second:wordCount:)``.
  func foldingGates(count: Int) -> GateRows {
    let pairs = (0..<nodeCount / 2).map { Gate(high: 2 * $0 + 1, low: 2 * $0, passesOn: false) }
    return prefixGates(pairs + pairs.dropFirst().map { Gate(high: $0.high, low: $0.low, passesOn: true) }, count: count)
  }

  /// The operands of gates.
  func prefixGates(_ gates: [Gate], count: Int) -> GateRows {
    let stride = (count + 63) / 64
    func gather(_ plane: (Gate) -> ArraySlice<UInt64>) -> [UInt64] { gates.flatMap(plane) }
    func row(_ words: [UInt64], _ node: Int) -> ArraySlice<UInt64> { words[node * stride..<(node + 1) * stride] }
    return GateRows(
      x: PlanePair(
        first: gather { row(propagate.first, $0.high) }, second: gather { row(propagate.second, $0.high) }),
      y: PlanePair(
        first: gather { row($0.passesOn ? propagate.first : generate.first, $0.low) },
        second: gather { row($0.passesOn ? propagate.second : generate.second, $0.low) }),
      rows: gates.count, count: count)
  }
}
