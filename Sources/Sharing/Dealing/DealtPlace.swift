/// Where in a session correlated randomness belongs: a program, its how-manieth run, and an operation within that.
///
/// A program is a name that all parties and the dealer use alike for runs that demand the same, such as queries of one
/// batch on one model; each has keystreams of its own. Nothing is ever used at two places.
public struct DealtPlace: Hashable, Sendable, Codable {
  public var program: String
  public var step: UInt32
  public var operation: UInt32

  /// The upper word of the counter under the program's key.
  var counterHigh: UInt64 { UInt64(step) << 32 | UInt64(operation) }
}

/// A mask that was drawn before and whose opened value the parties still hold.
public struct DealtMask: Hashable, Sendable, Codable {
  public var place: DealtPlace
  public var draw: Int
}
