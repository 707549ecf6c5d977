import Tacit

// What the parties do together on bits.
extension PairScheme {
  /// One round, whatever the number of pairs.
  func and(_ pairs: [(BitHalf, BitHalf)]) async throws -> [BitHalf] {
    let (left, right) = (concatenate(pairs.map(\.0)).words, concatenate(pairs.map(\.1)).words)
    let dealt = await deal(.conjunction(count: left.count)).tensors
    let hidden = RingTensor.flat([left.xor(dealt[0]), right.xor(dealt[1])])
    let opened = hidden.xor(RingTensor(shape: hidden.shape, scalars: try await swap(hidden.scalars)))
    let parts = opened.scalars.tensors([left.shape, left.shape])
    let (d, e) = (parts[0], parts[1])
    let result = dealt[2].xor(d.and(dealt[1])).xor(e.and(dealt[0])).xor(once(d.and(e)))
    return result.scalars.tensors(pairs.map(\.0.shape)).map(BitHalf.init)
  }

  /// The bits at some places of x = c − r, where c is opened and the bits of r are dealt: one round a place, for the borrows.
  ///
  /// - Precondition: nothing is borrowed below the first place.
  private func bits(of share: Summand, places: Range<Int>) async throws -> [BitHalf] {
    let dealt = await deal(.bits(share.shape)).tensors
    let c = try await open([add(share, own: dealt[0])])[0]
    var borrow = BitHalf(words: RingTensor(repeating: 0, shape: share.shape))
    var bits: [BitHalf] = []
    for place in places {
      let r = BitHalf(words: dealt[1 + place])
      let known = RingTensor(shape: c.shape, scalars: c.scalars.map { $0 >> UInt64(place) & 1 })
      bits.append(exclusiveOr(exclusiveOr(r, borrow), BitHalf(words: once(known))))
      guard place + 1 < places.upperBound else { break }
      // The majority of the opposite of c's bit, r's bit and what was borrowed before.
      let both = try await and([(r, borrow)])[0]
      let either = exclusiveOr(r, borrow).words.combined(known) { $1 == 0 ? $0 : 0 }
      borrow = exclusiveOr(both, BitHalf(words: either))
    }
    return bits
  }

  func negative(_ share: Summand, width: Int) async throws -> BitHalf {
    // Moved up, the sign is the top bit, and the places below are zero.
    let moved = scale(share, by: 1 << UInt64(64 - width))
    let bits = try await bits(of: moved, places: 64 - width..<64)
    return bits[bits.count - 1]
  }

  func decompose(_ share: Summand, width: Int) async throws -> [BitHalf] {
    try await bits(of: share, places: 0..<width)
  }

  /// One round: the bit is opened under a random one, which is dealt as a bit and as a word.
  func convert(_ bits: BitHalf) async throws -> Summand {
    let dealt = await deal(.bitAndWord(bits.shape)).tensors
    let hidden = bits.words.xor(dealt[0])
    let opened = hidden.xor(RingTensor(shape: hidden.shape, scalars: try await swap(hidden.scalars)))
    // d ⊕ ρ = d + ρ − 2dρ.
    return Summand(words: once(opened) + dealt[1].combined(opened) { $1 == 0 ? $0 : 0 &- $0 })
  }

  func multiply(_ bits: BitHalf, _ share: Summand) async throws -> Summand {
    let words = try await convert(reshape(bits, to: share.shape))
    return try await multiply([Multiplication(.elementwise(share.shape), words, share)])[0]
  }

  func weightedSums(_ bits: [BitHalf], tables: [[UInt64]]) async throws -> [Summand] {
    let shape = bits[0].shape
    let words = try await convert(concatenate(bits)).words.scalars.tensors(bits.map(\.shape))
    return tables.map { table in
      let terms = zip(words, table).map { $0.scaled(by: $1) }
      return Summand(words: terms.reduce(RingTensor(repeating: 0, shape: shape), +))
    }
  }
}
