/// Who deviated, as far as a party knows (`docs/protocols/identify.md`).
public enum Culprit: Hashable, Sendable, Codable {
  case unknown
  case party(Int)
  /// These parties contradict each other about a message that nobody else saw: one of them lies.
  case oneOf([Int])

  /// The party, where it is one.
  public var party: Int? {
    if case .party(let party) = self { return party }
    return nil
  }

  /// What several parties say, in their order, for whoever sees them all: a process that runs them all. A party that cheats says
  /// what it likes, so where two are named by equally many it is one of them.
  package static func joining(_ named: [Culprit]) -> Culprit {
    let votes = Dictionary(grouping: named.compactMap(\.party), by: { $0 }).mapValues(\.count)
    guard let most = votes.values.max() else { return named.first { $0 != .unknown } ?? .unknown }
    let found = votes.filter { $0.value == most }.keys.sorted()
    return found.count == 1 ? .party(found[0]) : .oneOf(found)
  }
}

extension Culprit: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknown: "a party"
    case .party(let party): "party \(party)"
    case .oneOf(let parties):
      "one of the parties " + parties.map(String.init).joined(separator: " and ") + ", which contradict each other,"
    }
  }
}

extension SharingError {
  /// What says most of why parties come to nothing: that one cheats, and who, rather than that others have gone; `nil` where
  /// nobody says that one cheats.
  ///
  /// - Parameter errors: the parties', in their order.
  package static func joining(_ errors: [SharingError?]) -> SharingError? {
    let cheats = errors.compactMap { $0?.cheat }
    guard let first = cheats.first else { return nil }
    let culprit = Culprit.joining(cheats.map(\.culprit))
    let said = cheats.first { $0.culprit == culprit } ?? first
    return .cheating(check: said.check, layer: said.layer, culprit: culprit)
  }

  /// What this error says of a cheater, if it does.
  package var cheat: (check: CheatingCheck, layer: String, culprit: Culprit)? {
    if case .cheating(let check, let layer, let culprit) = self { (check, layer, culprit) } else { nil }
  }
}
