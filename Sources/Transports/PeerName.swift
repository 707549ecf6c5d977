/// How an error calls a peer: by its index, its address, or both.
public struct PeerName: Hashable, Sendable, CustomStringConvertible, ExpressibleByIntegerLiteral {
  /// The index among the computing parties; `nil` for a client, or a peer that has not said yet.
  public let party: PartyID?
  /// Where it is or calls from, as `host:port`; `nil` where there is no network.
  public let address: String?

  public init(party: PartyID? = nil, address: String? = nil) {
    self.party = party
    self.address = address
  }

  public init(integerLiteral party: PartyID) { self.init(party: party) }

  public var description: String {
    switch (party, address) {
    case (let party?, let address?): "party \(party) (\(address))"
    case (let party?, nil): "party \(party)"
    case (nil, let address?): "the peer at \(address)"
    case (nil, nil): "the peer"
    }
  }
}
