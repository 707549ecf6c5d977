import CKernels
import Tensors

/// Bits times values, and bits as values, with a dealt bit ρ that is shared both ways (`docs/PROTOCOLS.md` 3.4).
///
/// With the opened d = t ⊕ ρ, t = d + (1 − 2d)·ρ; with x = E + A besides,
/// t·x = d·E + d·[A] + (1 − 2d)·(E·[ρ] + [ρA]).
extension AdditiveScheme {
  /// One round; exact for all words. One bit times n − 1 a party where the bits are signs of these scalars (or their
  /// opposites), whose mask is opened already, else 8(n − 1) bytes more; dealt: 16 bytes a scalar.
  public func multiply(_ bits: AdditiveBits, _ share: AdditiveShare) async throws -> AdditiveShare {
    let count = share.shape.count
    guard count > 0 else { return share }
    let origin = bits.origin.flatMap { $0.identity === share.identity ? $0 : nil }
    var draws = try await deal(.selection(count: count, mask: origin?.mask))
    let mask = origin?.summand ?? draws.mask(count)
    var hidden: [[UInt64]] = []
    if origin == nil {
      var words = share.summand.scalars
      ck_u64_sub(count, words, mask, &words)
      hidden = [words]
    }
    let (flips, opened) = try await openBits(bits.words, count, hidden, &draws)
    let e = origin?.opened ?? opened[0]
    let rho = draws.words(count)
    let masked = draws.words(count)
    return AdditiveShare(
      RingTensor(shape: share.shape) { ck_dealt_select(count, first, flips, e, mask, rho, masked, $0.baseAddress) })
  }

  /// One round, n − 1 bits a party and bit; dealt: 8 bytes.
  public func convert(_ bits: AdditiveBits) async throws -> AdditiveShare {
    let count = bits.shape.count
    guard count > 0 else { return AdditiveShare(RingTensor(repeating: 0, shape: bits.shape)) }
    var draws = try await deal(.conversion(count: count))
    let flips = try await openBits(bits.words, count, [], &draws).flips
    let rho = draws.words(count)
    return AdditiveShare(
      RingTensor(shape: bits.shape) { ck_dealt_convert(count, first, flips, rho, $0.baseAddress) })
  }

  /// Opens d = t ⊕ ρ, as words 0 and 1, and other words along with it.
  private func openBits(
    _ bits: [UInt64], _ count: Int, _ others: [[UInt64]], _ draws: inout DealtDraws
  ) async throws -> (flips: [UInt64], others: [[UInt64]]) {
    var plane = draws.maskPlanes(1, count)
    ck_bits_xor(plane.count, plane, bits, &plane)
    let opened = try await openSums(words: others, planes: plane, rows: 1, count: count)
    let flips = [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      ck_bits_unpack(count, opened.planes, buffer.baseAddress)
    }
    return (flips, opened.words)
  }
}
