import Tensors
public import Transports

/// ``AdditiveScheme``'s costs, `docs/PROTOCOLS.md`: whatever is opened goes from everybody to everybody.
public struct AdditiveCosts: CostModel {
  public let partyCount: Int
  /// Whether bytes of one party count: all send the same.
  private var isOfOne = false

  public init(partyCount: Int) {
    precondition(partyCount >= 2, "additive sharing is among two or more parties")
    self.partyCount = partyCount
  }

  public var name: String { "additive" }
  public var scalarByteCount: Int { 8 }

  public func sent(by party: PartyID) -> any CostModel {
    var costs = self
    costs.isOfOne = true
    return costs
  }

  private var senderCount: Int { isOfOne ? 1 : partyCount }

  /// What a round costs in which every party sends so much to every other.
  private func round(_ byteCount: Int, dealt: Int = 0) -> Cost {
    byteCount == 0
      ? Cost(dealtByteCount: dealt)
      : Cost(rounds: 1, byteCount: senderCount * (partyCount - 1) * byteCount, dealtByteCount: dealt)
  }

  public func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost {
    round(8 * openedCount, dealt: 8 * forms.reduce(0) { $0 + $1.resultShape.count })
  }

  public func fixing(counts: [Int]) -> Cost { round(8 * counts.reduce(0, +)) }

  public func reducing(additiveCounts counts: [Int]) -> Cost { .none }

  public func truncating(_ items: [(count: Int, bits: Int)], additive: Bool, mayFail: Bool) -> Cost {
    let count = items.reduce(0) { $0 + $1.count }
    return round(8 * count, dealt: 16 * count)
  }

  public func comparing(count: Int, width: Int) -> Cost {
    let tree = BorrowTree(width: width)
    let rows = (count + 7) / 8
    return tree.gateCounts.reduce(round(8 * count, dealt: tree.dealtPlaneCount * rows)) { $0 + round(2 * $1 * rows) }
  }

  public func selecting(count: Int, isOpened: Bool) -> Cost {
    round((count + 7) / 8 + (isOpened ? 0 : 8 * count), dealt: 16 * count)
  }

  public func converting(count: Int) -> Cost { round((count + 7) / 8, dealt: 8 * count) }

  public func decomposing(count: Int, width: Int) -> Cost {
    let tree = BorrowTree(width: width)
    let rows = (count + 7) / 8
    return tree.prefixLevels.reduce(round(8 * count, dealt: tree.prefixPlaneCount * rows)) {
      $0 + round(2 * $1.count * rows)
    }
  }

  public func conjoining(counts: [Int]) -> Cost {
    let byteCount = counts.reduce(0) { $0 + ($1 + 7) / 8 }
    return round(2 * byteCount, dealt: byteCount)
  }

  public func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost {
    round(bitCount * ((count + 7) / 8), dealt: 8 * bitCount * count)
  }

  public func shuffling(counts: [Int], rowCount: Int) -> Cost {
    let byteCount = 8 * counts.reduce(0, +)
    return byteCount == 0
      ? .none
      : Cost(
        rounds: partyCount, byteCount: senderCount * (partyCount - 1) * byteCount,
        dealtByteCount: partyCount * byteCount
      )
  }

  public func opening(counts: [Int]) -> Cost { round(8 * counts.reduce(0, +)) }

  public var starting: Cost { round(ZeroSharing.contributionByteCount) }

  public func sharing(counts: [Int]) -> Cost {
    let byteCount = AdditiveSharing.byteCount(of: counts.reduce(0, +), partyCount: partyCount)
    return Cost(rounds: 1, byteCount: isOfOne ? 0 : byteCount)
  }

  public func revealing(counts: [Int]) -> Cost {
    Cost(rounds: 1, byteCount: 8 * senderCount * counts.reduce(0, +))
  }
}
