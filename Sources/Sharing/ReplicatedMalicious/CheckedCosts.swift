import Tensors
public import Transports

/// ``CheckedScheme``'s costs, `docs/protocols/replicated-malicious.md`: every party sends as much, but for shuffles.
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
  public var scalarByteCount: Int { 64 }

  /// What a round costs in which every party sends so much.
  private func round(_ byteCount: Int) -> Cost {
    byteCount == 0 ? .none : Cost(rounds: 1, byteCount: sender == nil ? 3 * byteCount : byteCount)
  }

  private func row(_ count: Int) -> Int { (count + 7) / 8 }

  public func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost { .none }

  public func fixing(counts: [Int]) -> Cost { .none }

  public func reducing(additiveCounts counts: [Int]) -> Cost { round(32 * counts.reduce(0, +)) }

  /// The MACs go with the products that the words join.
  public func bringing(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    var macs = round(16 * count)
    macs.rounds = 0
    return round(8 * count) + macs
  }

  public func truncating(_ items: [(count: Int, bits: Int)], additive: Bool, mayFail: Bool) -> Cost {
    let items = items.filter { $0.count > 0 }
    let count = items.reduce(0) { $0 + $1.count }
    guard count > 0 else { return .none }
    var cost = additive ? round(32 * count) : .none
    cost = cost + round(items.reduce(0) { $0 + ($1.bits + 2) * row($1.count) })
    var nodes = items.map(\.bits)
    var extra = row(count)
    while extra > 0 || nodes.contains(where: { $0 > 1 }) {
      cost = cost + round(extra + zip(nodes, items).reduce(0) { $0 + Self.gateCount(nodes: $1.0) * row($1.1.count) })
      nodes = nodes.map { $0 / 2 + $0 % 2 }
      extra = 0
    }
    return cost + converting(count: 3 * count, with: count)
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

  public func selecting(count: Int, isOpened: Bool) -> Cost {
    round(32 * count) + round(32 * count) + round(32 * count)
  }

  public func converting(count: Int) -> Cost { converting(count: count, with: 0) }

  private func converting(count: Int, with authenticated: Int) -> Cost {
    round(16 * (count + authenticated)) + round(32 * count) + round(32 * count)
  }

  public func conjoining(counts: [Int]) -> Cost { round(counts.reduce(0) { $0 + row($1) }) }

  public func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost { converting(count: count * bitCount) }

  public func shuffling(counts: [Int], rowCount: Int) -> Cost {
    let count = counts.reduce(0, +)
    guard count > 0 else { return .none }
    guard let sender else { return Cost(rounds: 2, byteCount: 128 * count) }
    return Cost(rounds: 2, byteCount: (sender == 0 ? 64 : 32) * count)
  }

  /// Whatever there is to check.
  public var checking: Cost {
    let levels = CheckedScheme.foldingParts.reduce(Cost.none) { $0 + round(16 * ($1 - 1)) + tossing }
    return tossing + round(16) + levels + round(16) + tossing + round(64)
  }

  /// A coin.
  private var tossing: Cost { round(2 * CheckedScheme.digestByteCount) + round(2 * CheckedScheme.coinByteCount) }

  /// A check and the opening.
  public func opening(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return count == 0 ? .none : checking + round(8 * count + CheckedScheme.digestByteCount)
  }

  public var starting: Cost { round(2 * SessionKeys.contributionByteCount) + tossing }

  /// An owner outside sends two components of each word to every party, and the parties make MACs.
  public func sharing(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return Cost(rounds: 1, byteCount: sender == nil ? InputSharing.byteCount(of: count) : 0) + round(16 * count)
  }

  /// The receiver's mask, shared with its words; a check, the opening under it, and a copy from every party.
  public func revealing(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    var mask = round(16 * count)
    mask.rounds = 0
    mask.byteCount += sender == nil ? 16 * count : 0
    return mask + opening(counts: counts) + round(8 * count)
  }
}
