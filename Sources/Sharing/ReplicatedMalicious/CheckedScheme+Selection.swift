import CKernels
import Tensors

/// Bits times values, and bits as values: component by component of the bit, each of which is a sharing for free
/// (`docs/protocols/replicated-malicious.md`, 4).
extension CheckedScheme {
  /// Three rounds, 72 bytes a scalar.
  public func multiply(_ bits: CheckedBits, _ share: CheckedShare) async throws -> CheckedShare {
    guard share.shape.count > 0 else { return share }
    let first = try await products(of: share, component: 0, bits)
    return try await continuing(first, of: share, bits)
  }

  /// Two rounds, 48 bytes a bit.
  public func convert(_ bits: CheckedBits) async throws -> CheckedShare {
    let shape = bits.shape
    let one = constant(RingTensor(repeating: 1, shape: shape))
    guard shape.count > 0 else { return one }
    let zero = RingTensor(repeating: 0, shape: shape)
    func word(_ plane: [UInt64]) -> RingTensor {
      RingTensor(shape: shape) { ck_bits_unpack($0.count, plane, $0.baseAddress) }
    }
    // Component 0 of the bits is a value.
    let first = CheckedShare(
      first: party == 0 ? word(bits.planes.first) : zero, second: party == 2 ? word(bits.planes.second) : zero)
    return try await continuing(first, of: one, bits)
  }

  /// Two rounds, 48 bytes a bit, however many tables.
  public func weightedSums(_ bits: [CheckedBits], tables: [[UInt64]]) async throws -> [CheckedShare] {
    let shape = bits[0].shape
    let words = try await convert(concatenate(bits))
    return tables.map { table in
      let zero = constant(RingTensor(repeating: 0, shape: shape))
      return table.enumerated().reduce(zero) { sum, entry in
        let row = words.sliced(entry.offset * shape.count..<(entry.offset + 1) * shape.count).reshaped(to: shape)
        return sum + row.scaled(by: entry.element)
      }
    }
  }

  /// Two rounds: from b₀x to (b₀ ⊕ b₁ ⊕ b₂)x, as f + bⱼ(x − 2f) is (c ⊕ bⱼ)x where f is cx.
  private func continuing(
    _ first: CheckedShare, of share: CheckedShare, _ bits: CheckedBits
  ) async throws -> CheckedShare {
    var selected = first
    for component in 1...2 {
      let rest = share - selected.scaled(by: 2)
      selected = selected + (try await products(of: rest, component: component, bits))
    }
    return selected
  }

  /// One round: one component of the bits times a share.
  private func products(of share: CheckedShare, component: Int, _ bits: CheckedBits) async throws -> CheckedShare {
    let kept = KeptBits(
      first: component == party ? bits.planes.first : nil, second: component == next ? bits.planes.second : nil)
    var z = zeroShare(beginOperation(), shape: share.shape)
    // Only the two holders of the component have terms.
    if let first = kept.first {
      z = z + Self.words(share.first + share.second, where: first)
    } else if let second = kept.second {
      z = z + Self.words(share.first, where: second)
    }
    let result = try await reshare([z])[0]
    ledger.append(kept, share, result)
    return result
  }

  private static func words(_ words: RingTensor, where plane: [UInt64]) -> RingTensor {
    RingTensor(shape: words.shape) {
      guard let target = $0.baseAddress else { return }
      ck_gf64_where($0.count, plane, words.scalars, target)
    }
  }
}
