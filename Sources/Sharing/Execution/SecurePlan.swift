public import Graphs
import Tensors

/// What a secure run will send, found without running it: the engine walks the graph on shapes alone.
public struct SecurePlan: Hashable, Sendable, Codable {
  /// The share of one step or input in the plan.
  public struct Layer: Hashable, Sendable, Codable {
    public var name: String
    public var operation: String
    public var rounds: Int
    public var bytesSent: Int
    /// Bits of its comparisons, where it compares.
    public var width: Int?
    /// The most probable that it is wrong by more than the documented rounding, where it can be.
    public var failureProbability: Double?
  }

  /// A value that leaves the secret world, and who receives it.
  public struct Opening: Hashable, Sendable, Codable {
    public var value: String
    public var recipients: String
  }

  /// Message latencies one after the other, sharing the input and revealing the result included.
  public var rounds: Int
  /// Payload of all parties and of the input's owner, without frame headers and TLS.
  public var bytesSent: Int
  /// Payload that each party sends, its part of the result included.
  public var bytesByParty: [Int]
  /// Bytes from a dealer, which do not depend on data and can be made ahead; none for replicated sharing.
  public var dealtBytes: Int
  /// What one party holds at most at a time: shares of the values that are still needed, and a step's messages and masks.
  ///
  /// Follows the run value by value; the allocator's rounding, the program itself and the transport's buffers come on top.
  public var peakMemoryBytes: Int
  /// The most probable that a result is wrong by more than the documented rounding: 0, but with fast truncation.
  public var failureProbability: Double
  public var opened: [Opening]
  public var layers: [Layer]

  /// The plan of one query on a model whose weights the parties hold in shares.
  ///
  /// - Parameters:
  ///   - dataInput: the input that its owner shares; all others are weights.
  ///   - widths: bits of the comparisons.
  ///   - magnitudes: bounds of all nodes' values, or none.
  /// - Throws: ``SharingError/outOfRange(layer:operation:magnitude:limit:)`` naming the first layer whose values could leave
  ///   what fixed point holds; ``SharingError/boundsMissing`` where protocols may fail and no bounds say how probably.
  public static func query(
    _ graph: Graph, dataInput: String, fractionBits: Int, widths: ComparisonWidths = .full, magnitudes: [Double] = [],
    costs: any CostModel = ReplicatedCosts()
  ) async throws -> SecurePlan {
    guard !costs.truncatesFast || !magnitudes.isEmpty else { throw SharingError.boundsMissing }
    let scheme = MeteredScheme(costs)
    let ledger = PlanLedger(graph: graph, scheme: scheme, mayFail: costs.truncatesFast)
    func run(_ scheme: MeteredScheme, observer: ((SecureStep) -> Void)? = nil) async throws -> [MeteredScheme.Share] {
      // Weights are the same for all queries of a session, so they are prepared once.
      let inputs = Dictionary(
        uniqueKeysWithValues: graph.inputs.map { name, node in
          (name, scheme.share(of: graph.nodes[node].shape, isFixed: name != dataInput))
        })
      return try await SecureEngine(scheme, fractionBits: fractionBits, widths: widths, magnitudes: magnitudes)
        .run(graph, inputs: inputs, observer: observer)
    }
    let given = [graph.shape(ofInput: dataInput)?.count ?? 0]
    ledger.add("input \(dataInput)", "share", costs.sharing(counts: given))
    let outputs = try await run(scheme) { ledger.record($0) }
    let revealed = outputs.map(\.shape.count)
    ledger.add("output", "reveal", costs.revealing(counts: revealed))
    let outside = costs.sharing(counts: given) + costs.revealing(counts: revealed)
    var bytesByParty: [Int] = []
    for party in 0..<costs.partyCount {
      let own = costs.sent(by: party)
      let scheme = MeteredScheme(own)
      _ = try await run(scheme)
      let outside = own.sharing(counts: given) + own.revealing(counts: revealed)
      bytesByParty.append(scheme.traffic.byteCount + outside.byteCount)
    }
    return SecurePlan(
      rounds: ledger.layers.reduce(0) { $0 + $1.rounds }, bytesSent: ledger.layers.reduce(0) { $0 + $1.bytesSent },
      bytesByParty: bytesByParty, dealtBytes: (outside + scheme.traffic).dealtByteCount,
      peakMemoryBytes: ledger.peakMemoryBytes,
      failureProbability: min(1, ledger.layers.reduce(0) { $0 + ($1.failureProbability ?? 0) }),
      opened: [Opening(value: "output", recipients: "the owner of the input")], layers: ledger.layers)
  }

  /// Programs whose public numbers have equal forms cost the same, and demand the same of a dealer.
  package static func form(of number: Float, fractionBits: Int) -> Int {
    let factor = PublicFactor(number, significantBits: fractionBits)
    return factor.surplus << 2 | (factor.isPowerOfTwo ? 2 : 0) | (abs(number) >= 1024 ? 1 : 0)
  }

  public var traffic: Cost { Cost(rounds: rounds, byteCount: bytesSent, dealtByteCount: dealtBytes) }

  /// Seconds on the wire: each round waits half a round trip, each party sends its part at the given rate.
  public func networkSeconds(roundTrip: Double, bitsPerSecond: Double, partyCount: Int = 3) -> Double {
    Double(rounds) * roundTrip / 2 + Double(bytesSent) / Double(partyCount) * 8 / bitsPerSecond
  }
}

/// Collects the steps of a metered run. One task uses it.
private final class PlanLedger {
  private let graph: Graph
  private let scheme: MeteredScheme
  private let mayFail: Bool
  private var spent = Cost.none
  private(set) var layers: [SecurePlan.Layer] = []
  private(set) var peakMemoryBytes = 0

  init(graph: Graph, scheme: MeteredScheme, mayFail: Bool) {
    self.graph = graph
    self.scheme = scheme
    self.mayFail = mayFail
  }

  func record(_ step: SecureStep) {
    let traffic = scheme.traffic - spent
    spent = scheme.traffic
    // What a party sends in a step it also receives and, before that, masks: of one block at a time, and blocks are
    // put together in the end.
    let scalars = step.nodes.reduce(0) { $0 + graph.nodes[$1].shape.count }
    let messages = 3 * traffic.byteCount / scheme.partyCount / max(1, scalars / BlockSize.standard)
    let held = step.heldScalars + (scalars > BlockSize.standard ? scalars : 0)
    peakMemoryBytes = max(peakMemoryBytes, held * scheme.scalarByteCount + messages)
    guard traffic != .none else { return }
    var names: [String] = []
    for node in step.nodes {
      let name = graph.nodes[node].layer
      if !name.isEmpty, !names.contains(name) { names.append(name) }
    }
    let failure = mayFail && step.wrapProbability > 0 ? min(1, step.wrapProbability) : nil
    add(names.joined(separator: " + "), step.kind, traffic, width: step.width, failureProbability: failure)
  }

  func add(
    _ name: String, _ operation: String, _ traffic: Cost, width: Int? = nil, failureProbability: Double? = nil
  ) {
    layers.append(
      SecurePlan.Layer(
        name: name, operation: operation, rounds: traffic.rounds, bytesSent: traffic.byteCount, width: width,
        failureProbability: failureProbability))
  }
}
