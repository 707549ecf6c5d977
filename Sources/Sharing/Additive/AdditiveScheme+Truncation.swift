import CKernels
import Tensors

/// Division by a power of two, unbiased and without rare disasters, for any number of parties.
///
/// Source: Dalskov, Escudero and Keller, PETS 2020; Escudero et al., CRYPTO 2020 (`docs/PROTOCOLS.md` 2.6): open
/// c = x + 2⁶² + r for a dealt r; the dealer also shares the top bit of r and the rest of it shifted.
extension AdditiveScheme {
  /// One round, 8(n − 1) bytes a party and scalar; dealt: 16 bytes a scalar.
  public func truncate(_ items: [Truncation<AdditiveProduct>]) async throws -> [AdditiveShare] {
    guard items.contains(where: { $0.product.shape.count > 0 }) else {
      return items.map { AdditiveShare($0.product.summand) }
    }
    var draws = try await deal(
      .truncation(items.map { Demand.Truncated(count: $0.product.shape.count, bits: $0.bits) }))
    var hidden: [[UInt64]] = []
    var dealt: [(top: [UInt64], shifted: [UInt64])] = []
    for item in items {
      let count = item.product.shape.count
      var words = draws.mask(count)
      ck_u64_add(count, words, item.product.summand.scalars, &words)
      if party == 0 { ck_u64_add_scalar(count, words, 1 << 62, &words) }
      hidden.append(words)
      let top = draws.words(count)
      dealt.append((top, draws.words(count)))
    }
    let opened = try await openSums(words: hidden)
    return items.indices.map { index in
      let item = items[index]
      return AdditiveShare(
        RingTensor(shape: item.product.shape) {
          ck_dealt_truncate(
            $0.count, UInt32(item.bits), first, opened[index], dealt[index].top, dealt[index].shifted, $0.baseAddress)
        })
    }
  }
}
