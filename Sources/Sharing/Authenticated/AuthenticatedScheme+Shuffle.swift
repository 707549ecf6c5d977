import CKernels
import Tensors

/// Rows in an order that nobody but the dealer knows: a network of switches that the dealer has set
/// (`docs/protocols/spdz.md`, 3).
extension AuthenticatedScheme {
  /// 2⌈log₂ N⌉ − 1 rounds, each 8(n − 1) bytes a party and scalar of N rows, N being rounded up to a power of two.
  public func shuffle(_ shares: [AuthenticatedShare]) async throws -> [AuthenticatedShare] {
    let rowCount = shares.first?.shape[0] ?? 0
    precondition(
      shares.allSatisfy { $0.shape[0] == rowCount }, "rows that are shuffled together are as many everywhere")
    guard rowCount > 1, shares.contains(where: { $0.shape.count > 0 }) else { return shares }
    let sizes = PermutationNetwork.sizes(rowCount: rowCount)
    var draws = try await deal(.shuffle(shapes: shares.map(\.shape)))
    _ = draws.order(rowCount, isOwn: false)
    var rows = shares.map { share in
      share.words.apply { words in
        words.reshaped(to: [rowCount, words.count / rowCount])
          .rearranged { $0.padded(axis: 0, before: 0, after: sizes.rowCount - rowCount, with: 0) }
      }
    }
    for layer in 0..<sizes.layerCount {
      let places = PermutationNetwork.lefts(layer: layer, rowCount: sizes.rowCount)
      rows = try await switched(rows, places.rows, places.rows.map { $0 + places.distance }, &draws)
    }
    return zip(shares, rows).map { share, words in
      AuthenticatedShare(
        words.apply { words in
          words.rearranged { $0.sliced(axis: 0, 0..<rowCount) }.reshaped(to: share.shape)
        })
    }
  }

  /// One round: β·(right − left) is added on the left and subtracted on the right, for each switch's dealt bit β.
  private func switched(
    _ rows: [AuthenticatedWords], _ lefts: [Int], _ rights: [Int], _ draws: inout DealtDraws
  ) async throws -> [AuthenticatedWords] {
    let bits = draws.authenticatedWords([lefts.count, 1])
    let dealt = rows.map { row in
      let shape: Shape = [lefts.count, row.shape[1]]
      let mask = draws.authenticatedMask(shape)
      return (mask: mask, product: draws.authenticatedWords(shape))
    }
    let left = rows.map { $0.apply { $0.rearranged { $0.gatherRows(lefts) } } }
    let right = rows.map { $0.apply { $0.rearranged { $0.gatherRows(rights) } } }
    let opened = try await openSums(zip(zip(left, right), dealt).map { $0.1 - $0.0 - $1.mask }).words
    var places = [Int](repeating: 0, count: 2 * lefts.count)
    for (index, row) in (lefts + rights).enumerated() { places[row] = index }
    return rows.indices.map { index in
      let shape = opened[index].shape
      let moved = each { part, _ in
        var sum = dealt[index].product[keyPath: part]
        let spread = bits[keyPath: part].rearranged { $0.broadcast(to: shape) }
        ck_u128_multiply_add(shape.count, opened[index].words, spread.words, &sum.words)
        return sum
      }
      let (low, high) = (left[index] + moved, right[index] - moved)
      return each { part, _ in
        WideTensor.concatenated([low[keyPath: part], high[keyPath: part]], axis: 0)
          .rearranged { $0.gatherRows(places) }
      }
    }
  }
}
