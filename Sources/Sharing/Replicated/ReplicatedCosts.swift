import Tensors
public import Transports

/// ``ReplicatedScheme``'s costs, `docs/PROTOCOLS.md`.
public struct ReplicatedCosts: CostModel {
  public let options: ReplicatedOptions
  /// Whose bytes count; all parties' where there is none.
  private var sender: PartyID?

  public init(_ options: ReplicatedOptions = ReplicatedOptions()) {
    self.options = options
  }

  public func sent(by party: PartyID) -> any CostModel {
    var costs = self
    costs.sender = party
    return costs
  }

  /// Every party sends as many bytes.
  private func balanced(rounds: Int, bytes: Int) -> Cost {
    Cost(rounds: rounds, byteCount: sender == nil ? 3 * bytes : bytes)
  }

  /// Bytes a scalar by role, where roles rotate over the chunks.
  private func rotated(rounds: Int, count: Int, bytes: (first: Int, second: Int, third: Int)) -> Cost {
    guard let sender else { return Cost(rounds: rounds, byteCount: count * (bytes.first + bytes.second + bytes.third)) }
    let byteCount = Chunk.chunks(of: count).reduce(0) { sum, chunk in
      switch chunk.role(of: sender) {
      case .first: sum + chunk.range.count * bytes.first
      case .second: sum + chunk.range.count * bytes.second
      case .third: sum + chunk.range.count * bytes.third
      }
    }
    return Cost(rounds: rounds, byteCount: byteCount)
  }

  public var name: String { "replicated" }
  public var partyCount: Int { 3 }
  public var scalarByteCount: Int { 16 }

  public func doubles(_ form: Bilinear) -> Bool { form.isCheaperDoubled }

  public func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost { .none }

  public func fixing(counts: [Int]) -> Cost { .none }

  public func reducing(additiveCounts counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return count == 0 ? .none : balanced(rounds: 1, bytes: 8 * count)
  }

  public var truncatesFast: Bool { options.truncation == .fast }

  public func truncating(_ items: [(count: Int, bits: Int)], additive: Bool, mayFail: Bool) -> Cost {
    let isFast = mayFail && truncatesFast
    let third = additive ? 8 : 0
    let traffic = items.reduce(Cost.none) { traffic, item in
      let small = isFast ? 0 : WireWidth.truncating(by: item.bits).byteCount
      return traffic + rotated(rounds: 0, count: item.count, bytes: (8 + small, 8 + small, third + small))
    }
    return traffic + Cost(rounds: (additive ? 2 : 1) + (isFast ? 0 : 1))
  }

  public func comparing(count: Int, width: Int) -> Cost {
    guard count > 0 else { return .none }
    guard options.optimise == .bytes else { return dealt(pair.comparing(count: count, width: width)) }
    let rows = Chunk.chunks(of: count).reduce(0) { $0 + ($1.range.count + 7) / 8 }
    var traffic = balanced(rounds: 2, bytes: width * rows)
    var nodes = width - 1
    while nodes > 1 {
      traffic = traffic + balanced(rounds: 1, bytes: (2 * (nodes / 2) - 1) * ((count + 7) / 8))
      nodes = nodes / 2 + nodes % 2
    }
    return traffic
  }

  public func selecting(count: Int, isOpened: Bool) -> Cost {
    options.optimise == .bytes
      ? rotated(rounds: count == 0 ? 1 : 2, count: count, bytes: (24, 8, 8))
      : dealt(pair.selecting(count: count, isOpened: isOpened), resultCount: count)
  }

  public func converting(count: Int) -> Cost {
    options.optimise == .bytes
      ? rotated(rounds: 2, count: count, bytes: (8, 8, 8)) : dealt(pair.converting(count: count), resultCount: count)
  }

  public func decomposing(count: Int, width: Int) -> Cost {
    guard count > 0 else { return .none }
    guard options.optimise == .bytes else { return dealt(pair.decomposing(count: count, width: width)) }
    let rows = Chunk.chunks(of: count).reduce(0) { $0 + ($1.range.count + 7) / 8 }
    let levels = CarryPlanes.prefixLevels(nodeCount: width - 1)
    let gateCount = levels.reduce(0) { $0 + $1.count }
    return balanced(rounds: 2 + levels.count, bytes: width * rows + gateCount * ((count + 7) / 8))
  }

  public func conjoining(counts: [Int]) -> Cost {
    guard options.optimise == .bytes else { return dealt(pair.conjoining(counts: counts)) }
    let byteCount = counts.reduce(0) { $0 + ($1 + 7) / 8 }
    return byteCount == 0 ? .none : balanced(rounds: 1, bytes: byteCount)
  }

  public func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost {
    guard count > 0 else { return .none }
    return options.optimise == .bytes
      ? rotated(rounds: 2, count: count, bytes: (8 * bitCount, 8 * tableCount, 8 * tableCount))
      : dealt(
        pair.weighting(count: count, bitCount: bitCount, tableCount: tableCount), resultCount: count * tableCount)
  }

  public func shuffling(counts: [Int], rowCount: Int) -> Cost {
    let count = counts.reduce(0, +)
    guard count > 0 else { return .none }
    guard let sender else { return Cost(rounds: 2, byteCount: 32 * count) }
    return Cost(rounds: 2, byteCount: (sender == 0 ? 16 : 8) * count)
  }

  public func opening(counts: [Int]) -> Cost { reducing(additiveCounts: counts) }

  public var starting: Cost { balanced(rounds: 1, bytes: 2 * SessionKeys.contributionByteCount) }

  public func sharing(counts: [Int]) -> Cost {
    Cost(rounds: 1, byteCount: sender == nil ? InputSharing.byteCount(of: counts.reduce(0, +)) : 0)
  }

  public func revealing(counts: [Int]) -> Cost {
    balanced(rounds: 1, bytes: 8 * counts.reduce(0, +))
  }

  /// Parties 0 and 1 where rounds are saved.
  private var pair: AdditiveCosts { AdditiveCosts(partyCount: 2) }

  /// What a step of two parties costs to whom the third deals on line, and one more round that makes replicated shares of its
  /// results.
  private func dealt(_ cost: Cost, resultCount: Int = 0) -> Cost {
    let rounds = cost.rounds + (resultCount == 0 ? 0 : 1)
    return switch sender {
    case nil: Cost(rounds: rounds, byteCount: cost.byteCount + cost.dealtByteCount + 16 * resultCount)
    case 2: Cost(rounds: rounds, byteCount: cost.dealtByteCount)
    case .some: Cost(rounds: rounds, byteCount: cost.byteCount / 2 + 8 * resultCount)
    }
  }
}
