import CKernels
import Tensors

/// Division by a power of two without looking for a wrap: rarely wrong, but then by 2^(64 − f).
///
/// Source: Mohassel and Zhang, *SecureML*, IEEE S&P 2017, theorem 1; `docs/PROTOCOLS.md`, section 2.5. With a uniform
/// two-party sharing z = s₀ + s₁, roles 0 and 1 divide their shares: y₀ = ⌊s₀/2^f⌋ and y₁ = ⌈s₁/2^f⌉. The result is ⌊z/2^f⌋
/// or ⌊z/2^f⌋ + 1, the upper value with probability frac(z/2^f), but for a wrap of the sharing, whose probability is
/// |z|/2⁶⁴. Role 2 learns y₀, which is uniform but for its highest f + 1 bits, all alike.
///
/// A share costs 1 round and 16 bytes a scalar, a product 2 rounds and 24.
extension ReplicatedScheme {
  private enum Draw {
    /// Key 2, roles 1 and 2: component 2 of the result.
    static let component2 = 0
    /// Key 1, roles 0 and 1: makes the two-party sharing uniform.
    static let refresh = 0
    /// Makes a replicated product additive where it travels with others: a share of zero.
    static let zero = 1
  }

  func truncateFast(_ items: [Truncation<ReplicatedProduct>]) async throws -> [ReplicatedShare] {
    let draws = beginOperation()
    var parts = truncationParts(of: items, draws, zero: Draw.zero)
    if items.contains(where: { $0.product.isAdditive }) {
      for index in parts.indices {
        parts[index].state = parts[index].summand
        if parts[index].role == .first { parts[index].divideDown() }
      }
      let arrived = try await pass(parts, from: [.first, .third])
      for index in parts.indices {
        switch parts[index].role {
        case .first: break
        case .second: ck_u64_add(parts[index].count, parts[index].state, arrived[index], &parts[index].state)
        case .third: parts[index].state = arrived[index]
        }
      }
      return try await finish(&parts, from: [.second], draws, shapes: items.map(\.product.shape))
    }
    for index in parts.indices where parts[index].role != .third {
      refresh(&parts[index], draws)
      if parts[index].role == .first { parts[index].divideDown() }
    }
    return try await finish(&parts, from: [.first, .second], draws, shapes: items.map(\.product.shape))
  }

  /// Roles 0 and 1: their shares of a replicated value, made uniform.
  private func refresh(_ part: inout TruncationPart, _ draws: PairwiseRandomness.Draws) {
    part.state = part.twoPartyShare
    if part.role == .first {
      let rho = draws.words(.second, Draw.refresh, offset: part.offset, count: part.count)
      ck_u64_add(part.count, part.state, rho, &part.state)
    } else {
      let rho = draws.words(.first, Draw.refresh, offset: part.offset, count: part.count)
      ck_u64_sub(part.count, part.state, rho, &part.state)
    }
  }

  /// The last round: role 1 divides its share and sends it to role 0, masked by component 2; the result is (y₀, y₁ − o₂, o₂).
  private func finish(
    _ parts: inout [TruncationPart], from senders: Set<Role>, _ draws: PairwiseRandomness.Draws, shapes: [Shape]
  ) async throws -> [ReplicatedShare] {
    var outer: [[UInt64]] = []
    for index in parts.indices {
      let (role, count) = (parts[index].role, parts[index].count)
      guard role != .first else {
        outer.append([])
        continue
      }
      let key: PairwiseRandomness.Key = role == .second ? .second : .first
      outer.append(draws.words(key, Draw.component2, offset: parts[index].offset, count: count))
      if role == .second {
        parts[index].divideUp()
        ck_u64_sub(count, parts[index].state, outer[index], &parts[index].state)
      }
    }
    let arrived = try await pass(parts, from: senders)
    let components = parts.indices.map { index -> (first: [UInt64], second: [UInt64]) in
      switch parts[index].role {
      case .first: (parts[index].state, arrived[index])
      case .second: (parts[index].state, outer[index])
      case .third: (outer[index], senders.contains(.first) ? arrived[index] : parts[index].state)
      }
    }
    return TruncationPart.joined(parts, components, shapes: shapes)
  }

  /// One round: parties send the state of the parts in which they play one of the roles to the previous role; what arrived, by
  /// part.
  private func pass(_ parts: [TruncationPart], from senders: Set<Role>) async throws -> [[UInt64]] {
    var toPrevious = Outbox()
    for part in parts where senders.contains(part.role) { toPrevious.append(part.state) }
    let expected = parts.reduce(0) { $0 + (senders.contains($1.role.next) ? 8 * $1.count : 0) }
    var inbox = try await exchange(toPrevious: toPrevious, fromNext: expected).next
    return parts.map { senders.contains($0.role.next) ? inbox.words($0.count) : [] }
  }
}

extension TruncationPart {
  /// ⌊s/2^f⌋ of the state, signed.
  fileprivate mutating func divideDown() {
    ck_u64_shift_right_arithmetic(count, state, UInt32(bits), &state)
  }

  /// ⌈s/2^f⌉ of the state, signed.
  fileprivate mutating func divideUp() {
    ck_u64_neg(count, state, &state)
    divideDown()
    ck_u64_neg(count, state, &state)
  }
}
