/// What a cheating party was caught by (`docs/protocols/spdz.md`, 4).
public enum CheatingCheck: String, Hashable, Sendable, Codable, CustomStringConvertible {
  /// Different parties were given different values.
  case agreement
  /// What was committed to is not what was opened.
  case commitment
  /// Words that were opened do not have the MACs they should have.
  case words
  /// Bits that were opened do not have the MACs they should have.
  case bits
  /// What parties brought of an owner's words is not what the owner sent them.
  case inputs
  /// A product is not what its operands make it (`docs/protocols/replicated-malicious.md`, 5).
  case products
  /// A conjunction of bits is not what its operands make it.
  case gates
  /// The parties give the owner different answers.
  case answers
  /// What a party has to sign is not signed by it.
  case signature

  public var description: String {
    switch self {
    case .agreement: "different parties were sent different values"
    case .commitment: "a value differs from the commitment to it"
    case .words: "the MAC check of opened words failed"
    case .bits: "the MAC check of opened bits failed"
    case .inputs: "the check of what an owner shared failed"
    case .products: "the check of products failed"
    case .gates: "the check of gates on bits failed"
    case .answers: "the parties gave different answers"
    case .signature: "a signature is not that of its sender"
    }
  }
}
