public import Identity
public import Sharing
package import Tensors

/// How the parties of a cluster share secrets; the cluster file says so: with a dealer by additive sharing.
public enum ClusterScheme: Hashable, Sendable {
  case replicated
  /// The same, and products are checked.
  case replicatedMalicious
  case additive(partyCount: Int)

  /// Additive sharing with MACs.
  case spdz(partyCount: Int)

  public init(_ cluster: ClusterFile) throws {
    let partyCount = cluster.parties.count
    switch cluster.scheme {
    case .replicated:
      try cluster.validate(partyCount: 3)
      self = .replicated
      return
    case .replicatedMalicious:
      try cluster.validate(partyCount: 3)
      self = .replicatedMalicious
      return
    case .additive: self = .additive(partyCount: partyCount)
    case .spdz: self = .spdz(partyCount: partyCount)
    }
    guard (2...16).contains(partyCount) else {
      throw ServingError.badRequest("\(cluster.scheme.rawValue) sharing is among 2 to 16 parties, not \(partyCount)")
    }
  }

  /// What the cluster file calls it.
  var fileScheme: ClusterFile.Scheme {
    switch self {
    case .replicated: .replicated
    case .replicatedMalicious: .replicatedMalicious
    case .additive: .additive
    case .spdz: .spdz
    }
  }

  /// The engine of predictions on such a cluster.
  public var engine: EngineOptions.Engine {
    switch self {
    case .replicated: .replicated
    case .replicatedMalicious: .replicatedMalicious
    case .additive: .additive
    case .spdz: .spdz
    }
  }

  /// Whether a party that deviates is caught.
  var isChecked: Bool {
    switch self {
    case .replicated, .additive: false
    case .replicatedMalicious, .spdz: true
    }
  }

  public var costs: any CostModel { costs() }

  /// - Parameter options: the protocols of replicated parties.
  func costs(_ options: ReplicatedOptions = ReplicatedOptions()) -> any CostModel {
    engine.costs(partyCount: partyCount, options: options)
  }

  package var partyCount: Int {
    switch self {
    case .replicated, .replicatedMalicious: 3
    case .additive(let partyCount), .spdz(let partyCount): partyCount
    }
  }

  /// What an owner outside sends to each party.
  package func parcels(of tensors: [RingTensor]) -> [Parcel] { question(tensors, answers: []).parcels }

  /// What an owner outside sends to each party, and what it keeps for its answers.
  ///
  /// - Parameter answers: the shapes of what it asks for.
  package func question(_ tensors: [RingTensor], answers: [Shape]) -> (parcels: [Parcel], masks: [RingTensor]) {
    switch self {
    case .replicated:
      return (InputSharing.parcels(of: tensors).map { Parcel(bytes: $0.bytes, payloadByteCount: $0.byteCount) }, [])
    case .replicatedMalicious:
      // Masks of the answers travel with the tensors.
      let masks = answers.map(InputSharing.uniform)
      return (
        InputSharing.parcels(of: tensors + masks).map { Parcel(bytes: $0.bytes, payloadByteCount: $0.byteCount) }, masks
      )
    case .additive: return question(AdditiveScheme.self, tensors, answers)
    case .spdz: return question(AuthenticatedScheme.self, tensors, answers)
    }
  }

  private func question<Scheme: DealtScheme>(
    _ scheme: Scheme.Type, _ tensors: [RingTensor], _ answers: [Shape]
  ) -> (parcels: [Parcel], masks: [RingTensor]) {
    let owner = Scheme.parcels(of: tensors, answers: answers, partyCount: partyCount)
    return (owner.parcels.map { Parcel(bytes: $0.bytes, payloadByteCount: $0.byteCount) }, owner.masks)
  }

  /// What the parties have told an owner, put together.
  ///
  /// - Parameter mask: what the owner kept for this answer.
  /// - Throws: `SharingError.cheating` where all must say the same and do not.
  package func combine(_ answers: [RingTensor], mask: RingTensor?) throws -> RingTensor {
    switch self {
    case .replicated, .additive: AdditiveScheme.combine(answers, mask: mask)
    // All say the same.
    case .spdz, .replicatedMalicious: try AuthenticatedScheme.combine(answers, mask: mask)
    }
  }

  package struct Parcel: Sendable {
    package let bytes: [UInt8]
    /// As plans count it.
    let payloadByteCount: Int
  }

  /// One party's shares from such a parcel.
  ///
  /// - Parameter answers: the shapes of what the owner asks for.
  func unpack(
    _ bytes: ArraySlice<UInt8>, party: Int, shapes: [Shape], answers: [Shape] = []
  ) throws -> HeldShares {
    switch self {
    case .replicated:
      .replicated(try InputSharing.unpack(try .init(bytes: bytes), party: party, shapes: shapes))
    case .replicatedMalicious:
      .checked(try InputSharing.unpack(try .init(bytes: bytes), party: party, shapes: shapes + answers))
    case .additive(let partyCount):
      .additive(
        try AdditiveSharing.unpack(
          try .init(bytes: bytes, party: party, partyCount: partyCount), party: party, partyCount: partyCount,
          shapes: shapes))
    case .spdz(let partyCount):
      .authenticated(
        try AuthenticatedScheme.unpack(
          try .init(bytes: bytes, party: party, partyCount: partyCount), party: party, partyCount: partyCount,
          shapes: shapes, answers: answers))
    }
  }
}

extension ClusterScheme: CustomStringConvertible {
  public var description: String {
    switch self {
    case .replicated: "replicated sharing among three parties"
    case .replicatedMalicious: "replicated sharing among three parties that check each other (replicated-malicious)"
    case .additive(let partyCount): "additive sharing among \(partyCount) parties with a dealer"
    case .spdz(let partyCount): "additive sharing with MACs (spdz) among \(partyCount) parties with a dealer"
    }
  }
}

/// What a party holds of an owner's tensors, by any scheme.
package enum HeldShares: Sendable {
  case replicated([ReplicatedShare])
  case additive([AdditiveShare])
  /// Pieces that have no MACs yet: those are a session's. Of a question, its words and the masks of its answers.
  case checked([ReplicatedShare])
  /// Pieces that have no MACs yet.
  case authenticated(AuthenticatedPiece)

  /// As what they are stored by; shares that lack MACs are not.
  var held: [HeldShare] {
    switch self {
    case .replicated(let shares): shares.map(\.held)
    case .additive(let shares): shares.map(\.held)
    case .checked(let shares): shares.map(\.held)
    case .authenticated: []
    }
  }
}

/// A scheme with a dealer that parties serve models and train by.
package protocol ServedScheme: DealtScheme where Share: StorableShare {
  /// The piece among what a party holds; `nil` where it is of another scheme.
  static func piece(in shares: HeldShares) -> Piece?
}

extension AdditiveScheme: ServedScheme {
  package static func piece(in shares: HeldShares) -> [AdditiveShare]? {
    if case .additive(let shares) = shares { shares } else { nil }
  }
}

extension AuthenticatedScheme: ServedScheme {
  package static func piece(in shares: HeldShares) -> AuthenticatedPiece? {
    if case .authenticated(let piece) = shares { piece } else { nil }
  }
}
