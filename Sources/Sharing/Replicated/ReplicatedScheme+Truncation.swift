import CKernels
import Tensors

/// Division by a power of two: exact up to one unit in the last place, never wrong by more.
///
/// Sources: the OR of the two shares' top bits is the wrap of a two-party sharing whose sign is known (Rathee et al.,
/// *CrypTFlow2*, CCS 2020; Huang et al., *Cheetah*, USENIX Security 2022), and rounding is unbiased when the sharing is
/// uniform (ePrint 2025/200). The result is ⌊x/2^f⌋ or ⌊x/2^f⌋ + 1, the upper value with probability frac(x/2^f).
/// The rounding coin is a function of the masks; the ideal functionality that is realised exposes it.
///
/// A share costs 2 rounds and 22 bytes a scalar (25 where f > 16, 28 where f > 24), a product 3 rounds and 30 (33, 36).
extension ReplicatedScheme {
  /// The words an operation takes from the keys, by role key, in this order.
  private enum Draw {
    /// Key 0, roles 0 and 2: blinds u; masks of c; component 0 of the result.
    static let blindFirst = 0
    static let cross = 1
    static let component0 = 2
    /// Key 2, roles 1 and 2: blinds v; component 2 of the result.
    static let blindSecond = 0
    static let component2 = 1
    /// Key 1, roles 0 and 1: makes the two-party sharing uniform.
    static let refresh = 0
    /// Makes a replicated product additive where it travels with others: a share of zero.
    static let zero = 3
  }

  public func truncate(_ items: [Truncation<ReplicatedProduct>]) async throws -> [ReplicatedShare] {
    if options.truncation == .fast, items.allSatisfy(\.mayFail) { return try await truncateFast(items) }
    let draws = beginOperation()
    let fused = items.contains { $0.product.isAdditive }
    var parts = truncationParts(of: items, draws, zero: Draw.zero)
    if fused { try await gather(&parts, draws) }
    try await openWrap(&parts, draws, helping: !fused)
    return try await exchangeQuotients(parts, draws, shapes: items.map(\.product.shape))
  }

  /// Products only, one round: role 2 sends its summand to role 1, together with the helper's correction.
  private func gather(_ parts: inout [TruncationPart], _ draws: PairwiseRandomness.Draws) async throws {
    var toPrevious = Outbox()
    var expected = 0
    for part in parts {
      switch part.role {
      case .first: break
      case .second: expected += part.count * (8 + part.width.byteCount)
      case .third:
        toPrevious.append(part.summand)
        toPrevious.append(correction(of: part, draws), width: part.width)
      }
    }
    var inbox = try await exchange(toPrevious: toPrevious, fromNext: expected).next
    for index in parts.indices where parts[index].role == .second {
      let part = parts[index]
      let fromThird = inbox.words(part.count)
      var sum = part.summand
      ck_u64_add(part.count, sum, fromThird, &sum)
      parts[index].state = sum
      parts[index].correction = inbox.words(part.count, width: part.width)
    }
    for index in parts.indices where parts[index].role == .first { parts[index].state = parts[index].summand }
  }

  /// What role 2 contributes, which depends on no secret: c₁ = a·b − c₀.
  private func correction(of part: TruncationPart, _ draws: PairwiseRandomness.Draws) -> [UInt64] {
    let a = draws.words(.second, Draw.blindFirst, offset: part.offset, count: part.count)
    let c0 = draws.words(.second, Draw.cross, offset: part.offset, count: part.count)
    var b = draws.words(.first, Draw.blindSecond, offset: part.offset, count: part.count)
    ck_rss_truncate_help(part.count, a, b, c0, &b)
    return b
  }

  /// One round: roles 0 and 1 exchange their blinded top bits A and B in the small ring.
  private func openWrap(
    _ parts: inout [TruncationPart], _ draws: PairwiseRandomness.Draws, helping: Bool
  ) async throws {
    var toNext = Outbox()
    var toPrevious = Outbox()
    var fromNext = 0
    var fromPrevious = 0
    for index in parts.indices {
      let part = parts[index]
      let count = part.count
      switch part.role {
      case .first, .second:
        let isFirst = part.role == .first
        // Role 0 shares key 1 with its next party, role 1 with its previous one.
        let refresh =
          helping ? draws.words(isFirst ? .second : .first, Draw.refresh, offset: part.offset, count: count) : nil
        if helping { parts[index].state = part.twoPartyShare }
        let blind = draws.words(
          isFirst ? .first : .second, isFirst ? Draw.blindFirst : Draw.blindSecond, offset: part.offset, count: count)
        let opened = [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
          initialized = count
          ck_rss_truncate_open(
            count, isFirst ? 1 << 62 : 0, refresh, isFirst ? 0 : 1, blind, &parts[index].state, buffer.baseAddress)
        }
        parts[index].blind = blind
        if isFirst {
          toNext.append(opened, width: part.width)
          fromNext += count * part.width.byteCount
        } else {
          toPrevious.append(opened, width: part.width)
          fromPrevious += count * part.width.byteCount
          if helping { fromNext += count * part.width.byteCount }
        }
      case .third:
        if helping { toPrevious.append(correction(of: part, draws), width: part.width) }
      }
    }
    var (next, previous) = try await exchange(
      toNext: toNext, toPrevious: toPrevious, fromNext: fromNext, fromPrevious: fromPrevious)
    for index in parts.indices {
      let part = parts[index]
      switch part.role {
      case .first: parts[index].opened = next.words(part.count, width: part.width)
      case .second:
        parts[index].opened = previous.words(part.count, width: part.width)
        if helping { parts[index].correction = next.words(part.count, width: part.width) }
      case .third: break
      }
    }
  }

  /// One round: roles 0 and 1 exchange their quotients, masked by the outer components of the result.
  private func exchangeQuotients(
    _ parts: [TruncationPart], _ draws: PairwiseRandomness.Draws, shapes: [Shape]
  ) async throws -> [ReplicatedShare] {
    var toNext = Outbox()
    var toPrevious = Outbox()
    var fromNext = 0
    var fromPrevious = 0
    var known: [[UInt64]] = []
    var own: [[UInt64]] = []
    for part in parts {
      let count = part.count
      var quotient = part.state
      switch part.role {
      case .first:
        let cross = draws.words(.first, Draw.cross, offset: part.offset, count: count)
        let component = draws.words(.first, Draw.component0, offset: part.offset, count: count)
        ck_rss_truncate_first(count, UInt32(part.bits), part.state, part.opened, cross, component, &quotient)
        toNext.append(quotient)
        fromNext += count * 8
        known.append(component)
      case .second:
        let component = draws.words(.second, Draw.component2, offset: part.offset, count: count)
        ck_rss_truncate_second(
          count, UInt32(part.bits), part.state, part.opened, part.blind, part.correction, component, &quotient)
        toPrevious.append(quotient)
        fromPrevious += count * 8
        known.append(component)
      case .third:
        known.append(draws.words(.first, Draw.component2, offset: part.offset, count: count))
        quotient = draws.words(.second, Draw.component0, offset: part.offset, count: count)
      }
      own.append(quotient)
    }
    var (next, previous) = try await exchange(
      toNext: toNext, toPrevious: toPrevious, fromNext: fromNext, fromPrevious: fromPrevious)
    var components: [(first: [UInt64], second: [UInt64])] = []
    for (index, part) in parts.enumerated() {
      switch part.role {
      case .first:
        var shared = next.words(part.count)
        ck_u64_add(part.count, shared, own[index], &shared)
        components.append((known[index], shared))
      case .second:
        var shared = previous.words(part.count)
        ck_u64_add(part.count, shared, own[index], &shared)
        components.append((shared, known[index]))
      case .third: components.append((known[index], own[index]))
      }
    }
    return TruncationPart.joined(parts, components, shapes: shapes)
  }
}
