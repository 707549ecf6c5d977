import Tensors

/// Rows in an order that nobody knows.
///
/// Three permutations one after the other, each known to a pair of parties, so that every party misses one. Sources: Laur,
/// Willemson and Zhang, *Round-Efficient Oblivious Database Manipulation*, ISC 2011; Araki et al., *Secure Graph Analysis at
/// Scale*, CCS 2021; `docs/PROTOCOLS.md`, section 3.5. Two rounds, 32 bytes a scalar. Roles do not rotate: rows of all
/// chunks mix.
extension ReplicatedScheme {
  private enum Draw {
    /// Every key: the pair's permutation.
    static let permutation = 0
    /// Keys 1 and 2: what makes the sharing of a pair fresh for the next one.
    static let handover = 1
    /// Keys 1 and 2: components 1 and 2 of the result.
    static let component = 2
  }

  public func shuffle(_ shares: [ReplicatedShare]) async throws -> [ReplicatedShare] {
    let draws = beginOperation()
    let rowCount = shares.first?.shape[0] ?? 0
    precondition(
      shares.allSatisfy { $0.shape[0] == rowCount }, "rows that are shuffled together are as many everywhere")
    let shapes = shares.map(\.shape)
    guard shapes.contains(where: { $0.count > 0 }) else { return shares }
    let byteCount = 8 * shapes.reduce(0) { $0 + $1.count }
    func order(_ key: PairwiseRandomness.Key) -> [Int] {
      RandomPermutation.order(of: rowCount) { draws.words(key, Draw.permutation, offset: $0, count: $1) }
    }
    func masks(_ key: PairwiseRandomness.Key, _ draw: Int) -> [RingTensor] {
      var offset = 0
      return shapes.map { shape in
        defer { offset += (shape.count + 1) / 2 * 2 }
        return RingTensor(shape: shape, scalars: draws.words(key, draw, offset: offset, count: shape.count))
      }
    }
    func received(_ inbox: inout Inbox) -> [RingTensor] {
      shapes.map { RingTensor(shape: $0, scalars: inbox.words($0.count)) }
    }
    func outbox(_ tensors: [RingTensor]) -> Outbox {
      var box = Outbox()
      for tensor in tensors { box.append(tensor.scalars) }
      return box
    }

    switch Role(rawValue: party) ?? .first {
    case .first:
      let (last, initial) = (order(.first), order(.second))
      let own = zip(shares, masks(.second, Draw.handover)).map { share, mask in
        (share.first + share.second).gatherRows(initial) - mask
      }
      var arrived = try await exchange(toPrevious: outbox(own), fromNext: byteCount).next
      let fresh = masks(.second, Draw.component)
      let summands = zip(received(&arrived), fresh).map { $0.gatherRows(last) - $1 }
      var other = try await exchange(toPrevious: outbox(summands), fromPrevious: byteCount).previous
      return zip(zip(summands, received(&other)), fresh).map { ReplicatedShare(first: $0.0 + $0.1, second: $1) }
    case .second:
      let (initial, middle) = (order(.first), order(.second))
      let own = zip(zip(shares, masks(.first, Draw.handover)), masks(.second, Draw.handover)).map { pair, mask in
        (pair.0.second.gatherRows(initial) + pair.1).gatherRows(middle) - mask
      }
      _ = try await exchange(toPrevious: outbox(own))
      _ = try await exchange()
      return zip(masks(.first, Draw.component), masks(.second, Draw.component)).map {
        ReplicatedShare(first: $0, second: $1)
      }
    case .third:
      var arrived = try await exchange(fromNext: byteCount).next
      let (middle, last) = (order(.first), order(.second))
      let fresh = masks(.first, Draw.component)
      let summands = zip(zip(received(&arrived), masks(.first, Draw.handover)), fresh).map { pair, mask in
        (pair.0.gatherRows(middle) + pair.1).gatherRows(last) - mask
      }
      var other = try await exchange(toNext: outbox(summands), fromNext: byteCount).next
      return zip(zip(summands, received(&other)), fresh).map { ReplicatedShare(first: $1, second: $0.0 + $0.1) }
    }
  }
}
