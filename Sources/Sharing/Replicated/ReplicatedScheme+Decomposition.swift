import CKernels
import Tensors

/// The bits of each scalar, and gates on bits.
///
/// Sources: conversion as for the sign of a scalar (`docs/PROTOCOLS.md`, section 3.5), all carries at once by the parallel prefix
/// of Sklansky, *Conditional-Sum Addition Logic*, IRE Transactions 1960. 2 + ⌈log₂(b − 1)⌉ rounds; 140.25 bytes a scalar
/// for b = 64, 57 for b = 32.
extension ReplicatedScheme {
  private enum Draw {
    /// Level l of the prefix takes number `prefix + l` from every key; lower numbers are the conversion's.
    static let prefix = 8
    /// Every key: the share of zero of a gate.
    static let zero = 0
  }

  public func decompose(_ share: ReplicatedShare, width: Int) async throws -> [ReplicatedBits] {
    precondition((2...64).contains(width), "a scalar has 2 to 64 bits, not \(width)")
    guard options.optimise == .bytes else { return try await dealtDecompose(share, width: width) }
    let draws = beginOperation()
    let count = share.shape.count
    guard count > 0 else {
      return [ReplicatedBits](repeating: ReplicatedBits(shape: share.shape, first: [], second: []), count: width)
    }
    let layout = PlaneLayout(count: count, party: party)
    var planes = try await shareSummands(share, width: width, layout: layout, draws: draws)
    let sums = planes.propagate
    for (level, gates) in CarryPlanes.prefixLevels(nodeCount: width - 1).enumerated() {
      try await combine(&planes, gates, layout: layout, draws: draws, draw: Draw.prefix + level)
    }
    return (0..<width).map { bit in
      var first = sums.first.row(bit, layout)
      var second = sums.second.row(bit, layout)
      if bit > 0 {
        ck_bits_xor(layout.wordCount, first, planes.generate.first.row(bit - 1, layout), &first)
        ck_bits_xor(layout.wordCount, second, planes.generate.second.row(bit - 1, layout), &second)
      }
      return ReplicatedBits(shape: share.shape, first: first, second: second)
    }
  }

  /// One level of the prefix, one round, 3 bits a gate.
  private func combine(
    _ planes: inout CarryPlanes, _ gates: [CarryPlanes.Gate], layout: PlaneLayout, draws: PairwiseRandomness.Draws,
    draw: Int
  ) async throws {
    let words = layout.wordCount
    let total = gates.count * words
    let masks = PlanePair(
      first: draws.words(.first, draw, count: total), second: draws.words(.second, draw, count: total))
    var summands = [UInt64](repeating: 0, count: total)
    planes.withPointers { generate, propagate in
      summands.withUnsafeMutableBufferPointer { summands in
        masks.first.withUnsafeBufferPointer { m0 in
          masks.second.withUnsafeBufferPointer { m1 in
            guard let target = summands.baseAddress, let m0 = m0.baseAddress, let m1 = m1.baseAddress else { return }
            for (index, gate) in gates.enumerated() {
              let (high, low, place) = (gate.high * words, gate.low * words, index * words)
              let source = gate.passesOn ? propagate : generate
              ck_rss_and(
                words, propagate.0 + high, propagate.1 + high, source.0 + low, source.1 + low, m0 + place, m1 + place,
                target + place)
            }
          }
        }
      }
    }
    let arrived = try await self.share(summands, count: gates.count, layout: layout)
    planes.apply(gates, first: summands, second: arrived, wordCount: words)
  }

  /// One round, 3 bits a pair of bits.
  public func and(_ pairs: [(ReplicatedBits, ReplicatedBits)]) async throws -> [ReplicatedBits] {
    guard options.optimise == .bytes else { return try await dealtAnd(pairs) }
    let draws = beginOperation()
    var summands: [[UInt64]] = []
    var toPrevious = Outbox()
    var offset = 0
    for (a, b) in pairs {
      let words = (a.shape.count + 63) / 64
      var summand = [UInt64](repeating: 0, count: words)
      ck_rss_and(
        words, a.first, a.second, b.first, b.second, draws.words(.first, Draw.zero, offset: offset, count: words),
        draws.words(.second, Draw.zero, offset: offset, count: words), &summand)
      summand.withUnsafeBufferPointer { plane in
        if let plane = plane.baseAddress { toPrevious.append(plane: plane, bitCount: a.shape.count) }
      }
      summands.append(summand)
      offset += (words + 1) / 2 * 2
    }
    let byteCount = toPrevious.message.count
    guard byteCount > 0 else { return pairs.map(\.0) }
    var inbox = try await exchange(toPrevious: toPrevious, fromNext: byteCount).next
    return zip(pairs, summands).map { pair, summand in
      var second = [UInt64](repeating: 0, count: summand.count)
      second.withUnsafeMutableBufferPointer { plane in
        if let plane = plane.baseAddress { inbox.plane(pair.0.shape.count, into: plane) }
      }
      return ReplicatedBits(shape: pair.0.shape, first: summand, second: second)
    }
  }
}

/// The parallel prefix over carries.
extension CarryPlanes {
  /// A gate of a prefix: Pₕᵢ ∧ Gₗₒ, or Pₕᵢ ∧ Pₗₒ where it passes carries on.
  struct Gate {
    let high: Int
    let low: Int
    let passesOn: Bool
  }

  /// The gates of each level of Sklansky's prefix. After the last level a node generates where a carry leaves all nodes up
  /// to it; a node whose range begins at the lowest passes nothing on.
  static func prefixLevels(nodeCount: Int) -> [[Gate]] {
    var levels: [[Gate]] = []
    var span = 1
    while span < nodeCount {
      let highs = (0..<nodeCount).filter { $0 & span != 0 }
      let gates = highs.map { Gate(high: $0, low: $0 / span * span - 1, passesOn: false) }
      levels.append(
        gates + gates.filter { $0.high >= 2 * span }.map { Gate(high: $0.high, low: $0.low, passesOn: true) })
      span *= 2
    }
    return levels
  }

  /// Puts the results of one level's gates in place.
  mutating func apply(_ gates: [Gate], first: [UInt64], second: [UInt64], wordCount: Int) {
    for (index, gate) in gates.enumerated() {
      let source = index * wordCount
      let target = gate.high * wordCount
      for word in 0..<wordCount {
        if gate.passesOn {
          propagate.first[target + word] = first[source + word]
          propagate.second[target + word] = second[source + word]
        } else {
          generate.first[target + word] ^= first[source + word]
          generate.second[target + word] ^= second[source + word]
        }
      }
    }
  }
}
