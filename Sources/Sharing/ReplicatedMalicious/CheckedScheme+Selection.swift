import CKernels
import Tensors

/// Bits times values, and bits as values: component by component of the bit, each of which is a sharing for free
/// (`docs/protocols/replicated-malicious.md`, 4).
extension CheckedScheme {
  /// Three rounds, 288 bytes a scalar.
  public func multiply(_ bits: CheckedBits, _ share: CheckedShare) async throws -> CheckedShare {
    guard share.shape.count > 0 else { return share }
    let first = try await products(of: share, component: 0, bits)
    return try await continuing(first, of: share, bits)
  }

  /// Three rounds, 240 bytes a bit.
  public func convert(_ bits: CheckedBits) async throws -> CheckedShare { try await convert(bits, with: []).share }

  /// Three rounds, 240 bytes a bit, however many tables.
  public func weightedSums(_ bits: [CheckedBits], tables: [[UInt64]]) async throws -> [CheckedShare] {
    let shape = bits[0].shape
    let words = try await convert(concatenate(bits))
    return tables.map { table in
      let zero = constant(RingTensor(repeating: 0, shape: shape))
      return table.enumerated().reduce(zero) { sum, entry in
        let row = words.sliced(entry.offset * shape.count..<(entry.offset + 1) * shape.count).reshaped(to: shape)
        return sum + row.scaled(by: UInt128(entry.element))
      }
    }
  }

  /// Three rounds: bits as words, and MACs of further values in the first of them.
  func convert(
    _ bits: CheckedBits, with values: [WidePair]
  ) async throws -> (share: CheckedShare, authenticated: [CheckedShare]) {
    let shape = bits.shape
    let one = constant(RingTensor(repeating: 1, shape: shape))
    guard shape.count > 0 else { return (one, try await authenticate(values)) }
    // Component 0 of the bits is a value; times α it is one product.
    let mac = product(one.mac, component: 0, bits)
    var pairs = try await reshare([mac] + values.map(authenticating))[...]
    let zero = WideTensor(repeating: 0, shape: shape)
    func word(_ plane: [UInt64]) -> WideTensor {
      var words = [UInt64](repeating: 0, count: shape.count)
      ck_bits_unpack(shape.count, plane, &words)
      return WideTensor(low: RingTensor(shape: shape, scalars: words))
    }
    let value = WidePair(
      first: party == 0 ? word(bits.planes.first) : zero, second: party == 2 ? word(bits.planes.second) : zero)
    let first = noted(CheckedShare(value: value, mac: pairs.removeFirst()))
    let others = zip(values, pairs).map { noted(CheckedShare(value: $0, mac: $1)) }
    return (try await continuing(first, of: one, bits), others)
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
  private func products(
    of share: CheckedShare, component: Int, _ bits: CheckedBits
  ) async throws -> CheckedShare {
    let pairs = try await reshare([
      product(share.value, component: component, bits), product(share.mac, component: component, bits),
    ])
    return noted(CheckedShare(value: pairs[0], mac: pairs[1]))
  }

  /// This party's summand of one component of the bits times words: only its holders have terms.
  private func product(_ words: WidePair, component: Int, _ bits: CheckedBits) -> WideTensor {
    var z = zeroShare(beginOperation(), shape: words.shape)
    if component == party {
      ck_u128_add_where(words.count, bits.planes.first, (words.first + words.second).words, &z.words)
    } else if component == next {
      ck_u128_add_where(words.count, bits.planes.second, words.first.words, &z.words)
    }
    return z
  }
}
