package import Transports

/// A dealer as a party sees it: in the same process, or another one.
package protocol DealerAccess: Sendable {
  /// This party's key.
  func key() async throws -> DealtKey
  /// For the last party: what it needs for one run, under the keys of an epoch. The same run asked for again gets the
  /// same ticket.
  func ticket(of computation: DealtComputation, step: UInt32, epoch: [UInt8]) async throws -> Message
}

/// The secret that a party shares with the dealer.
package struct DealtKey: Sendable {
  /// Names the keys of all parties together: tickets belong to them.
  package let epoch: [UInt8]
  package let bytes: [UInt8]

  package init(epoch: [UInt8], bytes: [UInt8]) {
    self.epoch = epoch
    self.bytes = bytes
  }
}

extension DealtKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "‹key from the dealer›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A dealer of the same process. Whoever runs it sees everything; for trying and measuring.
package struct MemoryDealerAccess: DealerAccess {
  private let desk: DealerDesk
  private let party: PartyID

  package init(_ desk: DealerDesk, party: PartyID) {
    self.desk = desk
    self.party = party
  }

  package func key() -> DealtKey { DealtKey(epoch: desk.epoch, bytes: desk.dealer.key(ofParty: party)) }

  package func ticket(of computation: DealtComputation, step: UInt32, epoch: [UInt8]) async throws -> Message {
    try await desk.ticket(for: computation, step: step)
  }
}
