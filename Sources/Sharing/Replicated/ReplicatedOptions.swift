/// Which protocols replicated parties use, where there is a choice; all parties and plans must choose alike.
public struct ReplicatedOptions: Hashable, Sendable, Codable {
  /// What comparisons and selections spend less of.
  public enum Optimisation: String, Hashable, Sendable, Codable, CaseIterable {
    /// All parties alike, over replicated gates: 10 rounds and 108.25 bytes for a rectifier on 64 bits.
    case bytes
    /// Parties 0 and 1, to whom party 2 deals: 7 rounds, 45.25 bytes between them and 48.375 from party 2.
    case rounds
  }

  /// How products of layers are brought back to the working precision.
  public enum Truncation: String, Hashable, Sendable, Codable, CaseIterable {
    /// Never off by more than one unit in the last place: 3 rounds, 30, 33 or 36 bytes by the bits.
    case safe
    /// 2 rounds, 24 bytes; a word z is off by 2^(64 − f) with probability |z| / 2⁶⁴. Steps within functions stay safe.
    case fast
  }

  public var optimise: Optimisation
  public var truncation: Truncation

  public init(optimise: Optimisation = .bytes, truncation: Truncation = .safe) {
    self.optimise = optimise
    self.truncation = truncation
  }
}
