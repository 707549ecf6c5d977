import Tacit

/// Makes randomness that is correlated between the two parties. It never sees data or messages.
///
/// Here an object of the same process; between organisations a third one, which must not work together with either.
actor Correlations {
  enum Demand: Hashable {
    /// a, b and their product, as summands.
    case product(Bilinear)
    /// r, r >> bits and r >> 63, as summands.
    case truncation(Shape, bits: Int)
    /// a, b and a ∧ b, as halves of bits.
    case conjunction(count: Int)
    /// r as summands, and its 64 bits as halves.
    case bits(Shape)
    /// A bit as halves, and the same as summands.
    case bitAndWord(Shape)
    /// An order for the party whose turn it is, and what hides the rows from it.
    case permutation(turn: Int, shapes: [Shape])
  }

  /// One party's part of what was demanded.
  struct Piece: Sendable {
    var tensors: [RingTensor]
    var order: [Int] = []
  }

  /// What the party that has not asked yet will get, by operation.
  private var waiting: [Int: Piece] = [:]

  func piece(of demand: Demand, operation: Int, for party: PartyID) -> Piece {
    if let piece = waiting.removeValue(forKey: operation) { return piece }
    let pieces = make(demand)
    waiting[operation] = pieces[1 - party]
    return pieces[party]
  }

  private func make(_ demand: Demand) -> [Piece] {
    switch demand {
    case .product(let form):
      let (a, b) = (random(form.leftShape), random(form.rightShape))
      return join([sums(of: a), sums(of: b), sums(of: form(a, b))])
    case .truncation(let shape, let bits):
      let r = random(shape)
      return join([sums(of: r), sums(of: r.shifted(bits)), sums(of: r.shifted(63))])
    case .conjunction(let count):
      let (a, b) = (random([count]).bit(0), random([count]).bit(0))
      return join([halves(of: a), halves(of: b), halves(of: a.and(b))])
    case .bits(let shape):
      let r = random(shape)
      return join([sums(of: r)] + (0..<64).map { halves(of: r.bit($0)) })
    case .bitAndWord(let shape):
      let bit = random(shape).bit(0)
      return join([halves(of: bit), sums(of: bit)])
    case .permutation(let turn, let shapes):
      let rows = shapes[0][0]
      let keys = SecureRandom.words(rows)
      let order = (0..<rows).sorted { keys[$0] < keys[$1] }
      let (masks, fresh) = (shapes.map { random($0) }, shapes.map { random($0) })
      let mine = Piece(tensors: zip(masks, fresh).map { $0.gatherRows(order) - $1 }, order: order)
      let theirs = Piece(tensors: masks + fresh)
      return turn == 0 ? [mine, theirs] : [theirs, mine]
    }
  }

  private func random(_ shape: Shape) -> RingTensor {
    RingTensor(shape: shape, scalars: SecureRandom.words(shape.count))
  }

  private func sums(of value: RingTensor) -> [RingTensor] {
    let first = random(value.shape)
    return [first, value - first]
  }

  private func halves(of bits: RingTensor) -> [RingTensor] {
    let first = random(bits.shape).bit(0)
    return [first, bits.xor(first)]
  }

  private func join(_ pairs: [[RingTensor]]) -> [Piece] {
    (0..<2).map { party in Piece(tensors: pairs.map { $0[party] }) }
  }
}

extension RingTensor {
  fileprivate func shifted(_ bits: Int) -> RingTensor {
    RingTensor(shape: shape, scalars: scalars.map { $0 >> UInt64(bits) })
  }

  fileprivate func bit(_ place: Int) -> RingTensor {
    RingTensor(shape: shape, scalars: scalars.map { $0 >> UInt64(place) & 1 })
  }
}
