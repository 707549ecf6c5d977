public import Transports

/// A dealer in the same process: serves corrections as they are asked for.
///
/// Whoever runs it sees everything; for trying and measuring.
public struct MemoryDealing: CorrelationSource {
  private let dealer: Dealer
  private let party: PartyID

  public init(dealer: Dealer, party: PartyID) {
    self.dealer = dealer
    self.party = party
  }

  public func key() -> [UInt8] { dealer.key(ofParty: party) }

  public func corrections(for demand: Demand, at place: DealtPlace) -> ArraySlice<UInt8> {
    dealer.corrections(for: demand, at: place)[...]
  }
}
