import CKernels
import Tensors

/// Division by powers of two, without opening anything (`docs/protocols/replicated-malicious.md`, 4).
///
/// Of X = x + 2⁶² in 0 ..< 2⁶³ the components z₀ + z₁ + z₂ = X − 1 + 2⁶⁴w, as integers. ⌊X/2^f⌋ = Σ⌊zⱼ/2^f⌋ + κ + k − w·2^(64−f),
/// where κ is the carry of z₀ + z₁ into bit f, and k ∈ {0, 1} that of what z₂ + 1 adds. Left out, k rounds: up with a probability of
/// just the fraction, as z₀ + z₁ is uniform. w is the carry-save adder's carry out of bit 63, and s₆₃ ∨ c₆₃, as bit 63 of X
/// is 0.
extension CheckedScheme {
  /// Three rounds and ⌈log₂ f⌉ (of the largest f, but at least 1). 144 bytes a scalar and 9f + 9 bits at most.
  public func truncate(_ items: [Truncation<CheckedProduct>]) async throws -> [CheckedShare] {
    let shares = try await reduce(items.map(\.product))
    let count = shares.reduce(0) { $0 + $1.shape.count }
    guard count > 0 else { return items.map { constant(RingTensor(repeating: 0, shape: $0.product.shape)) } }
    let lows = shares.map(dithered)
    let widths = items.map(\.bits)
    let bits = try await convert(try await carries(lows, widths: widths))
    var start = 0
    return zip(lows, widths).map { low, width in
      let shape = low.shape
      let quotient = low.apply { $0.shifted(by: width) }
      func plane(_ row: Int) -> CheckedShare {
        bits.sliced(row * count + start..<row * count + start + shape.count).reshaped(to: shape)
      }
      defer { start += shape.count }
      let wraps = (plane(1) + plane(2)).scaled(by: 1 << UInt64(64 - width))
      let constant = 1 &- (1 as UInt64) << UInt64(62 - width)
      return add(quotient + plane(0) - wraps, word: constant)
    }
  }

  /// x + 2⁶² − 1 in components at random but for their sum: public random words join component 0 and leave component 2, so that
  /// the sum of components 0 and 1 is at random whatever x is made of.
  private func dithered(_ share: CheckedShare) -> CheckedShare {
    let words = publicWords(share.shape)
    let offset = (1 << 62 - 1) as UInt64
    return CheckedShare(
      first: party == 0
        ? share.first.adding(offset) + words : party == 2 ? share.first - words : share.first,
      second: party == 2
        ? share.second.adding(offset) + words : party == 1 ? share.second - words : share.second)
  }

  /// One bit each of all scalars: κ, the carry out of bit 63 of the carry-save adder, and s₆₃ ∨ c₆₃.
  private func carries(_ lows: [CheckedShare], widths: [Int]) async throws -> CheckedBits {
    let counts = lows.map(\.shape.count)
    let tops = lows.map { componentPlanes($0, 62..<64) }
    var batch: [GateRows] = []
    for (low, (top, width)) in zip(lows, zip(tops, widths)) {
      let count = low.shape.count
      let planes = componentPlanes(low, 0..<width)
      batch.append(
        GateRows(x: keeping([0], of: planes), y: keeping([1], of: planes), rows: width, count: count))
      batch.append(majorities(top, rows: 2, count: count))
    }
    let first = try await conjunctions(batch)
    var nodes: [CarryPlanes] = []
    var (outs, signs, carried) = ([CheckedBits](), [CheckedBits](), [CheckedBits]())
    for (index, low) in lows.enumerated() {
      let (count, stride) = (counts[index], (counts[index] + 63) / 64)
      nodes.append(
        CarryPlanes(
          nodeCount: widths[index], generate: first[2 * index],
          propagate: keeping([0, 1], of: componentPlanes(low, 0..<widths[index]))))
      let majorities = first[2 * index + 1] ^ keeping([2], of: tops[index])
      func bits(_ planes: PlanePair, _ row: Int) -> CheckedBits {
        CheckedBits(shape: [count], planes: planes.rows(row..<row + 1, stride: stride))
      }
      signs.append(bits(tops[index], 1))
      carried.append(bits(majorities, 0))
      outs.append(bits(majorities, 1))
    }
    let (sign, carry) = (concatenate(signs), concatenate(carried))
    let both = try await addCarries(
      &nodes, counts, with: GateRows(x: sign.planes, y: carry.planes, rows: 1, count: sign.shape.count))
    let wraps = CheckedBits(shape: sign.shape, planes: sign.planes ^ carry.planes ^ both)
    let kappas = zip(nodes, counts).map { CheckedBits(shape: [$1], planes: $0.generate) }
    return concatenate([concatenate(kappas), concatenate(outs), wraps])
  }

  /// The trees of all items level by level, and one more gate in the first round.
  private func addCarries(
    _ nodes: inout [CarryPlanes], _ counts: [Int], with extra: GateRows
  ) async throws -> PlanePair {
    var answer: PlanePair?
    while true {
      let open = nodes.indices.filter { nodes[$0].nodeCount > 1 && counts[$0] > 0 }
      if let answer, open.isEmpty { return answer }
      var results = try await conjunctions(
        open.map { nodes[$0].foldingGates(count: counts[$0]) } + (answer == nil ? [extra] : []))
      if answer == nil { answer = results.removeLast() }
      for (index, gates) in zip(open, results) {
        nodes[index].fold(first: gates.first, second: gates.second, wordCount: (counts[index] + 63) / 64)
      }
    }
  }
}

extension RingTensor {
  /// Logical shift to the right.
  fileprivate func shifted(by bits: Int) -> RingTensor {
    var words = scalars
    ck_u64_shift_right(words.count, words, UInt32(bits), &words)
    return RingTensor(shape: shape, scalars: words)
  }
}
