import Tacit

// What the parties do together on words.
extension PairScheme {
  func open(_ shares: [Summand]) async throws -> [RingTensor] {
    let own = shares.map(\.words)
    let others = try await swap(own.flatMap(\.scalars)).tensors(own.map(\.shape))
    return zip(own, others).map { $0 + $1 }
  }

  /// One round: x − a and y − b are opened, where a, b and a·b are dealt.
  func multiply(_ pairs: [Multiplication<Summand>]) async throws -> [Summand] {
    var dealt: [[RingTensor]] = []
    for pair in pairs { dealt.append(await deal(.product(pair.form)).tensors) }
    let hidden = zip(pairs, dealt).flatMap { pair, dealt in
      [
        Summand(words: pair.left.words.reshaped(to: pair.form.leftShape) - dealt[0]),
        Summand(words: pair.right.words.reshaped(to: pair.form.rightShape) - dealt[1]),
      ]
    }
    let opened = try await open(hidden)
    return pairs.indices.map { index in
      let (form, e, f) = (pairs[index].form, opened[2 * index], opened[2 * index + 1])
      let (a, b, c) = (dealt[index][0], dealt[index][1], dealt[index][2])
      // (e + a)(f + b) = ef + eb + af + ab; what is public is added once.
      let words = c + form(e, b) + form(a, f) + once(form(e, f))
      return Summand(words: pairs[index].isDoubled ? words.scaled(by: 2) : words)
    }
  }

  /// A product of summands is a summand.
  func reduce(_ products: [Summand]) async throws -> [Summand] { products }

  /// One round: x + 2⁶² + r is opened, where r is dealt, and with it its quotient and its top bit, which tells of an overflow.
  func truncate(_ items: [Truncation<Summand>]) async throws -> [Summand] {
    var dealt: [[RingTensor]] = []
    for item in items { dealt.append(await deal(.truncation(item.product.shape, bits: item.bits)).tensors) }
    let opened = try await open(zip(items, dealt).map { add(add($0.product, own: $1[0]), word: 1 << 62) })
    return items.indices.map { index in
      let (c, bits) = (opened[index], UInt64(items[index].bits))
      let (quotient, top) = (dealt[index][1], dealt[index][2])
      let known = RingTensor(shape: c.shape, scalars: c.scalars.map { $0 >> bits &- 1 << (62 - bits) })
      let carry = top.combined(c) { $1 >> 63 == 0 ? $0 << (64 - bits) : 0 }
      return Summand(words: once(known) - quotient + carry)
    }
  }

  /// Two rounds: each party in turn permutes the rows of what it alone can permute (Chase, Ghosh and Poburinnaya, ASIACRYPT 2020).
  func shuffle(_ shares: [Summand]) async throws -> [Summand] {
    var own = shares.map(\.words)
    for turn in 0..<2 {
      let piece = await deal(.permutation(turn: turn, shapes: own.map(\.shape)))
      if party == turn {
        let others = try await receive(own.reduce(0) { $0 + $1.count }).tensors(own.map(\.shape))
        own = own.indices.map { (own[$0] + others[$0]).gatherRows(piece.order) + piece.tensors[$0] }
      } else {
        let masks = piece.tensors.prefix(own.count)
        try await send(zip(own, masks).flatMap { ($0 - $1).scalars })
        own = Array(piece.tensors.suffix(own.count))
      }
    }
    return own.map(Summand.init)
  }
}
