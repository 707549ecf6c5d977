import CKernels
import Tensors

/// Bits times values, and bits as values, with a dealt bit ρ that is shared both ways (`docs/PROTOCOLS.md` 3.4).
///
/// With the opened d = t ⊕ ρ, t = d + (1 − 2d)·ρ; with x = E + A besides,
/// t·x = d·E + d·[A] + (1 − 2d)·(E·[ρ] + [ρA]).
extension DealtGates {
  /// One round; where the bits are signs of these scalars (or their opposites), whose mask is opened already, it opens but a
  /// bit a scalar.
  func multiply(_ bits: AdditiveBits, _ share: AdditiveShare) async throws -> AdditiveShare {
    let count = share.shape.count
    guard count > 0 else { return share }
    let origin = bits.origin.flatMap { $0.identity === share.identity ? $0 : nil }
    var draws = try await party.deal(.selection(count: count, mask: origin?.mask))
    let mask = origin?.summand ?? draws.mask(count)
    var hidden: [[UInt64]] = []
    if origin == nil {
      var words = share.summand.scalars
      ck_u64_sub(count, words, mask, &words)
      hidden = [words]
    }
    let (flips, opened) = try await openBits(bits.words, rows: 1, count, hidden, &draws)
    let e = origin?.opened ?? opened[0]
    let rho = draws.words(count)
    let masked = draws.words(count)
    return AdditiveShare(
      RingTensor(shape: share.shape) { ck_dealt_select(count, first, flips, e, mask, rho, masked, $0.baseAddress) })
  }

  func convert(_ bits: AdditiveBits) async throws -> AdditiveShare {
    let words = try await words(of: bits.words, rows: 1, count: bits.shape.count)
    return AdditiveShare(RingTensor(shape: bits.shape, scalars: words))
  }

  func weightedSums(_ bits: [AdditiveBits], tables: [[UInt64]]) async throws -> [AdditiveShare] {
    let shape = bits[0].shape
    let count = shape.count
    let words = try await words(of: bits.flatMap(\.words), rows: bits.count, count: count)
    return tables.map { table in
      var sum = [UInt64](repeating: 0, count: count)
      words.withUnsafeBufferPointer { words in
        guard let base = words.baseAddress else { return }
        for (row, weight) in table.enumerated() { ck_u64_axpy(count, weight, base + (row * count), &sum) }
      }
      return AdditiveShare(RingTensor(shape: shape, scalars: sum))
    }
  }

  /// Shares of the bits of planes as ring words, plane by plane.
  private func words(of planes: [UInt64], rows: Int, count: Int) async throws -> [UInt64] {
    guard rows * count > 0 else { return [] }
    var draws = try await party.deal(.conversion(rows: rows, count: count))
    let flips = try await openBits(planes, rows: rows, count, [], &draws).flips
    var result = draws.words(rows * count)
    result.withUnsafeMutableBufferPointer { z in
      ck_dealt_convert(z.count, first, flips, z.baseAddress, z.baseAddress)
    }
    return result
  }

  /// Opens d = t ⊕ ρ, as words 0 and 1, and other words along with it.
  private func openBits(
    _ bits: [UInt64], rows: Int, _ count: Int, _ others: [[UInt64]], _ draws: inout DealtDraws
  ) async throws -> (flips: [UInt64], others: [[UInt64]]) {
    var planes = draws.maskPlanes(rows, count)
    ck_bits_xor(planes.count, planes, bits, &planes)
    let opened = try await party.openSums(words: others, planes: [PlaneBlock(words: planes, rows: rows, count: count)])
    return (Dealer.unpacked(opened.planes[0].words, rows: rows, count: count), opened.words)
  }
}
