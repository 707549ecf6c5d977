import CKernels
import Tensors

/// Bits times values, and bits as values.
///
/// Source: Mohassel and Rindal, *ABY3*, CCS 2018, section 5.4, in the variant of `docs/PROTOCOLS.md`: with u = c₀ ⊕ c₁ and
/// v = c₂, c·x = (u ⊕ v)·(x₀ + x₁ + x₂) splits into products of which each party knows one side.
extension ReplicatedScheme {
  private enum Draw {
    /// Key 1: masks of z and u.
    static let value = 0
    static let bit = 1
    /// Every key: the share of zero of the last message.
    static let zero = 2
    /// Key 1: component 1 of a converted bit. Key 2: the two summands of its component 2.
    static let converted = 0
    static let convertedFirst = 0
    static let convertedSecond = 1
  }

  /// Two rounds, 40 bytes a scalar; exact for all words.
  public func multiply(_ bits: ReplicatedBits, _ share: ReplicatedShare) async throws -> ReplicatedShare {
    guard options.optimise == .bytes else { return try await dealtMultiply(bits, share) }
    let draws = beginOperation()
    let count = share.shape.count
    let layout = PlaneLayout(count: count, party: party)
    let bitWords = knownBits(bits, layout)
    var summand = [UInt64](repeating: 0, count: count)
    var toPrevious = Outbox()
    var fromNext = 0
    for chunk in layout.chunks {
      let size = chunk.range.count
      let start = chunk.range.lowerBound
      switch chunk.role {
      case .first:
        let r1 = draws.words(.second, Draw.value, offset: start, count: size)
        let r2 = draws.words(.second, Draw.bit, offset: start, count: size)
        var z = r1
        var masked = r2
        withPointers(bitWords, share, &summand, start) { bit, x0, x1, s in
          ck_rss_select_first(size, bit, x0, x1, r1, r2, &z, &masked, s)
        }
        toPrevious.append(z)
        toPrevious.append(masked)
      case .second:
        let r1 = draws.words(.first, Draw.value, offset: start, count: size)
        let r2 = draws.words(.first, Draw.bit, offset: start, count: size)
        withPointers(bitWords, share, &summand, start) { bit, _, x2, s in
          ck_rss_select_second(size, bit, x2, r1, r2, s)
        }
      case .third: fromNext += 16 * size
      }
    }
    var inbox = try await exchange(toPrevious: toPrevious, fromNext: fromNext).next
    for chunk in layout.chunks where chunk.role == .third {
      let size = chunk.range.count
      let z = inbox.words(size)
      let masked = inbox.words(size)
      withPointers(bitWords, share, &summand, chunk.range.lowerBound) { bit, x2, _, s in
        ck_rss_select_third(size, bit, x2, z, masked, s)
      }
    }
    ck_u64_add_sub(
      count, summand, draws.words(.first, Draw.zero, count: count), draws.words(.second, Draw.zero, count: count),
      &summand)
    let additive = ReplicatedProduct(form: .additive(RingTensor(shape: share.shape, scalars: summand)))
    return try await reduce([additive])[0]
  }

  /// Two rounds, 24 bytes a scalar.
  public func convert(_ bits: ReplicatedBits) async throws -> ReplicatedShare {
    guard options.optimise == .bytes else { return try await dealtConvert(bits) }
    let draws = beginOperation()
    let count = bits.shape.count
    let layout = PlaneLayout(count: count, party: party)
    let known = knownBits(bits, layout)
    var first = [UInt64](repeating: 0, count: count)
    var second = first
    // u = t + r is shared between role 2, who learns t, and the holders of key 1, who know r.
    var toPrevious = Outbox()
    var fromNext = 0
    for chunk in layout.chunks {
      switch chunk.role {
      case .first:
        let r = draws.words(.second, Draw.converted, offset: chunk.range.lowerBound, count: chunk.range.count)
        var t = Array(known[chunk.range])
        ck_u64_sub(t.count, t, r, &t)
        toPrevious.append(t)
        first.replaceSubrange(chunk.range, with: t)
        second.replaceSubrange(chunk.range, with: r)
      case .second: break
      case .third: fromNext += 8 * chunk.range.count
      }
    }
    var inbox = try await exchange(toPrevious: toPrevious, fromNext: fromNext).next
    // b = u + v − 2uv, the product taken apart into t·v and r·v, and masked by q₀ and q₁.
    var toNext = Outbox()
    toPrevious = Outbox()
    fromNext = 0
    var fromPrevious = 0
    for chunk in layout.chunks {
      let size = chunk.range.count
      let start = chunk.range.lowerBound
      let v = Array(known[chunk.range])
      switch chunk.role {
      case .first:
        fromPrevious += 8 * size
        fromNext += 8 * size
      case .second, .third:
        let isSecond = chunk.role == .second
        let key: PairwiseRandomness.Key = isSecond ? .second : .first
        let q0 = draws.words(key, Draw.convertedFirst, offset: start, count: size)
        let q1 = draws.words(key, Draw.convertedSecond, offset: start, count: size)
        var known = isSecond ? draws.words(.first, Draw.converted, offset: start, count: size) : inbox.words(size)
        var message = v
        ck_rss_convert(size, known, v, isSecond ? q1 : q0, &message)
        ck_u64_add(size, known, message, &known)
        var third = v
        ck_u64_add(size, third, q0, &third)
        ck_u64_add(size, third, q1, &third)
        if isSecond {
          toPrevious.append(message)
          first.replaceSubrange(chunk.range, with: known)
          second.replaceSubrange(chunk.range, with: third)
        } else {
          toNext.append(message)
          first.replaceSubrange(chunk.range, with: third)
          second.replaceSubrange(chunk.range, with: known)
        }
      }
    }
    var (next, previous) = try await exchange(
      toNext: toNext, toPrevious: toPrevious, fromNext: fromNext, fromPrevious: fromPrevious)
    for chunk in layout.chunks where chunk.role == .first {
      let e0 = previous.words(chunk.range.count)
      let e1 = next.words(chunk.range.count)
      for (place, index) in chunk.range.enumerated() {
        first[index] &+= e0[place]
        second[index] &+= e1[place]
      }
    }
    return ReplicatedShare(
      first: RingTensor(shape: bits.shape, scalars: first), second: RingTensor(shape: bits.shape, scalars: second))
  }

  /// As words: c₀ ⊕ c₁ where this party is role 0, c₂ elsewhere.
  func knownBits(_ bits: ReplicatedBits, _ layout: PlaneLayout) -> [UInt64] {
    var plane = [UInt64](repeating: 0, count: layout.wordCount)
    for chunk in layout.chunks {
      for word in chunk.words {
        switch chunk.role {
        case .first: plane[word] = bits.first[word] ^ bits.second[word]
        case .second: plane[word] = bits.second[word]
        case .third: plane[word] = bits.first[word]
        }
      }
    }
    return [UInt64](unsafeUninitializedCapacity: layout.count) { buffer, initialized in
      initialized = layout.count
      ck_bits_unpack(layout.count, plane, buffer.baseAddress)
    }
  }

  /// The bits, both components and the result from one scalar on.
  private func withPointers(
    _ bits: [UInt64], _ share: ReplicatedShare, _ result: inout [UInt64], _ start: Int,
    _ body: (UnsafePointer<UInt64>, UnsafePointer<UInt64>, UnsafePointer<UInt64>, UnsafeMutablePointer<UInt64>) -> Void
  ) {
    bits.withUnsafeBufferPointer { bits in
      share.first.scalars.withUnsafeBufferPointer { first in
        share.second.scalars.withUnsafeBufferPointer { second in
          result.withUnsafeMutableBufferPointer { result in
            guard let bits = bits.baseAddress, let first = first.baseAddress, let second = second.baseAddress,
              let result = result.baseAddress
            else { return }
            body(bits + start, first + start, second + start, result + start)
          }
        }
      }
    }
  }
}
