import Tensors
public import Transports

/// ``AuthenticatedScheme``'s costs, `docs/protocols/spdz.md`: whatever is opened goes from everybody to everybody.
public struct AuthenticatedCosts: CostModel {
  public let partyCount: Int
  /// Whether bytes of one party count: all send the same.
  private var isOfOne = false
  /// Whether parties sign what cheaters are named by.
  private let isIdentifying: Bool

  public init(partyCount: Int, identifying isIdentifying: Bool = false) {
    precondition(partyCount >= 2, "additive sharing is among two or more parties")
    self.partyCount = partyCount
    self.isIdentifying = isIdentifying
  }

  public var name: String { "spdz" }
  public var scalarByteCount: Int { 32 }

  public func sent(by party: PartyID) -> any CostModel {
    var costs = self
    costs.isOfOne = true
    return costs
  }

  private var senderCount: Int { isOfOne ? 1 : partyCount }

  /// What a round costs in which every party sends so much to every other.
  private func round(_ byteCount: Int) -> Cost {
    byteCount == 0 ? .none : Cost(rounds: 1, byteCount: senderCount * (partyCount - 1) * byteCount)
  }

  private func dealt(_ demand: Demand) -> Cost { Cost(dealtByteCount: demand.authenticatedByteCount) }

  /// The check of all that was opened before.
  public var checking: Cost { checkRounds.reduce(Cost.none) { $0 + round($1) } }

  private var checkRounds: [Int] {
    zip(AuthenticatedScheme.checkByteCounts, AuthenticatedScheme.signingByteCounts)
      .map { isIdentifying ? $0 + $1 : $0 }
  }

  public func multiplying(_ forms: [Bilinear], openedCount: Int) -> Cost {
    round(16 * openedCount)
      + Cost(dealtByteCount: 16 * openedCount + 32 * forms.reduce(0) { $0 + $1.resultShape.count })
  }

  public func fixing(counts: [Int]) -> Cost { round(16 * counts.reduce(0, +)) + dealt(.masks(counts: counts)) }

  public func reducing(additiveCounts counts: [Int]) -> Cost { .none }

  public func bringing(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return round(16 * count) + Cost(dealtByteCount: 32 * partyCount * count)
  }

  /// Noise of the dealer's: a word that it chooses each.
  package func dealingNoise(count: Int) -> Cost { dealt(.noise(counts: [count], bits: 0)) }

  public func truncating(_ items: [(count: Int, bits: Int)], additive: Bool, mayFail: Bool) -> Cost {
    let count = items.reduce(0) { $0 + $1.count }
    return round(16 * count) + Cost(dealtByteCount: 80 * count)
  }

  public func comparing(count: Int, width: Int) -> Cost {
    BorrowTree(width: width).gateCounts.reduce(round(16 * count) + dealt(.comparison(count: count, width: width))) {
      $0 + round(2 * $1 * ((count + 7) / 8))
    }
  }

  public func selecting(count: Int, isOpened: Bool) -> Cost {
    let planes = dealt(.selection(count: count, mask: nil)).dealtByteCount - (isOpened ? 16 * count : 0)
    return round((count + 7) / 8 + (isOpened ? 0 : 16 * count)) + Cost(dealtByteCount: planes)
  }

  public func converting(count: Int) -> Cost { weighting(count: count, bitCount: 1, tableCount: 1) }

  public func decomposing(count: Int, width: Int) -> Cost {
    BorrowTree(width: width).prefixLevels
      .reduce(round(16 * count) + dealt(.decomposition(count: count, width: width))) {
        $0 + round(2 * $1.count * ((count + 7) / 8))
      }
  }

  public func conjoining(counts: [Int]) -> Cost {
    round(2 * counts.reduce(0) { $0 + ($1 + 7) / 8 })
      + dealt(.conjunction(counts.map { Demand.Planes(rows: 1, count: $0) }))
  }

  public func weighting(count: Int, bitCount: Int, tableCount: Int) -> Cost {
    round(bitCount * ((count + 7) / 8)) + dealt(.conversion(rows: bitCount, count: count))
  }

  public func shuffling(counts: [Int], rowCount: Int) -> Cost {
    guard rowCount > 1 else { return .none }
    let sizes = PermutationNetwork.sizes(rowCount: rowCount)
    let columns = counts.reduce(0, +) / rowCount
    let layer =
      round(16 * sizes.switchCount * columns) + Cost(dealtByteCount: sizes.switchCount * (32 + 48 * columns))
    return (0..<sizes.layerCount).reduce(Cost.none) { sum, _ in sum + layer }
  }

  /// A check, the opening, and a check of it.
  public func opening(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return count == 0 ? .none : openingChecked(count: count) + dealt(.masks(counts: counts))
  }

  /// A check, the opening under masks that were there before, and a check of it.
  package func openingChecked(count: Int) -> Cost {
    count == 0 ? .none : checking + round(16 * count) + checking
  }

  public var starting: Cost {
    let contribution = SessionName.contributionByteCount
    guard isIdentifying else { return round(contribution) }
    return round(contribution + Signature.keyByteCount) + round(AuthenticatedScheme.digestByteCount)
  }

  /// An owner outside sends every party its summands of the words and of their products with a factor; the parties input
  /// them, toss a coin and compare.
  public func sharing(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    return sending(count: count) + admitting(count: count)
  }

  /// What an owner outside sends.
  package func sending(count: Int) -> Cost {
    Cost(rounds: 1, byteCount: isOfOne ? 0 : AuthenticatedSharing.byteCount(of: count, partyCount: partyCount))
  }

  /// What the parties do with what an owner outside has sent.
  package func admitting(count: Int) -> Cost {
    bringing(counts: [AuthenticatedSharing.wordCount(of: count)])
      + checkRounds.prefix(2).reduce(Cost.none) { $0 + round($1) }
      + multiplying([.elementwise([1])]) + round(16)
  }

  /// The receiver's mask, shared with its words; a check, the opening, a check of it, and a copy from every party.
  public func revealing(counts: [Int]) -> Cost {
    let count = counts.reduce(0, +)
    var mask = bringing(counts: [2 * count])
    mask.rounds = 0
    mask.byteCount += isOfOne ? 0 : 32 * count
    return mask + openingChecked(count: count) + Cost(rounds: 1, byteCount: 8 * senderCount * count)
  }
}
