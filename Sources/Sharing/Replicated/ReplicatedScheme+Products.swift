import CKernels
public import Tensors

/// Products: silent until they are brought back to shares.
///
/// Source: Araki et al. 2016, protocol 3.2, with the mask of protocol 3.1: zᵢ = xᵢyᵢ + xᵢyᵢ₊₁ + xᵢ₊₁yᵢ + aᵢ, where
/// a₀ + a₁ + a₂ = 0 comes from the pairwise keys. Only the size of the product is ever sent: an inner dimension is free.
///
/// Twice a product needs three local products, one at each party (``accumulateDoubled(_:into:scratch:)``); it is as good as the
/// product where a division by a power of two follows.
extension ReplicatedScheme {
  private enum Draw {
    static let zero = 0
  }

  /// No rounds: the summands are not sent yet.
  public func multiply(_ pairs: [Multiplication<ReplicatedShare>]) async throws -> [ReplicatedProduct] {
    pairs.map { pair in
      ReplicatedProduct(form: .additive(summand(pair, draws: beginOperation())))
    }
  }

  private func summand(
    _ pair: Multiplication<ReplicatedShare>, draws: PairwiseRandomness.Draws
  ) -> RingTensor {
    var result = zeroShare(draws, draw: Draw.zero, shape: pair.form.resultShape)
    let (x, y) = (pair.left, pair.right)
    result.withScalars { z in
      guard let z = z.baseAddress else { return }
      if case .elementwise(let shape) = pair.form, !pair.isDoubled {
        ck_rss_multiply(
          shape.count, x.first.scalars, x.second.scalars, y.first.scalars, y.second.scalars, z)
        return
      }
      pair.form.withScratch { scratch in
        if pair.isDoubled {
          accumulateDoubled(pair, into: z, scratch: scratch)
        } else {
          accumulateWhole(pair, into: z, scratch: scratch)
        }
      }
    }
    return result
  }

  public func doubles(_ form: Bilinear) -> Bool { form.isCheaperDoubled }

  /// (2x₀ + x₁)(2y₀ + y₁) + (x₁ + 2x₂)(y₁ + 2y₂) − 2(x₂ − x₀)(y₂ − y₀) = 2xy, one term at each party.
  ///
  /// Without the factor 2 there is no such identity: modulo 2 it would need three matrices of rank 1 that do not exist
  /// (`docs/PROTOCOLS.md`, section 2.1).
  private func accumulateDoubled(
    _ pair: Multiplication<ReplicatedShare>, into z: UnsafeMutablePointer<UInt64>,
    scratch: UnsafeMutablePointer<UInt64>
  ) {
    let (left, right): ((UInt64, UInt64), (UInt64, UInt64)) =
      switch party {
      case 0: ((2, 1), (2, 1))
      case 1: ((1, 2), (1, 2))
      default: ((0 &- 2, 2), (1, .max))
      }
    let (x, y) = (pair.left.weighted(left), pair.right.weighted(right))
    pair.form.accumulate(x.scalars, y.scalars, into: z, scratch: scratch)
  }

  private func accumulateWhole(
    _ pair: Multiplication<ReplicatedShare>, into z: UnsafeMutablePointer<UInt64>,
    scratch: UnsafeMutablePointer<UInt64>
  ) {
    let (x, y) = (pair.left, pair.right)
    // The sum is taken over the smaller operand: weights of a large layer are only read.
    if x.shape.count <= y.shape.count {
      let sum = x.first + x.second
      pair.form.accumulate(sum.scalars, y.first.scalars, into: z, scratch: scratch)
      pair.form.accumulate(x.first.scalars, y.second.scalars, into: z, scratch: scratch)
    } else {
      let sum = y.first + y.second
      pair.form.accumulate(x.first.scalars, sum.scalars, into: z, scratch: scratch)
      pair.form.accumulate(x.second.scalars, y.first.scalars, into: z, scratch: scratch)
    }
  }

  /// This party's summand of a sharing of zero.
  func zeroShare(_ draws: PairwiseRandomness.Draws, draw: Int, offset: Int = 0, shape: Shape) -> RingTensor {
    let count = shape.count
    let second = draws.words(.second, draw, offset: offset, count: count)
    return RingTensor(shape: shape) { target in
      draws.fill(.first, draw, offset: offset, target)
      guard let base = target.baseAddress else { return }
      ck_u64_sub(count, base, second, base)
    }
  }

  /// One round, 24 bytes a scalar: each party sends its summand to the previous one. Nothing for products that are
  /// still replicated.
  public func reduce(_ products: [ReplicatedProduct]) async throws -> [ReplicatedShare] {
    var toPrevious = Outbox()
    for case .additive(let summand) in products.map(\.form) { toPrevious.append(summand.scalars) }
    let byteCount = toPrevious.message.count
    guard byteCount > 0 else { return products.map(share) }
    var inbox = try await exchange(toPrevious: toPrevious, fromNext: byteCount).next
    return products.map { product in
      guard case .additive(let summand) = product.form else { return share(product) }
      let second = RingTensor(shape: summand.shape, scalars: inbox.words(summand.count))
      return ReplicatedShare(first: summand, second: second)
    }
  }

  /// A product of which both components are known.
  private func share(_ product: ReplicatedProduct) -> ReplicatedShare {
    switch product.form {
    case .replicated(let share): share
    case .additive(let summand): ReplicatedShare(first: summand, second: summand)
    }
  }

  /// One round, 24 bytes a scalar: each party sends its first component to the next one.
  public func open(_ shares: [ReplicatedShare]) async throws -> [RingTensor] {
    var toNext = Outbox()
    for share in shares { toNext.append(share.first.scalars) }
    let byteCount = toNext.message.count
    guard byteCount > 0 else { return shares.map(\.first) }
    var inbox = try await exchange(toNext: toNext, fromPrevious: byteCount).previous
    return shares.map { share in
      let missing = RingTensor(shape: share.shape, scalars: inbox.words(share.shape.count))
      return share.first + share.second + missing
    }
  }

  /// This party's summand of a value for somebody outside, who adds up the three: masked afresh, so that the components
  /// say nothing beyond their sum. No rounds between the parties; 24 bytes a scalar to the receiver.
  package func summandForOutside(_ share: ReplicatedShare) -> RingTensor {
    share.first + zeroShare(beginOperation(), draw: Draw.zero, shape: share.shape)
  }
}
