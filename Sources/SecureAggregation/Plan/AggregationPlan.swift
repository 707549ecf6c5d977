import Crypto
import Foundation

/// What is summed, among how many, and who must be left for it: agreed before anything is sent.
///
/// Each of n = `clientCount` clients has `vectorLength` values in 0…2^B − 1, B = `valueBits`. Sums are taken modulo
/// R = 2^w with the smallest w for which R ≥ n·(2^B − 1) + 1, so that they are exact; w is at most 63. A masked value
/// takes w bits on the wire, and 4 bytes in memory up to w = 32, else 8.
public struct AggregationPlan: Hashable, Sendable {
  public static let largestClientCount = 100_000

  /// Size of the cohort.
  public let clientCount: Int
  public let vectorLength: Int
  /// B, from 1 to 53.
  public let valueBits: Int
  /// Nothing opens with fewer contributors.
  public let minimumClients: Int
  public let topology: Topology
  /// What the clients' values were computed from, as a digest: clients that were asked different things refuse each other's keys.
  public let context: [UInt8]

  /// A plan that holds what its topology promises, or an error that says why there is none.
  ///
  /// Without a topology every client shares secrets with every other, under the smallest safe threshold.
  public init(
    clientCount: Int, vectorLength: Int, valueBits: Int, minimumClients: Int = 2, topology: Topology? = nil,
    context: [UInt8] = []
  ) throws(SecureAggregationError) {
    guard (2...Self.largestClientCount).contains(clientCount) else {
      throw .plan(reason: "it has \(clientCount) clients where 2 to \(Self.largestClientCount) can take part")
    }
    guard (1...Int(Int32.max)).contains(vectorLength) else {
      throw .plan(reason: "a vector cannot have \(vectorLength) values")
    }
    guard (1...53).contains(valueBits),
      UInt64(clientCount) <= UInt64(Int64.max) / (UInt64.max >> UInt64(64 - valueBits))
    else {
      throw .plan(
        reason: "values of \(valueBits) bits from \(clientCount) clients cannot be added: "
          + "a value has 1 to 53 bits, a sum 63")
    }
    guard (2...clientCount).contains(minimumClients) else {
      throw .plan(reason: "the smallest number of contributors is 2 to \(clientCount), not \(minimumClients)")
    }
    self.clientCount = clientCount
    self.vectorLength = vectorLength
    self.valueBits = valueBits
    self.minimumClients = minimumClients
    self.context = context
    self.topology = topology ?? .complete(threshold: Topology.smallestThreshold(clients: clientCount))
    try self.topology.check(clients: clientCount)
  }

  /// w: the bits of a masked value.
  public var modulusBits: Int {
    let largestSum = UInt64(clientCount) * largestValue
    return UInt64.bitWidth - largestSum.leadingZeroBitCount
  }

  /// The largest value a client may give.
  public var largestValue: UInt64 { UInt64.max >> UInt64(64 - valueBits) }

  /// t: how many shares restore a secret.
  public var threshold: Int {
    switch topology {
    case .complete(let threshold): threshold
    case .regular(let graph): graph.threshold
    }
  }

  /// Bytes of a masked vector: ⌈`vectorLength` · w / 8⌉.
  public var vectorByteCount: Int { (vectorLength * modulusBits + 7) / 8 }

  /// The fewest clients that may be left at any stage.
  var fewestClients: Int {
    switch topology {
    case .complete(let threshold): max(threshold, minimumClients)
    case .regular: minimumClients
    }
  }

  /// What the server's announcement must say of the plan.
  package var digest: [UInt8] {
    var writer = ByteWriter()
    writer.append(text: "tacit secure aggregation 1: plan")
    for number in [clientCount, vectorLength, valueBits, minimumClients] { writer.append(UInt32(number)) }
    topology.append(to: &writer)
    writer.append(context)
    return Array(SHA256.hash(data: writer.bytes))
  }
}
