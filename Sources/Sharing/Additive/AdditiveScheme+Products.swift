import CKernels
public import Tensors

/// Products with masks and their products from the dealer.
///
/// Source: Beaver, CRYPTO 1991 (`docs/PROTOCOLS.md` 2.2): open E = X − A and F = Y − B; then
/// Z = EF + E·[B] + [A]·F + [C] with the dealt C = A·B, for every form that is linear in both operands.
extension AdditiveScheme {
  /// One round, 8(n − 1) bytes a party for each scalar of each operand; an operand that occurs twice is opened once, one
  /// whose mask is kept not at all. Dealt: 8 bytes a scalar of the results.
  public func multiply(_ pairs: [Multiplication<AdditiveShare>]) async throws -> [AdditiveProduct] {
    guard !pairs.isEmpty else { return [] }
    let operands = MaskedOperands(pairs)
    var draws = try await deal(operands.demand(of: pairs) { $0.mask?.name })
    let masks = try await masked(operands.shares(of: pairs), &draws)
    return zip(pairs, operands.places).map { pair, place in
      let shape = pair.form.resultShape
      var result = RingTensor(shape: shape, scalars: draws.words(shape.count))
      accumulate(pair.form, masks[place.left], masks[place.right], into: &result)
      return AdditiveProduct(summand: pair.isDoubled ? result.scaled(by: 2) : result)
    }
  }

  /// Opens X − A for every share that has no mask yet, all in one round.
  private func masked(_ shares: [AdditiveShare], _ draws: inout DealtDraws) async throws -> [OpenedMask] {
    var drawn: [(name: DealtMask, summand: RingTensor)] = []
    var hidden: [[UInt64]] = []
    for share in shares where share.mask == nil {
      let name = draws.nextMask
      let summand = RingTensor(shape: share.shape, scalars: draws.mask(share.shape.count))
      drawn.append((name, summand))
      hidden.append((share.summand - summand).scalars)
    }
    let isSilent = hidden.allSatisfy(\.isEmpty)
    var opened = (isSilent ? hidden : try await openSums(words: hidden))[...]
    var fresh = drawn[...]
    return shares.map { share in
      if let mask = share.mask { return mask }
      let (name, summand) = fresh.removeFirst()
      return OpenedMask(
        name: name, opened: RingTensor(shape: share.shape, scalars: opened.removeFirst()), summand: summand)
    }
  }

  /// z += EF + E·[B] + [A]·F, where the first term is added by party 0 alone.
  private func accumulate(_ form: Bilinear, _ left: OpenedMask, _ right: OpenedMask, into result: inout RingTensor) {
    result.withScalars { z in
      guard let z = z.baseAddress else { return }
      let (e, f) = (left.opened.scalars, right.opened.scalars)
      if case .elementwise = form {
        ck_beaver_multiply(e.count, first, e, f, left.summand.scalars, right.summand.scalars, z)
        return
      }
      form.withScratch { scratch in
        // EF joins one of the two other products, the one where the sum that it takes is known or small.
        if party == 0, right.combined == nil, left.combined != nil || e.count <= f.count {
          form.accumulate(combined(left).scalars, f, into: z, scratch: scratch)
          form.accumulate(e, right.summand.scalars, into: z, scratch: scratch)
        } else {
          form.accumulate(e, combined(right).scalars, into: z, scratch: scratch)
          form.accumulate(left.summand.scalars, f, into: z, scratch: scratch)
        }
      }
    }
  }

  /// This party's summand of the mask, and what was opened as well at party 0.
  private func combined(_ mask: OpenedMask) -> RingTensor {
    party == 0 ? mask.combined ?? mask.opened + mask.summand : mask.summand
  }

  /// The same secrets with masks that are opened once and kept, for operands of many products such as weights that do not
  /// change: products then open their other operand alone. One round, 8(n − 1) bytes a party and scalar.
  public func fix(_ shares: [AdditiveShare]) async throws -> [AdditiveShare] {
    guard shares.contains(where: { $0.shape.count > 0 }) else { return shares }
    var draws = try await deal(.masks(counts: shares.map(\.shape.count)))
    let masks = try await masked(shares, &draws)
    return zip(shares, masks).map { share, mask in
      var fixed = share
      fixed.mask = mask
      if party == 0 { fixed.mask?.combined = mask.opened + mask.summand }
      return fixed
    }
  }

  /// Silent: a summand of a product is a summand of its words.
  public func reduce(_ products: [AdditiveProduct]) async throws -> [AdditiveShare] {
    products.map { AdditiveShare($0.summand) }
  }

  /// One round, 8(n − 1) bytes a party and scalar: each party sends its summand, masked by a share of zero, to all others.
  public func open(_ shares: [AdditiveShare]) async throws -> [RingTensor] {
    let summands = shares.map { share -> [UInt64] in
      var words = zero(share.shape.count)
      ck_u64_add(words.count, words, share.summand.scalars, &words)
      return words
    }
    guard shares.contains(where: { $0.shape.count > 0 }) else { return shares.map(\.summand) }
    let opened = try await openSums(words: summands)
    return zip(shares, opened).map { RingTensor(shape: $0.shape, scalars: $1) }
  }

  /// This party's summand of a value for somebody outside, who adds them up: masked afresh, so that the summands say
  /// nothing beyond their sum. No rounds between the parties; 8 bytes a scalar and party to the receiver.
  package func summandForOutside(_ share: AdditiveShare) -> RingTensor {
    share.summand + RingTensor(shape: share.shape, scalars: zero(share.shape.count))
  }
}
