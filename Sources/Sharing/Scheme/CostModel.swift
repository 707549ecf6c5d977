import Tensors

/// What each talking primitive of a scheme spends: payload of all parties together, and rounds.
///
/// The conformance suite checks every function against the wire, byte for byte.
public protocol CostModel: Sendable {
  /// The name users know the scheme by.
  var name: String { get }
  var partyCount: Int { get }
  /// Bytes that a party holds of one secret scalar.
  var scalarByteCount: Int { get }
  /// `openedCount`: scalars of the different operands, those left out that were fixed before.
  func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost
  /// Operands of many products, prepared once.
  func fixing(counts: [Int]) -> Cost
  func reducing(additiveCounts: [Int]) -> Cost
  /// `counts`: scalars and bits of each product; `additive`: whether any of them is a masked summand.
  func truncating(_ items: [(count: Int, bits: Int)], additive: Bool) -> Cost
  func comparing(count: Int, width: Int) -> Cost
  /// `isOpened`: whether the bits are signs of the very scalars that they are multiplied with.
  func selecting(count: Int, isOpened: Bool) -> Cost
  func converting(count: Int) -> Cost
  func decomposing(count: Int, width: Int) -> Cost
  /// `counts`: bits of each pair.
  func conjoining(counts: [Int]) -> Cost
  /// `count`: bits of one place; `bitCount`: places of a table.
  func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost
  /// `counts`: scalars of each share.
  func shuffling(counts: [Int]) -> Cost
  func opening(counts: [Int]) -> Cost
  /// Starting a session: agreeing on keys.
  var starting: Cost { get }
  /// A tensor of an owner outside, shared into the parties.
  func sharing(counts: [Int]) -> Cost
  /// Results revealed to one receiver outside.
  func revealing(counts: [Int]) -> Cost
}

extension CostModel {
  /// Products whose operands are all different secrets, none of them fixed.
  public func multiplying(_ forms: [Bilinear]) -> Cost {
    multiplying(forms, openedCount: forms.reduce(0) { $0 + $1.leftShape.count + $1.rightShape.count })
  }

  /// Bits that are no signs of the scalars.
  public func selecting(count: Int) -> Cost { selecting(count: count, isOpened: false) }
}

/// ``ReplicatedScheme``'s costs, `docs/PROTOCOLS.md`.
public struct ReplicatedCosts: CostModel {
  public init() {}

  public var name: String { "replicated" }
  public var partyCount: Int { 3 }
  public var scalarByteCount: Int { 16 }

  public func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost { .none }

  public func fixing(counts: [Int]) -> Cost { .none }

  public func reducing(additiveCounts counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return count == 0 ? .none : Cost(rounds: 1, byteCount: 24 * count)
  }

  public func truncating(_ items: [(count: Int, bits: Int)], additive: Bool) -> Cost {
    var traffic = Cost(rounds: additive ? 3 : 2)
    for item in items {
      let small = WireWidth.truncating(by: item.bits).byteCount
      traffic.byteCount += item.count * (3 * small + 16 + (additive ? 8 : 0))
    }
    return traffic
  }

  public func comparing(count: Int, width: Int) -> Cost {
    guard count > 0 else { return .none }
    let rows = Chunk.chunks(of: count).reduce(0) { $0 + ($1.range.count + 7) / 8 }
    var traffic = Cost(rounds: 2, byteCount: 3 * width * rows)
    var nodes = width - 1
    while nodes > 1 {
      traffic.rounds += 1
      traffic.byteCount += 3 * (2 * (nodes / 2) - 1) * ((count + 7) / 8)
      nodes = nodes / 2 + nodes % 2
    }
    return traffic
  }

  public func selecting(count: Int, isOpened: Bool) -> Cost {
    Cost(rounds: count == 0 ? 1 : 2, byteCount: 40 * count)
  }

  public func converting(count: Int) -> Cost { Cost(rounds: 2, byteCount: 24 * count) }

  public func decomposing(count: Int, width: Int) -> Cost {
    guard count > 0 else { return .none }
    let rows = Chunk.chunks(of: count).reduce(0) { $0 + ($1.range.count + 7) / 8 }
    let levels = CarryPlanes.prefixLevels(nodeCount: width - 1)
    let gateCount = levels.reduce(0) { $0 + $1.count }
    return Cost(rounds: 2 + levels.count, byteCount: 3 * (width * rows + gateCount * ((count + 7) / 8)))
  }

  public func conjoining(counts: [Int]) -> Cost {
    let byteCount = counts.reduce(0) { $0 + 3 * (($1 + 7) / 8) }
    return byteCount == 0 ? .none : Cost(rounds: 1, byteCount: byteCount)
  }

  public func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost {
    count == 0 ? .none : Cost(rounds: 2, byteCount: count * (8 * bitCount + 16 * tableCount))
  }

  public func shuffling(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return count == 0 ? .none : Cost(rounds: 2, byteCount: 32 * count)
  }

  public func opening(counts: [Int]) -> Cost { reducing(additiveCounts: counts) }

  public var starting: Cost { Cost(rounds: 1, byteCount: 6 * SessionKeys.contributionByteCount) }

  public func sharing(counts: [Int]) -> Cost {
    Cost(rounds: 1, byteCount: InputSharing.byteCount(of: counts.reduce(0, +)))
  }

  public func revealing(counts: [Int]) -> Cost {
    Cost(rounds: 1, byteCount: 24 * counts.reduce(0, +))
  }
}
