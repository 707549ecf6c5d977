/// Who learns what of a worker's update on its way into the average.
public enum Aggregation: String, Hashable, Sendable, Codable, CaseIterable {
  /// The coordinator sees every update.
  case open
  /// The coordinator sees the sum alone, by masks that cancel.
  case masked
  /// The coordinator sees ciphertexts; holders of key shares open the sum.
  case paillier
  /// Three parties hold shares of every update and open the average.
  case shared

  /// Whether no single party learns a worker's update.
  public var hidesUpdates: Bool { self != .open }

  /// How a strategy goes with this aggregation.
  public enum Verdict: Hashable, Sendable {
    case works
    /// It works, but workers bound the length of their own updates and nobody checks them.
    case worksOnTrust
    /// It works, and the length of updates is checked on shares.
    case worksOnShares
    /// Updates cannot be compared with each other, since nobody sees one.
    case impossible
  }

  public func verdict(on strategy: StrategySpec.Kind) -> Verdict {
    switch (strategy, self) {
    case (_, .open): .works
    case (.normBound, .masked), (.normBound, .paillier): .worksOnTrust
    case (.normBound, .shared): .worksOnShares
    case (_, .masked), (_, .paillier), (_, .shared): strategy.needs == .average ? .works : .impossible
    }
  }

  /// - Throws: a contradiction that names the pairs that work, where this is none of them.
  public func check(_ strategy: StrategySpec.Kind) throws(JobError) {
    guard verdict(on: strategy) == .impossible else { return }
    let aggregations = Aggregation.allCases.filter { $0.verdict(on: strategy) != .impossible }
    let strategies = StrategySpec.Kind.allCases.filter { verdict(on: $0) != .impossible }
    func list(_ names: [String]) -> String { names.joined(separator: ", ") }
    throw .contradiction(
      "federated.strategy \(strategy.rawValue) compares updates with each other and federated.aggregation \(rawValue) "
        + "shows none; \(strategy.rawValue) goes with \(list(aggregations.map(\.rawValue))), and \(rawValue) with "
        + list(strategies.map(\.rawValue)))
  }

  /// The table of all pairs, in Markdown.
  public static var table: String {
    let head = ["strategy", "needs"] + allCases.map(\.rawValue) + ["asynchronous"]
    let rows = StrategySpec.Kind.allCases.map { kind in
      [kind.rawValue, kind.needs == .average ? "average" : "each update"] + allCases.map { $0.verdict(on: kind).word }
        + [kind.worksAsynchronously ? "yes, open" : "no"]
    }
    let lines = [head, head.map { _ in "---" }] + rows
    return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
  }
}

extension Aggregation.Verdict {
  fileprivate var word: String {
    switch self {
    case .works: "yes"
    case .worksOnTrust: "yes, unchecked"
    case .worksOnShares: "yes, checked on shares"
    case .impossible: "no"
    }
  }
}
