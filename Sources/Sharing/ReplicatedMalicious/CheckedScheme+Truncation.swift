import CKernels
import Tensors

/// Division by powers of two, without opening anything (`docs/protocols/replicated-malicious.md`, 4).
///
/// Of X = x + 2⁶² in 0 ..< 2⁶³ the components z₀ + z₁ + z₂ = X − 1 + 2⁶⁴w, as integers. ⌊X/2^f⌋ = Σ⌊zⱼ/2^f⌋ + κ + k − w·2^(64−f),
/// where κ is the carry of z₀ + z₁ into bit f, and k ∈ {0, 1} that of what z₂ + 1 adds. Left out, k rounds: up with a probability of
/// just the fraction, as z₀ + z₁ is uniform. w is the carry-save adder's carry out of bit 63, and s₆₃ ∨ c₆₃, as bit 63 of X
/// is 0.
extension CheckedScheme {
  /// Four rounds and ⌈log₂ f⌉ (of the largest f, but at least 1); one more where a product is additive. 768 bytes a scalar and
  /// 9f + 9 bits at most; 96 bytes more where a product is additive.
  public func truncate(_ items: [Truncation<CheckedProduct>]) async throws -> [CheckedShare] {
    let shares = try await wordsToTruncate(items.map(\.product))
    let count = shares.reduce(0) { $0 + $1.first.count }
    guard count > 0 else { return items.map { constant(RingTensor(repeating: 0, shape: $0.product.shape)) } }
    let offset = (1 << 62 - 1) as UInt64
    let lows = shares.map { low in
      (
        first: party == 0 ? low.first.adding(offset) : low.first,
        second: party == 2 ? low.second.adding(offset) : low.second
      )
    }
    let widths = items.map(\.bits)
    let carries = try await carries(lows, widths: widths)
    let values = zip(lows, widths).map { low, bits in
      WidePair(
        first: WideTensor(low: low.first.shifted(by: bits)), second: WideTensor(low: low.second.shifted(by: bits)))
    }
    let (bits, quotients) = try await convert(carries, with: values)
    var start = 0
    return zip(items, quotients).map { item, quotient in
      let shape = quotient.shape
      func plane(_ row: Int) -> CheckedShare {
        bits.sliced(row * count + start..<row * count + start + shape.count).reshaped(to: shape)
      }
      defer { start += shape.count }
      let wraps = (plane(1) + plane(2)).scaled(by: 1 << UInt128(64 - item.bits))
      let constant = 1 &- (1 as UInt64) << UInt64(62 - item.bits)
      return add(quotient + plane(0) - wraps, word: constant)
    }
  }

  /// The low halves of all components, at random but for their sum.
  private func wordsToTruncate(_ products: [CheckedProduct]) async throws -> [(first: RingTensor, second: RingTensor)] {
    let isAdditive = products.contains(where: \.isAdditive)
    let shares = try await reduce(isAdditive ? products.map(masked) : products)
    return shares.map { share in
      let low = (first: share.value.first.low, second: share.value.second.low)
      guard !isAdditive else { return low }
      let dither = publicWords(share.shape)
      // Components 0 and 2, so that the sum of components 0 and 1 is at random.
      return (
        party == 0 ? low.first + dither : party == 2 ? low.first - dither : low.first,
        party == 2 ? low.second + dither : party == 1 ? low.second - dither : low.second
      )
    }
  }

  /// One bit each of all scalars: κ, the carry out of bit 63 of the carry-save adder, and s₆₃ ∨ c₆₃.
  private func carries(_ lows: [(first: RingTensor, second: RingTensor)], widths: [Int]) async throws -> CheckedBits {
    let counts = lows.map(\.first.count)
    let tops = lows.map { componentPlanes($0, 62..<64) }
    var batch: [GateRows] = []
    for (low, (top, width)) in zip(lows, zip(tops, widths)) {
      let count = low.first.count
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
