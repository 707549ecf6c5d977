import Foundation
import Sharing
import Transports

extension PartyState {
  /// Keeps a model; the key of the one it replaces, if it does.
  func share(
    _ model: SharedModel, _ offer: ModelOffer, parcel: ArraySlice<UInt8>, by owner: CallerID, key: Data?
  ) throws -> String? {
    try shelf.share(model, offer, parcel: parcel, by: owner, key: key)
  }

  var modelKeys: Set<String> { shelf.keys }

  func withdraw(_ name: String, by owner: CallerID) throws -> String? { try shelf.withdraw(name, by: owner) }

  /// Serves a model no more whose shares may be known to have been changed without notice.
  func spoil(_ key: String) { shelf.spoil(key) }

  func listings(for client: CallerID, named name: String?) throws -> [ModelListing] {
    try shelf.listings(for: client, named: name)
  }

  func model(_ name: String, for client: CallerID) throws -> SharedModel { try shelf.model(name, for: client) }

  /// The model for a query, if the client may send one now.
  func admit(_ name: String, for client: CallerID, batch: Int) throws -> SharedModel {
    do { return try shelf.admit(name, for: client, batch: batch) } catch {
      // Names that are no model's are the caller's, and not shown.
      observer.metrics.noteRefusal(error, model: shelf.isServed(name) ? name : nil)
      throw error
    }
  }

  var health: PartyHealth {
    PartyHealth(time: Date().timeIntervalSince1970, version: TacitVersion.current, sessionFault: sessionFault)
  }

  /// Notes how the session of the parties stands.
  func noteSession(fault: String?) {
    sessionFault = fault
    observer.metrics.noteSession(isThere: fault == nil)
  }

  /// Counts queries whose answers are there: the last thing before they are given.
  func count(_ queries: [PendingQuery]) throws { try shelf.count(queries) }

  func release(_ queries: [PendingQuery]) { for query in queries { shelf.release(query) } }

  /// Tells the other parties this party's counts and takes over theirs where they are larger: a party that was killed
  /// before it counted an answer that another gave counts it now. One round.
  func agreeOnCounts(over channel: any Channel) async throws {
    let own = try Message(JSONEncoder().encode(shelf.counts))
    let theirs = try await channel.exchange(channel.peers.map { Outgoing(own, to: $0) }, from: channel.peers)
    for message in theirs {
      guard let counts = try? JSONDecoder().decode([String: [String: Int]].self, from: Data(message)) else {
        throw ServingError.malformedMessage
      }
      try shelf.raise(to: counts)
    }
  }
}
