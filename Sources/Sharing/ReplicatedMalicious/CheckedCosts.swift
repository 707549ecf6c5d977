import Tensors
public import Transports

/// ``CheckedScheme``'s costs, `docs/protocols/replicated-malicious.md`: every party sends as much.
public struct CheckedCosts: CostModel {
  /// Whose bytes count; all parties' where there is none.
  private var sender: PartyID?

  public init() {}

  public func sent(by party: PartyID) -> any CostModel {
    var costs = self
    costs.sender = party
    return costs
  }

  public var name: String { "replicated-malicious" }
  public var partyCount: Int { 3 }
  public var scalarByteCount: Int { 16 }

  /// What a round costs in which every party sends so much.
  private func round(_ byteCount: Int) -> Cost {
    byteCount == 0 ? .none : Cost(rounds: 1, byteCount: sender == nil ? 3 * byteCount : byteCount)
  }

  private func row(_ count: Int) -> Int { (count + 7) / 8 }

  public func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost {
    round(8 * forms.reduce(0) { $0 + $1.checkedCount })
  }

  public func fixing(counts: [Int]) -> Cost { .none }

  public func reducing(additiveCounts counts: [Int]) -> Cost { .none }

  public func bringing(counts: [Int]) -> Cost { round(8 * counts.reduce(0, +)) }

  public func truncating(_ items: [(count: Int, bits: Int)], additive: Bool, mayFail: Bool) -> Cost {
    let items = items.filter { $0.count > 0 }
    let count = items.reduce(0) { $0 + $1.count }
    guard count > 0 else { return .none }
    var cost = round(items.reduce(0) { $0 + ($1.bits + 2) * row($1.count) })
    var nodes = items.map(\.bits)
    var extra = row(count)
    while extra > 0 || nodes.contains(where: { $0 > 1 }) {
      cost = cost + round(extra + zip(nodes, items).reduce(0) { $0 + Self.gateCount(nodes: $1.0) * row($1.1.count) })
      nodes = nodes.map { $0 / 2 + $0 % 2 }
      extra = 0
    }
    return cost + converting(count: 3 * count)
  }

  /// Gates that fold so many nodes into half as many.
  private static func gateCount(nodes: Int) -> Int { nodes > 1 ? 2 * (nodes / 2) - 1 : 0 }

  public func comparing(count: Int, width: Int) -> Cost {
    guard count > 0 else { return .none }
    var cost = adding(count: count, width: width)
    var nodes = width - 2
    while nodes > 1 {
      cost = cost + round(Self.gateCount(nodes: nodes) * row(count))
      nodes = nodes / 2 + nodes % 2
    }
    return cost
  }

  public func decomposing(count: Int, width: Int) -> Cost {
    guard count > 0 else { return .none }
    return CarryPlanes.prefixLevels(nodeCount: width - 2)
      .reduce(adding(count: count, width: width)) { $0 + round($1.count * row(count)) }
  }

  /// The carry-save adder, and who generates a carry.
  private func adding(count: Int, width: Int) -> Cost {
    round((width - 1) * row(count)) + round((width - 2) * row(count))
  }

  public func selecting(count: Int, isOpened: Bool) -> Cost { round(8 * count) + round(8 * count) + round(8 * count) }

  public func converting(count: Int) -> Cost { round(8 * count) + round(8 * count) }

  public func conjoining(counts: [Int]) -> Cost { round(counts.reduce(0) { $0 + row($1) }) }

  public func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost { converting(count: count * bitCount) }

  public func shuffling(counts: [Int], rowCount: Int) -> Cost {
    let count = counts.reduce(0, +)
    guard count > 0 else { return .none }
    // Each party is one of two that know the order twice.
    return Cost(rounds: 3, byteCount: (sender == nil ? 3 : 1) * 16 * count)
  }

  /// Whatever there is to check.
  public var checking: Cost { checking(levelCount: CheckedScheme.levelCount) }

  /// The check at the end of each step of a training.
  package var checkingStep: Cost { checking(levelCount: CheckedScheme.trainingLevelCount) }

  private func checking(levelCount: Int) -> Cost {
    let levels = (0..<levelCount).reduce(Cost.none) { cost, level in
      let elements = ProductFolding.elementCount(level: level)
      return cost + sharing(elements: elements, fieldElements: GateFolding.elementCount(level: level)) + coin
    }
    let opening = round(2 * 3 * (GaloisElement.byteCount + 8))
    return coin + levels + sharing(elements: 2, fieldElements: 2) + coin + comparison + opening
  }

  /// Summands of elements of both rings, and a hash of the last coin to both.
  private func sharing(elements: Int, fieldElements: Int) -> Cost {
    round(elements * GaloisElement.byteCount + 8 * fieldElements + 2 * CheckedScheme.digestByteCount)
  }

  private var coin: Cost { round(2 * CheckedScheme.halfByteCount) }

  /// Whether all had the last coin alike.
  private var comparison: Cost { round(2 * CheckedScheme.digestByteCount) }

  /// The opening of what was checked before.
  package func openingChecked(count: Int) -> Cost {
    count == 0 ? .none : round(8 * count + CheckedScheme.digestByteCount)
  }

  /// A check and the opening.
  public func opening(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return count == 0 ? .none : checking + openingChecked(count: count)
  }

  public var starting: Cost { round(2 * SessionKeys.contributionByteCount) + coin + comparison }

  /// An owner outside sends two components of each word to every party, and the parties compare them.
  public func sharing(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return Cost(rounds: 1, byteCount: sender == nil ? InputSharing.byteCount(of: count) : 0) + admitting
  }

  /// The comparison of what owners outside have sent.
  package var admitting: Cost { round(4 * CheckedScheme.digestByteCount) }

  /// The receiver's mask, shared with its words; a check, the opening under it, and a copy from every party.
  public func revealing(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return Cost(rounds: 0, byteCount: sender == nil ? 16 * count : 0) + opening(counts: counts) + round(8 * count)
  }
}
