/// Which protocols replicated parties use, where there is a choice; all parties and plans must choose alike.
public struct ReplicatedOptions: Hashable, Sendable, Codable {
  /// What comparisons and selections spend less of.
  public enum Optimisation: String, Hashable, Sendable, Codable, CaseIterable {
    /// All parties alike, over replicated gates: 10 rounds and 108.25 bytes for a rectifier on 64 bits.
    case bytes
    /// Parties 0 and 1, to whom party 2 deals: 7 rounds, 45.25 bytes between them and 48.375 from party 2.
    case rounds
  }

  public var optimise: Optimisation

  public init(optimise: Optimisation = .bytes) {
    self.optimise = optimise
  }
}
