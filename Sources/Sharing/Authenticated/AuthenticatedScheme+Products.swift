import CKernels
import Tensors

/// Products with authenticated masks and products from the dealer (Beaver, CRYPTO 1991, over Z/2¹²⁸).
extension AuthenticatedScheme {
  /// One round, 16(n − 1) bytes a party for each scalar of each operand; an operand that occurs twice is opened once, one
  /// whose mask is kept not at all. Dealt: 16 bytes a scalar opened, 32 a scalar of the results.
  public func multiply(_ pairs: [Multiplication<AuthenticatedShare>]) async throws -> [AuthenticatedProduct] {
    guard !pairs.isEmpty else { return [] }
    let operands = MaskedOperands(pairs)
    var draws = try await deal(operands.demand(of: pairs) { $0.mask?.name })
    let masks = try await masked(operands.shares(of: pairs), &draws)
    return zip(pairs, operands.places).map { pair, place in
      let dealt = draws.authenticatedWords(pair.form.resultShape)
      let result = product(pair.form, masks[place.left], masks[place.right], dealt)
      return AuthenticatedProduct(words: pair.isDoubled ? result.scaled(by: 2) : result)
    }
  }

  /// Opens x′ − a for every share that has no mask yet, all in one round.
  private func masked(
    _ shares: [AuthenticatedShare], _ draws: inout DealtDraws
  ) async throws -> [AuthenticatedMask] {
    var drawn: [(name: DealtMask, share: AuthenticatedWords)] = []
    for share in shares where share.mask == nil { drawn.append((draws.nextMask, draws.authenticatedMask(share.shape))) }
    let hidden = zip(shares.filter { $0.mask == nil }, drawn).map { $0.words - $1.share }
    let isSilent = hidden.allSatisfy { $0.count == 0 }
    var opened = (isSilent ? hidden.map(\.value) : try await openSums(hidden).words)[...]
    var fresh = drawn[...]
    return shares.map { share in
      if let mask = share.mask { return mask }
      let (name, words) = fresh.removeFirst()
      return AuthenticatedMask(name: name, opened: opened.removeFirst(), share: words)
    }
  }

  /// z = c + e·(b + κf) + a·f, of values and of MACs.
  private func product(
    _ form: Bilinear, _ left: AuthenticatedMask, _ right: AuthenticatedMask, _ dealt: AuthenticatedWords
  ) -> AuthenticatedWords {
    if case .elementwise(let shape) = form {
      return each { part, factor in
        var z = dealt[keyPath: part]
        ck_u128_beaver_multiply(
          shape.count, factor.low, factor.high, left.opened.words, right.opened.words,
          left.share[keyPath: part].words, right.share[keyPath: part].words, &z.words)
        return z
      }
    }
    // ef joins one of the two other products, the one where the sum that it takes is known or small.
    let joinsLeft = right.combined == nil && (left.combined != nil || left.opened.count <= right.opened.count)
    let (first, second) = joinsLeft ? (combined(left), right.share) : (left.share, combined(right))
    return each { part, _ in
      var z = dealt[keyPath: part]
      form.accumulate(first[keyPath: part], right.opened, into: &z)
      form.accumulate(left.opened, second[keyPath: part], into: &z)
      return z
    }
  }

  /// a + κe
  private func combined(_ mask: AuthenticatedMask) -> AuthenticatedWords {
    mask.combined ?? each { mask.share[keyPath: $0].adding(mask.opened, times: $1) }
  }

  /// The same secrets with masks that are opened once and kept, for operands of many products. One round, 16(n − 1) bytes a
  /// party and scalar; dealt: 16 bytes.
  public func fix(_ shares: [AuthenticatedShare]) async throws -> [AuthenticatedShare] {
    guard shares.contains(where: { $0.shape.count > 0 }) else { return shares }
    var draws = try await deal(.masks(counts: shares.map(\.shape.count)))
    let masks = try await masked(shares, &draws)
    return zip(shares, masks).map { share, mask in
      var fixed = share
      fixed.mask = mask
      fixed.mask?.combined = combined(mask)
      return fixed
    }
  }

  /// Silent but for what parties brought by themselves, which they share now.
  public func reduce(_ products: [AuthenticatedProduct]) async throws -> [AuthenticatedShare] {
    try await brought(products).map { AuthenticatedShare($0) }
  }

  /// One round: opens c = x′ + 2⁶² + r for each word; see `docs/PROTOCOLS.md` 2.6. 16(n − 1) bytes a party and scalar; dealt:
  /// 80 bytes a scalar.
  public func truncate(_ items: [Truncation<AuthenticatedProduct>]) async throws -> [AuthenticatedShare] {
    let products = try await brought(items.map(\.product))
    guard products.contains(where: { $0.count > 0 }) else { return products.map { AuthenticatedShare($0) } }
    var draws = try await deal(
      .truncation(zip(products, items).map { Demand.Truncated(count: $0.count, bits: $1.bits) }))
    let dealt = products.map { words in
      let mask = draws.authenticatedMask(words.shape)
      let top = draws.authenticatedWords(words.shape)
      return (mask: mask, top: top, shifted: draws.authenticatedWords(words.shape))
    }
    let hidden = zip(products, dealt).map { adding(1 << 62, to: $0 + $1.mask) }
    let opened = try await openSums(hidden).words
    return items.indices.map { index in
      let (count, bits) = (products[index].count, UInt32(items[index].bits))
      return AuthenticatedShare(
        each { part, factor in
          WideTensor.made(products[index].shape) {
            ck_u128_dealt_truncate(
              count, bits, factor.low, factor.high, opened[index].words, dealt[index].top[keyPath: part].words,
              dealt[index].shifted[keyPath: part].words, $0)
          }
        })
    }
  }
}
