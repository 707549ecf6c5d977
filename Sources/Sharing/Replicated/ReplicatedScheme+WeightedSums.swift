import CKernels
import Tensors

/// Sums of public words at secret places: numbers from their bits, entries of tables from one-hot places.
///
/// Source: `docs/PROTOCOLS.md`, section 3.2: with u = b₀ ⊕ b₁ = t + r and v = b₂, b = v + t(1 − 2v) + r(1 − 2v), of which role 2
/// knows one product and role 1 the other. Two rounds; 8 bytes a scalar and bit, and 16 a scalar and table.
extension ReplicatedScheme {
  private enum Draw {
    /// Key 1: what role 1 knows of u.
    static let split = 0
    /// Key 2: the masks of both products.
    static let maskFirst = 0
    static let maskSecond = 1
  }

  public func weightedSums(_ bits: [ReplicatedBits], tables: [[UInt64]]) async throws -> [ReplicatedShare] {
    precondition(tables.allSatisfy { $0.count == bits.count }, "a table has one word for each of \(bits.count) places")
    guard options.optimise == .bytes else { return try await dealtWeightedSums(bits, tables: tables) }
    let draws = beginOperation()
    let shape = bits.first?.shape ?? [0]
    let layout = PlaneLayout(count: shape.count, party: party)
    guard layout.count > 0 else {
      let empty = RingTensor(repeating: 0, shape: shape)
      return tables.map { _ in ReplicatedShare(first: empty, second: empty) }
    }
    let known = bits.map { knownBits($0, layout) }
    let halves = try await exchangeHalves(known, layout, draws)
    let none = [[UInt64]](repeating: [UInt64](repeating: 0, count: layout.count), count: tables.count)
    var (first, second) = (none, none)
    var (toNext, toPrevious) = (Outbox(), Outbox())
    var expected = 0
    let stride = (layout.count + 1) / 2 * 2
    for chunk in layout.chunks {
      let size = chunk.range.count
      guard chunk.role != .first else {
        expected += 8 * size * tables.count
        continue
      }
      let key: PairwiseRandomness.Key = chunk.role == .second ? .second : .first
      for (index, table) in tables.enumerated() {
        let offset = index * stride + chunk.range.lowerBound
        let q0 = draws.words(key, Draw.maskFirst, offset: offset, count: size)
        let q1 = draws.words(key, Draw.maskSecond, offset: offset, count: size)
        var third = q0
        ck_u64_add(size, third, q1, &third)
        Self.add(table, known, chunk.range, to: &third)
        var product = [UInt64](repeating: 0, count: size)
        Self.add(table, halves, chunk.range, to: &product)
        ck_u64_sub(size, product, chunk.role == .second ? q1 : q0, &product)
        if chunk.role == .second {
          toPrevious.append(product)
          first[index].replaceSubrange(chunk.range, with: product)
          second[index].replaceSubrange(chunk.range, with: third)
        } else {
          toNext.append(product)
          first[index].replaceSubrange(chunk.range, with: third)
          second[index].replaceSubrange(chunk.range, with: product)
        }
      }
    }
    var (next, previous) = try await exchange(
      toNext: toNext, toPrevious: toPrevious, fromNext: expected, fromPrevious: expected)
    for chunk in layout.chunks where chunk.role == .first {
      for index in tables.indices {
        first[index].replaceSubrange(chunk.range, with: previous.words(chunk.range.count))
        second[index].replaceSubrange(chunk.range, with: next.words(chunk.range.count))
      }
    }
    return zip(first, second).map { first, second in
      ReplicatedShare(
        first: RingTensor(shape: shape, scalars: first), second: RingTensor(shape: shape, scalars: second))
    }
  }

  /// Round 1: u = t + r, so that roles 2 and 1 get t(1 − 2v) and r(1 − 2v), bit by bit.
  private func exchangeHalves(
    _ known: [[UInt64]], _ layout: PlaneLayout, _ draws: PairwiseRandomness.Draws
  ) async throws -> [[UInt64]] {
    let stride = (layout.count + 1) / 2 * 2
    var toPrevious = Outbox()
    var expected = 0
    var halves = known
    for chunk in layout.chunks {
      let size = chunk.range.count
      switch chunk.role {
      case .first:
        for bit in known.indices {
          let offset = bit * stride + chunk.range.lowerBound
          let r = draws.words(.second, Draw.split, offset: offset, count: size)
          var t = Array(known[bit][chunk.range])
          ck_u64_sub(size, t, r, &t)
          toPrevious.append(t)
        }
      case .second:
        for bit in known.indices {
          let offset = bit * stride + chunk.range.lowerBound
          let r = draws.words(.first, Draw.split, offset: offset, count: size)
          halves[bit].replaceSubrange(chunk.range, with: Self.signed(r, by: known[bit][chunk.range]))
        }
      case .third: expected += 8 * size * known.count
      }
    }
    var inbox = try await exchange(toPrevious: toPrevious, fromNext: expected).next
    for chunk in layout.chunks where chunk.role == .third {
      for bit in known.indices {
        let t = inbox.words(chunk.range.count)
        halves[bit].replaceSubrange(chunk.range, with: Self.signed(t, by: known[bit][chunk.range]))
      }
    }
    return halves
  }

  /// x(1 − 2v) for v = 0 or 1.
  private static func signed(_ x: [UInt64], by v: ArraySlice<UInt64>) -> [UInt64] {
    var factors = Array(v)
    ck_u64_scale(factors.count, factors, 0 &- 2, &factors)
    ck_u64_add_scalar(factors.count, factors, 1, &factors)
    ck_u64_mul(factors.count, x, factors, &factors)
    return factors
  }

  /// sum += Σ table[i] · values[i] over a range of the scalars.
  private static func add(_ table: [UInt64], _ values: [[UInt64]], _ range: Range<Int>, to sum: inout [UInt64]) {
    for (weight, values) in zip(table, values) where weight != 0 {
      values.withUnsafeBufferPointer { values in
        if let base = values.baseAddress { ck_u64_axpy(range.count, weight, base + range.lowerBound, &sum) }
      }
    }
  }
}
