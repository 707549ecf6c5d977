import Tensors

/// Rows in an order that nobody knows: the protocol of ``ReplicatedScheme/shuffle(_:)`` on values and MACs alike.
///
/// A party that permutes or masks otherwise adds errors that it knows to values and to MACs, and the next check finds them.
extension CheckedScheme {
  private enum Draw {
    /// Every key: the pair's permutation.
    static let permutation = 0
    /// Keys 1 and 2: what makes the sharing of a pair fresh for the next one.
    static let handover = 1
    /// Keys 1 and 2: components 1 and 2 of the result.
    static let component = 2
  }

  /// Two rounds, 128 bytes a scalar.
  public func shuffle(_ shares: [CheckedShare]) async throws -> [CheckedShare] {
    let draws = beginOperation()
    let rowCount = shares.first?.shape[0] ?? 0
    precondition(
      shares.allSatisfy { $0.shape[0] == rowCount }, "rows that are shuffled together are as many everywhere")
    guard shares.contains(where: { $0.shape.count > 0 }) else { return shares }
    let pairs = try await shuffled(shares.flatMap { [$0.value, $0.mac] }, rowCount: rowCount, draws)
    return shares.indices.map { noted(CheckedShare(value: pairs[2 * $0], mac: pairs[2 * $0 + 1])) }
  }

  private func shuffled(
    _ words: [WidePair], rowCount: Int, _ draws: PairwiseRandomness.Draws
  ) async throws -> [WidePair] {
    let shapes = words.map(\.shape)
    let byteCount = 16 * shapes.reduce(0) { $0 + $1.count }
    func order(_ key: PairwiseRandomness.Key) -> [Int] {
      RandomPermutation.order(of: rowCount) { draws.words(key, Draw.permutation, offset: $0, count: $1) }
    }
    func masks(_ key: PairwiseRandomness.Key, _ draw: Int) -> [WideTensor] {
      var offset = 0
      return shapes.map { shape in
        defer { offset += 2 * shape.count }
        return WideTensor(shape: shape, words: draws.words(key, draw, offset: offset, count: 2 * shape.count))
      }
    }
    func received(_ inbox: inout Inbox) -> [WideTensor] {
      shapes.map { WideTensor(shape: $0, words: inbox.words(2 * $0.count)) }
    }
    func outbox(_ tensors: [WideTensor]) -> Outbox {
      var box = Outbox()
      for tensor in tensors { box.append(tensor.words) }
      return box
    }
    func moved(_ tensor: WideTensor, _ order: [Int]) -> WideTensor { tensor.rearranged { $0.gatherRows(order) } }

    switch Role(rawValue: party) ?? .first {
    case .first:
      let (last, initial) = (order(.first), order(.second))
      let own = zip(words, masks(.second, Draw.handover)).map { moved($0.first + $0.second, initial) - $1 }
      var arrived = try await exchange(toPrevious: outbox(own), fromNext: byteCount).next
      let fresh = masks(.second, Draw.component)
      let summands = zip(received(&arrived), fresh).map { moved($0, last) - $1 }
      var other = try await exchange(toPrevious: outbox(summands), fromPrevious: byteCount).previous
      return zip(zip(summands, received(&other)), fresh).map { WidePair(first: $0.0 + $0.1, second: $1) }
    case .second:
      let (initial, middle) = (order(.first), order(.second))
      let own = zip(zip(words, masks(.first, Draw.handover)), masks(.second, Draw.handover)).map { pair, mask in
        moved(moved(pair.0.second, initial) + pair.1, middle) - mask
      }
      _ = try await exchange(toPrevious: outbox(own))
      _ = try await exchange()
      return zip(masks(.first, Draw.component), masks(.second, Draw.component)).map { WidePair(first: $0, second: $1) }
    case .third:
      var arrived = try await exchange(fromNext: byteCount).next
      let (middle, last) = (order(.first), order(.second))
      let fresh = masks(.first, Draw.component)
      let summands = zip(zip(received(&arrived), masks(.first, Draw.handover)), fresh).map { pair, mask in
        moved(moved(pair.0, middle) + pair.1, last) - mask
      }
      var other = try await exchange(toNext: outbox(summands), fromNext: byteCount).next
      return zip(zip(summands, received(&other)), fresh).map { WidePair(first: $1, second: $0.0 + $0.1) }
    }
  }
}
