public import Sharing

/// How a prediction is to be run, checked.
public struct EngineOptions: Sendable {
  /// The engines by name.
  public enum Engine: String, Sendable, CaseIterable {
    case plain, clear, replicated, additive, spdz
    case replicatedMalicious = "replicated-malicious"

    /// Whether parties compute it in secret.
    public var isSecret: Bool {
      switch self {
      case .plain, .clear: false
      case .replicated, .additive, .spdz, .replicatedMalicious: true
      }
    }

    /// Whether its parties have a dealer.
    var hasDealer: Bool {
      switch self {
      case .plain, .clear, .replicated, .replicatedMalicious: false
      case .additive, .spdz: true
      }
    }

    /// The engines that compute in secret, for people.
    public static var secretNames: String { allCases.filter(\.isSecret).map(\.rawValue).joined(separator: ", ") }

    /// What so many parties spend with this engine; one that does not compute in secret spends nothing, and is not asked.
    ///
    /// - Parameter options: the protocols of replicated parties.
    /// - Parameter isIdentifying: whether parties sign what cheaters are named by.
    public func costs(
      partyCount: Int, options: ReplicatedOptions = ReplicatedOptions(), identifying isIdentifying: Bool = false
    ) -> any CostModel {
      switch self {
      case .plain, .clear, .replicated: ReplicatedCosts(options)
      case .additive: AdditiveCosts(partyCount: partyCount)
      case .spdz: AuthenticatedCosts(partyCount: partyCount, identifying: isIdentifying)
      case .replicatedMalicious: CheckedCosts()
      }
    }
  }

  public enum Transport: String, Sendable, CaseIterable {
    case memory, tls
  }

  public var engine: Engine
  public var transport: Transport
  public var parties: Int
  public var fractionBits: Int
  public var repeats: Int
  public var deadline: Duration
  /// The protocols of the engine replicated.
  public var replicated: ReplicatedOptions
  /// Whether a party that cheats is to be named.
  public var isIdentifying: Bool

  /// - Throws: ``ServingError/badRequest(_:)`` naming the option that cannot be.
  public init(
    engine: String, parties: Int?, transport: String, fractionBits: Int, repeats: Int, deadline: Double,
    optimise: String = ReplicatedOptions.Optimisation.bytes.rawValue,
    truncation: String = ReplicatedOptions.Truncation.safe.rawValue, identify isIdentifying: Bool = false
  ) throws {
    guard let engine = Engine(rawValue: engine) else {
      throw ServingError.badRequest("there is no engine \"\(engine)\": choose one of \(Self.names(Engine.self))")
    }
    guard let transport = Transport(rawValue: transport) else {
      throw ServingError.badRequest(
        "there is no transport \"\(transport)\": choose one of \(Self.names(Transport.self))")
    }
    let partyCount = try Self.checked(parties: parties, engine: engine)
    guard (1...10_000).contains(repeats) else {
      throw ServingError.badRequest("--repeat must be between 1 and 10000, not \(repeats)")
    }
    guard deadline > 0, deadline <= 86_400 else {
      throw ServingError.badRequest("--deadline must be more than 0 and at most 86400 seconds")
    }
    replicated = try Self.checked(optimise: optimise, truncation: truncation, engine: engine)
    guard !isIdentifying || (engine == .spdz && transport == .memory) else {
      throw ServingError.badRequest(
        "--identify names a party that cheats with the engine spdz over the transport memory, not with "
          + "\(engine.rawValue) over \(transport.rawValue)")
    }
    self.isIdentifying = isIdentifying
    self.engine = engine
    self.transport = transport
    self.parties = partyCount
    self.fractionBits = try Self.checked(fractionBits: fractionBits)
    self.repeats = repeats
    self.deadline = .milliseconds(Int64(deadline * 1000))
  }

  /// The number of parties of an engine; one that the engine does not have is refused.
  public static func checked(parties: Int?, engine: Engine) throws -> Int {
    if engine.hasDealer {
      guard (2...16).contains(parties ?? 2) else {
        throw ServingError.badRequest("the engine \(engine.rawValue) runs on 2 to 16 parties, not \(parties ?? 0)")
      }
      return parties ?? 2
    }
    let partyCount = engine.isSecret ? 3 : 1
    guard parties == nil || parties == partyCount else {
      throw ServingError.badRequest(
        "the engine \(engine.rawValue) runs on \(partyCount) \(partyCount == 1 ? "party" : "parties"), not \(parties ?? 0)"
      )
    }
    return partyCount
  }

  /// The protocols of the engine replicated; for other engines, those without a choice.
  public static func checked(optimise: String, truncation: String, engine: Engine) throws -> ReplicatedOptions {
    guard let optimisation = ReplicatedOptions.Optimisation(rawValue: optimise) else {
      throw ServingError.badRequest(
        "--optimise is one of \(names(ReplicatedOptions.Optimisation.self)), not \"\(optimise)\"")
    }
    guard let kind = ReplicatedOptions.Truncation(rawValue: truncation) else {
      throw ServingError.badRequest(
        "--truncation is one of \(names(ReplicatedOptions.Truncation.self)), not \"\(truncation)\"")
    }
    let options = ReplicatedOptions(optimise: optimisation, truncation: kind)
    guard engine == .replicated || options == ReplicatedOptions() else {
      throw ServingError.badRequest(
        "the engine \(engine.rawValue) has no choice of protocols: --optimise and --truncation are for replicated")
    }
    return options
  }

  public static func checked(fractionBits: Int) throws -> Int {
    guard (10...24).contains(fractionBits) else {
      throw ServingError.badRequest("--fraction-bits must be between 10 and 24, not \(fractionBits)")
    }
    return fractionBits
  }

  private static func names<Option: RawRepresentable<String> & CaseIterable>(_: Option.Type) -> String {
    Option.allCases.map(\.rawValue).joined(separator: ", ")
  }
}
