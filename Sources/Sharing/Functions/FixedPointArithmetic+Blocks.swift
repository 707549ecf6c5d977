import Tensors

/// How many scalars large work takes at once.
package enum BlockSize {
  /// Work on so many takes some 100 megabytes; the further rounds of more blocks are short beside what they send.
  package static let standard = 1 << 20
}

extension FixedPointArithmetic {
  /// Where blocks of so many scalars lie; one of none where there are none.
  func blocks(of count: Int) -> [Range<Int>] {
    guard count > blockCount else { return [0..<count] }
    return stride(from: 0, to: count, by: blockCount).map { $0..<Swift.min($0 + blockCount, count) }
  }

  /// Scalars of a flat share; the share itself where it is all of them.
  func slice(_ share: Share, _ range: Range<Int>) -> Share {
    guard range.count < share.shape.count else { return share }
    return scheme.map(share, to: [range.count]) { Self.slice($0, range) }
  }

  private static func slice(_ tensor: RingTensor, _ range: Range<Int>) -> RingTensor {
    RingTensor(shape: [range.count], scalars: Array(tensor.scalars[range]))
  }

  /// Truncates all in the same rounds, or as many at once as a block holds.
  func truncate(_ items: [Truncation<Scheme.Product>]) async throws -> [Share] {
    var shares: [Share] = []
    var waiting: [Truncation<Scheme.Product>] = []
    var waitingCount = 0
    for item in items {
      let count = item.product.shape.count
      if !waiting.isEmpty, waitingCount + count > blockCount {
        shares += try await scheme.truncate(waiting)
        (waiting, waitingCount) = ([], 0)
      }
      if count > blockCount {
        shares.append(try await truncateInBlocks(item))
      } else {
        waiting.append(item)
        waitingCount += count
      }
    }
    return waiting.isEmpty ? shares : shares + (try await scheme.truncate(waiting))
  }

  private func truncateInBlocks(_ item: Truncation<Scheme.Product>) async throws -> Share {
    let shape = item.product.shape
    var parts: [Share] = []
    for block in blocks(of: shape.count) {
      let part = scheme.map(item.product, to: [block.count]) { Self.slice($0, block) }
      parts += try await scheme.truncate([Truncation(part, by: item.bits, mayFail: item.mayFail)])
    }
    return split(scheme.concatenate(parts, axis: 0), like: [shape])[0]
  }
}
