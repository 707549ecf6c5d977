import Tensors

/// ``ReplicatedScheme``'s costs, `docs/PROTOCOLS.md`.
public struct ReplicatedCosts: CostModel {
  public let options: ReplicatedOptions

  public init(_ options: ReplicatedOptions = ReplicatedOptions()) {
    self.options = options
  }

  public var name: String { "replicated" }
  public var partyCount: Int { 3 }
  public var scalarByteCount: Int { 16 }

  public func doubles(_ form: Bilinear) -> Bool { form.isCheaperDoubled }

  public func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost { .none }

  public func fixing(counts: [Int]) -> Cost { .none }

  public func reducing(additiveCounts counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return count == 0 ? .none : Cost(rounds: 1, byteCount: 24 * count)
  }

  public var truncatesFast: Bool { options.truncation == .fast }

  public func truncating(_ items: [(count: Int, bits: Int)], additive: Bool, mayFail: Bool) -> Cost {
    guard !mayFail || !truncatesFast else {
      return Cost(rounds: additive ? 2 : 1, byteCount: items.reduce(0) { $0 + $1.count } * (additive ? 24 : 16))
    }
    var traffic = Cost(rounds: additive ? 3 : 2)
    for item in items {
      let small = WireWidth.truncating(by: item.bits).byteCount
      traffic.byteCount += item.count * (3 * small + 16 + (additive ? 8 : 0))
    }
    return traffic
  }

  public func comparing(count: Int, width: Int) -> Cost {
    guard count > 0 else { return .none }
    guard options.optimise == .bytes else { return dealt(pair.comparing(count: count, width: width)) }
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
    options.optimise == .bytes
      ? Cost(rounds: count == 0 ? 1 : 2, byteCount: 40 * count)
      : dealt(pair.selecting(count: count, isOpened: isOpened), resultCount: count)
  }

  public func converting(count: Int) -> Cost {
    options.optimise == .bytes
      ? Cost(rounds: 2, byteCount: 24 * count) : dealt(pair.converting(count: count), resultCount: count)
  }

  public func decomposing(count: Int, width: Int) -> Cost {
    guard count > 0 else { return .none }
    guard options.optimise == .bytes else { return dealt(pair.decomposing(count: count, width: width)) }
    let rows = Chunk.chunks(of: count).reduce(0) { $0 + ($1.range.count + 7) / 8 }
    let levels = CarryPlanes.prefixLevels(nodeCount: width - 1)
    let gateCount = levels.reduce(0) { $0 + $1.count }
    return Cost(rounds: 2 + levels.count, byteCount: 3 * (width * rows + gateCount * ((count + 7) / 8)))
  }

  public func conjoining(counts: [Int]) -> Cost {
    guard options.optimise == .bytes else { return dealt(pair.conjoining(counts: counts)) }
    let byteCount = counts.reduce(0) { $0 + 3 * (($1 + 7) / 8) }
    return byteCount == 0 ? .none : Cost(rounds: 1, byteCount: byteCount)
  }

  public func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost {
    guard count > 0 else { return .none }
    return options.optimise == .bytes
      ? Cost(rounds: 2, byteCount: count * (8 * bitCount + 16 * tableCount))
      : dealt(
        pair.weighting(count: count, bitCount: bitCount, tableCount: tableCount), resultCount: count * tableCount)
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

  /// Parties 0 and 1 where rounds are saved.
  private var pair: AdditiveCosts { AdditiveCosts(partyCount: 2) }

  /// What a step of two parties costs to whom the third deals on line, and one more round that makes replicated shares of its
  /// results.
  private func dealt(_ cost: Cost, resultCount: Int = 0) -> Cost {
    Cost(rounds: cost.rounds, byteCount: cost.byteCount + cost.dealtByteCount)
      + (resultCount == 0 ? .none : Cost(rounds: 1, byteCount: 16 * resultCount))
  }
}
