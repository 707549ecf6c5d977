public import Identity
public import Sharing
package import Tensors

/// How the parties of a cluster share secrets; the cluster file says so: with a dealer by additive sharing.
public enum ClusterScheme: Hashable, Sendable {
  case replicated
  case additive(partyCount: Int)

  public init(_ cluster: ClusterFile) throws {
    guard cluster.dealer != nil else {
      try cluster.validate(partyCount: 3)
      self = .replicated
      return
    }
    guard (2...16).contains(cluster.parties.count) else {
      throw ServingError.badRequest("additive sharing is among 2 to 16 parties, not \(cluster.parties.count)")
    }
    self = .additive(partyCount: cluster.parties.count)
  }

  public var costs: any CostModel { costs() }

  /// - Parameter options: the protocols of replicated parties.
  func costs(_ options: ReplicatedOptions = ReplicatedOptions()) -> any CostModel {
    switch self {
    case .replicated: ReplicatedCosts(options)
    case .additive(let partyCount): AdditiveCosts(partyCount: partyCount)
    }
  }

  var partyCount: Int {
    switch self {
    case .replicated: 3
    case .additive(let partyCount): partyCount
    }
  }

  /// What an owner outside sends to each party.
  package func parcels(of tensors: [RingTensor]) -> [Parcel] {
    switch self {
    case .replicated:
      InputSharing.parcels(of: tensors).map { Parcel(bytes: $0.bytes, payloadByteCount: $0.byteCount) }
    case .additive(let partyCount):
      AdditiveSharing.parcels(of: tensors, partyCount: partyCount).map {
        Parcel(bytes: $0.bytes, payloadByteCount: $0.byteCount)
      }
    }
  }

  package struct Parcel: Sendable {
    package let bytes: [UInt8]
    /// As plans count it.
    let payloadByteCount: Int
  }

  /// One party's shares from such a parcel.
  func unpack(_ bytes: ArraySlice<UInt8>, party: Int, shapes: [Shape]) throws -> HeldShares {
    switch self {
    case .replicated:
      .replicated(try InputSharing.unpack(try .init(bytes: bytes), party: party, shapes: shapes))
    case .additive(let partyCount):
      .additive(
        try AdditiveSharing.unpack(
          try .init(bytes: bytes, party: party, partyCount: partyCount), party: party, partyCount: partyCount,
          shapes: shapes))
    }
  }
}

extension ClusterScheme: CustomStringConvertible {
  public var description: String {
    switch self {
    case .replicated: "replicated sharing among three parties"
    case .additive(let partyCount): "additive sharing among \(partyCount) parties with a dealer"
    }
  }
}

/// Shares of either kind.
package enum HeldShares: Sendable {
  case replicated([ReplicatedShare])
  case additive([AdditiveShare])

  /// As what they are stored by.
  var held: [HeldShare] {
    switch self {
    case .replicated(let shares): shares.map(\.held)
    case .additive(let shares): shares.map(\.held)
    }
  }
}
