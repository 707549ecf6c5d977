import Tensors

/// Rows in an order that nobody knows: three permutations one after the other, each known to the two holders of a component and
/// looked at by the next check.
///
/// Source: Laur, Willemson and Zhang, *Round-Efficient Oblivious Database Manipulation*, ISC 2011.
extension CheckedScheme {
  private enum Draw {
    /// The pair's permutation.
    static let permutation = 0
    /// What the pair's first party hides its other component with.
    static let previous = 1
    /// What the pair's second party hides its other component with.
    static let next = 2
  }

  /// Three rounds, 48 bytes a scalar.
  public func shuffle(_ shares: [CheckedShare]) async throws -> [CheckedShare] {
    let rowCount = shares.first?.shape[0] ?? 0
    precondition(
      shares.allSatisfy { $0.shape[0] == rowCount }, "rows that are shuffled together are as many everywhere")
    guard shares.contains(where: { $0.shape.count > 0 }) else { return shares }
    var rows = shares
    for pair in 0..<3 { rows = try await permuted(rows, rowCount: rowCount, pair: pair) }
    return rows
  }

  /// One round: rows in an order that the holders of component `pair` know.
  ///
  /// These two permute and mask their components, and each sends the third party the one that it lacks there.
  private func permuted(_ shares: [CheckedShare], rowCount: Int, pair: Int) async throws -> [CheckedShare] {
    let draws = beginOperation()
    let byteCount = 8 * shares.reduce(0) { $0 + $1.shape.count }
    guard party == pair || next == pair else {
      var inboxes = try await exchange(fromNext: byteCount, fromPrevious: byteCount)
      let results = shares.map { share in
        let first = RingTensor(shape: share.shape, scalars: inboxes.previous.words(share.shape.count))
        return CheckedShare(
          first: first, second: RingTensor(shape: share.shape, scalars: inboxes.next.words(share.shape.count)))
      }
      for (share, result) in zip(shares, results) {
        ledger.append(KeptMove(order: nil, isFirst: false, source: share, result: result))
      }
      return results
    }
    let isFirst = party == pair
    let key: PairwiseRandomness.Key = isFirst ? .first : .second
    let order = RandomPermutation.order(of: rowCount) {
      draws.words(key, Draw.permutation, offset: $0, count: $1)
    }
    var offset = 0
    var sent = Outbox()
    let results = shares.map { share -> CheckedShare in
      func mask(_ draw: Int) -> RingTensor {
        RingTensor(shape: share.shape, scalars: draws.words(key, draw, offset: offset, count: share.shape.count))
      }
      let (previousMask, nextMask) = (mask(Draw.previous), mask(Draw.next))
      offset += (share.shape.count + 1) / 2 * 2
      let common = (isFirst ? share.first : share.second).gatherRows(order) - previousMask - nextMask
      let other = (isFirst ? share.second : share.first).gatherRows(order) + (isFirst ? nextMask : previousMask)
      sent.append(other.scalars)
      return isFirst ? CheckedShare(first: common, second: other) : CheckedShare(first: other, second: common)
    }
    // Party `pair` holds components pair and pair + 1, which the third party holds first; the other one pair − 1 and pair.
    _ = try await isFirst ? exchange(toNext: sent) : exchange(toPrevious: sent)
    for (share, result) in zip(shares, results) {
      ledger.append(KeptMove(order: order, isFirst: isFirst, source: share, result: result))
    }
    return results
  }
}
