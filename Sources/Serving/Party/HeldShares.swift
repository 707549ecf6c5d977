public import Identity
public import Sharing
import Tensors

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

  public var costs: any CostModel {
    switch self {
    case .replicated: ReplicatedCosts()
    case .additive(let partyCount): AdditiveCosts(partyCount: partyCount)
    }
  }

  /// - Throws: ``ServingError/badRequest(_:)`` where these parties do not train.
  func checkTraining() throws {
    guard self == .replicated else {
      throw ServingError.badRequest("training on shares needs three replicated parties: this cluster has a dealer")
    }
  }

  /// What an owner outside sends to each party.
  func parcels(of tensors: [RingTensor]) -> [Parcel] {
    switch self {
    case .replicated:
      InputSharing.parcels(of: tensors).map { Parcel(bytes: $0.bytes, payloadByteCount: $0.byteCount) }
    case .additive(let partyCount):
      AdditiveSharing.parcels(of: tensors, partyCount: partyCount).map {
        Parcel(bytes: $0.bytes, payloadByteCount: $0.byteCount)
      }
    }
  }

  struct Parcel: Sendable {
    let bytes: [UInt8]
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

/// Shares of either kind.
package enum HeldShares: Sendable {
  case replicated([ReplicatedShare])
  case additive([AdditiveShare])
}
