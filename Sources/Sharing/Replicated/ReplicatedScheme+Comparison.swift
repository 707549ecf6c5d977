import CKernels
import Tensors

/// The sign of each scalar, as a shared bit.
///
/// Sources: conversion with a party that knows x₂ (Mohassel and Rindal, *ABY3*, CCS 2018), parallel-prefix carry tree over
/// replicated AND gates (Araki et al. 2016). Components are reduced mod 2^b without loss, so a value known to fit into b
/// bits costs b bits' work. 2 + ⌈log₂(b − 1)⌉ rounds; 68.25 bytes a scalar for b = 64, 32.63 for b = 32.
///
/// Bits are sliced: word w of plane j holds bit j of 64 neighbouring scalars.
extension ReplicatedScheme {
  private enum Draw {
    /// Key 1: component 1 of M = x₀ + x₁.
    static let sum = 0
    /// Key 2: component 2 of G, and the mask of the message that makes component 0. Two draws: one mask for both
    /// messages would show role 0 the plain product.
    static let carry = 0
    static let carryMask = 1
    /// Level l of the tree takes number `tree + l` from every key.
    static let tree = 8
  }

  public func negative(_ share: ReplicatedShare, width: Int) async throws -> ReplicatedBits {
    precondition((2...64).contains(width), "a comparison is on 2 to 64 bits, not \(width)")
    guard options.optimise == .bytes else { return try await dealtNegative(share, width: width) }
    let draws = beginOperation()
    let count = share.shape.count
    guard count > 0 else { return ReplicatedBits(shape: share.shape, first: [], second: []) }
    let layout = PlaneLayout(count: count, party: party)
    var planes = try await shareSummands(share, width: width, layout: layout, draws: draws)
    // The sign is the top bit of M + N: the XOR of both top bits and of the carry into them.
    let top = (planes.propagate.first.row(width - 1, layout), planes.propagate.second.row(width - 1, layout))
    planes.nodeCount = width - 1
    var level = 0
    while planes.nodeCount > 1 {
      try await combine(&planes, layout: layout, draws: draws, draw: Draw.tree + level)
      level += 1
    }
    var first = top.0
    var second = top.1
    ck_bits_xor(layout.wordCount, first, planes.generate.first, &first)
    ck_bits_xor(layout.wordCount, second, planes.generate.second, &second)
    return ReplicatedBits(shape: share.shape, first: first, second: second)
  }

  /// Rounds 1 and 2: boolean shares of G = M ∧ N and P = M ⊕ N, where M = x₀ + x₁ and N = x₂ mod 2^b.
  func shareSummands(
    _ share: ReplicatedShare, width: Int, layout: PlaneLayout, draws: PairwiseRandomness.Draws
  ) async throws -> CarryPlanes {
    let total = width * layout.wordCount
    // What this party knows in the clear: M as role 0, N as role 1 or 2.
    let plain = [UInt64](unsafeUninitializedCapacity: total) { buffer, initialized in
      initialized = total
      ck_bitslice(layout.count, UInt32(width), layout.knownSummand(share), buffer.baseAddress)
    }
    var propagate = PlanePair(count: total)
    var generate = PlanePair(count: total)
    var toPrevious = Outbox()
    var fromNext = 0
    for chunk in layout.chunks {
      switch chunk.role {
      case .first:
        // M₁ = r, M₀ = M ⊕ r; role 2 needs M₀.
        draws.planes(.second, Draw.sum, rows: width, chunk, layout, into: &propagate.second)
        layout.forEachRow(width, chunk) { range in
          for word in range { propagate.first[word] = plain[word] ^ propagate.second[word] }
        }
        toPrevious.append(propagate.first, rows: width, chunk, layout)
      case .second:
        draws.planes(.first, Draw.sum, rows: width, chunk, layout, into: &propagate.first)
        layout.forEachRow(width, chunk) { range in
          for word in range { propagate.second[word] = plain[word] }
        }
      case .third:
        layout.forEachRow(width, chunk) { range in
          for word in range { propagate.first[word] = plain[word] }
        }
        fromNext += width * chunk.byteCount
      }
    }
    var arrived = try await exchange(toPrevious: toPrevious, fromNext: fromNext).next
    for chunk in layout.chunks where chunk.role == .third {
      arrived.planes(into: &propagate.second, rows: width, chunk, layout)
    }

    var toNext = Outbox()
    toPrevious = Outbox()
    fromNext = 0
    var fromPrevious = 0
    for chunk in layout.chunks {
      switch chunk.role {
      case .first:
        fromPrevious += width * chunk.byteCount
        fromNext += width * chunk.byteCount
      case .second:
        // G₁ = (r ∧ N) ⊕ ρ for role 0, G₂ = ρ ⊕ ρ′.
        var mask = [UInt64](repeating: 0, count: total)
        draws.planes(.second, Draw.carry, rows: width, chunk, layout, into: &mask)
        draws.planes(.second, Draw.carryMask, rows: width, chunk, layout, into: &generate.second)
        layout.forEachRow(width, chunk) { range in
          for word in range {
            generate.first[word] = (propagate.first[word] & plain[word]) ^ mask[word]
            generate.second[word] ^= mask[word]
          }
        }
        toPrevious.append(generate.first, rows: width, chunk, layout)
      case .third:
        // G₀ = (M₀ ∧ N) ⊕ ρ′ for role 0.
        var mask = [UInt64](repeating: 0, count: total)
        draws.planes(.first, Draw.carry, rows: width, chunk, layout, into: &generate.first)
        draws.planes(.first, Draw.carryMask, rows: width, chunk, layout, into: &mask)
        layout.forEachRow(width, chunk) { range in
          for word in range {
            generate.second[word] = (propagate.second[word] & plain[word]) ^ mask[word]
            generate.first[word] ^= mask[word]
          }
        }
        toNext.append(generate.second, rows: width, chunk, layout)
      }
    }
    var (next, previous) = try await exchange(
      toNext: toNext, toPrevious: toPrevious, fromNext: fromNext, fromPrevious: fromPrevious)
    for chunk in layout.chunks where chunk.role == .first {
      previous.planes(into: &generate.first, rows: width, chunk, layout)
      next.planes(into: &generate.second, rows: width, chunk, layout)
    }
    return CarryPlanes(nodeCount: width, generate: generate, propagate: propagate)
  }

  /// One level of the tree, one round, 3 bits a gate: (G, P)ₕᵢ ∘ (G, P)ₗₒ = (Gₕᵢ ⊕ PₕᵢGₗₒ, PₕᵢPₗₒ) for neighbours; an odd node
  /// at the top moves up unchanged; the lowest node needs no P.
  private func combine(
    _ planes: inout CarryPlanes, layout: PlaneLayout, draws: PairwiseRandomness.Draws, draw: Int
  ) async throws {
    let words = layout.wordCount
    let pairCount = planes.nodeCount / 2
    let gateCount = 2 * pairCount - 1
    let total = gateCount * words
    let masks = PlanePair(
      first: draws.words(.first, draw, count: total), second: draws.words(.second, draw, count: total))
    var gates = [UInt64](repeating: 0, count: total)
    planes.withPointers { generate, propagate in
      gates.withUnsafeMutableBufferPointer { gates in
        masks.first.withUnsafeBufferPointer { maskFirst in
          masks.second.withUnsafeBufferPointer { maskSecond in
            guard let gates = gates.baseAddress, let m0 = maskFirst.baseAddress, let m1 = maskSecond.baseAddress
            else { return }
            for pair in 0..<pairCount {
              let low = 2 * pair * words
              let high = low + words
              let target = pair * words
              ck_rss_and(
                words, propagate.0 + high, propagate.1 + high, generate.0 + low, generate.1 + low, m0 + target,
                m1 + target, gates + target)
              guard pair > 0 else { continue }
              let extra = (pairCount + pair - 1) * words
              ck_rss_and(
                words, propagate.0 + high, propagate.1 + high, propagate.0 + low, propagate.1 + low, m0 + extra,
                m1 + extra, gates + extra)
            }
          }
        }
      }
    }
    let fromNext = try await share(gates, count: gateCount, layout: layout)
    planes.fold(first: gates, second: fromNext, wordCount: words)
  }

  /// One round: sends this party's summands of the gates to the previous party; the next party's summands.
  func share(_ gates: [UInt64], count gateCount: Int, layout: PlaneLayout) async throws -> [UInt64] {
    let words = layout.wordCount
    var toPrevious = Outbox()
    toPrevious.reserve(gateCount * layout.byteCount)
    gates.withUnsafeBufferPointer { gates in
      guard let base = gates.baseAddress else { return }
      for gate in 0..<gateCount { toPrevious.append(plane: base + (gate * words), bitCount: layout.count) }
    }
    var inbox = try await exchange(toPrevious: toPrevious, fromNext: gateCount * layout.byteCount).next
    var fromNext = [UInt64](repeating: 0, count: gateCount * words)
    fromNext.withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      for gate in 0..<gateCount { inbox.plane(layout.count, into: base + (gate * words)) }
    }
    return fromNext
  }
}
