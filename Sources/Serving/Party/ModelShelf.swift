import Foundation
import Identity
import Logging
import Sharing
import Transports

/// The models of a party, their owners, terms and accounts: in memory, and on disk where there is storage.
struct ModelShelf {
  private struct Entry {
    let model: SharedModel
    let offer: ModelOffer
    let card: ModelCard
    let owner: String
    /// Of the owner's certificate, X9.63.
    let ownerKey: Data?
    var account: ModelAccount
  }

  let database: PartyDatabase
  private let store: ModelStore?
  private var entries: [String: Entry] = [:]
  /// Models that should be here and cannot be served: their owners, and why.
  private var faults: [String: (owner: String, reason: String)] = [:]

  /// Opens the shelf, with all models that an earlier process left; one that cannot be used is named, and the others are
  /// served.
  init(
    storage: (folder: String, key: StorageKey)?, scheme: ClusterScheme, party: PartyID, logger: Logger
  ) throws {
    try storage.map { try PrivateFolder.make($0.folder) }
    database = try PartyDatabase(path: storage.map { $0.folder + "/party.sqlite" })
    store = try storage.map { try ModelStore(folder: $0.folder + "/models", key: $0.key, party: party) }
    guard let store else { return }
    let known = try database.models()
    for row in known {
      do {
        let (offer, parcel) = try store.load(row.name, key: row.key)
        let model = try SharedModel(offer, key: row.key, parcel: parcel, scheme: scheme, party: party)
        try put(model, offer, owner: row.owner, key: row.ownerKey)
      } catch {
        faults[row.name] = (row.owner, "the party cannot use its file of it")
        logger.error("a model is not served", metadata: ["model": "\(row.name)", "reason": "\(error)"])
      }
    }
    for stranger in store.names where !known.contains(where: { $0.name == stranger }) {
      logger.error(
        "a model is not served",
        metadata: ["model": "\(stranger)", "reason": "there is a file of it, but nobody shares it here any more"])
    }
  }

  private mutating func put(_ model: SharedModel, _ offer: ModelOffer, owner: String, key: Data?) throws {
    entries[offer.name] = Entry(
      model: model, offer: offer, card: try offer.card(key: model.key), owner: owner, ownerKey: key,
      account: ModelAccount(
        offer.terms, counts: try database.counts(of: model.key), saved: try database.savedRates(of: model.key)))
    faults[offer.name] = nil
  }

  // MARK: For owners

  /// Keeps a model; one of the same name is replaced where it is the same owner's, and its key returned.
  ///
  /// - Throws: ``ServingError/policy(_:)`` where the name is another's.
  mutating func share(
    _ model: SharedModel, _ offer: ModelOffer, parcel: ArraySlice<UInt8>, by owner: CallerID, key: Data?
  ) throws -> String? {
    try checkOwner(of: offer.name, is: owner)
    let replaced = entries[offer.name]?.model.key
    try store?.save(offer, key: model.key, parcel: parcel)
    try database.save(
      .init(
        name: offer.name, key: model.key, owner: owner.fingerprint, ownerName: owner.name,
        ownerKey: key, created: Date().timeIntervalSince1970))
    try put(model, offer, owner: owner.fingerprint, key: key)
    return replaced
  }

  /// Forgets a model; its key, where it was served.
  ///
  /// - Throws: ``ServingError/unknownModel(_:)``; ``ServingError/policy(_:)`` where it is another's.
  mutating func withdraw(_ name: String, by owner: CallerID) throws -> String? {
    guard entries[name] != nil || faults[name] != nil else { throw ServingError.unknownModel(name) }
    try checkOwner(of: name, is: owner)
    try database.remove(name)
    store?.remove(name)
    faults[name] = nil
    return entries.removeValue(forKey: name)?.model.key
  }

  /// Forgets a model whose shares are of no use any more: its owner has to share it again.
  mutating func spoil(_ key: String) {
    guard let entry = entries.values.first(where: { $0.model.key == key }) else { return }
    let name = entry.offer.name
    entries[name] = nil
    try? database.remove(name)
    store?.remove(name)
    faults[name] = (entry.owner, "the session broke while the parties took it over: its owner has to share it again")
  }

  private func checkOwner(of name: String, is client: CallerID) throws {
    guard let owner = entries[name]?.owner ?? faults[name]?.owner, owner != client.fingerprint else { return }
    throw ServingError.policy("the model \"\(name)\" was shared with another certificate: only its owner may change it")
  }

  // MARK: For clients

  /// All models that a client may ask, or the one of that name.
  ///
  /// - Throws: ``ServingError/unknownModel(_:)``, ``ServingError/policy(_:)``.
  func listings(for client: CallerID, named name: String?, at now: Date = Date()) throws -> [ModelListing] {
    if let name {
      if let entry = entries[name], entry.owner != client.fingerprint {
        try entry.account.checkAccess(client, model: name, at: now)
      }
      guard let listing = listing(of: name, for: client) else { throw ServingError.unknownModel(name) }
      return [listing]
    }
    return Set(entries.keys).union(faults.keys).sorted().compactMap { name in
      let mayAsk = entries[name].map { entry in
        entry.owner == client.fingerprint || (try? entry.account.checkAccess(client, model: name, at: now)) != nil
      }
      return mayAsk ?? true ? listing(of: name, for: client) : nil
    }
  }

  private func listing(of name: String, for client: CallerID) -> ModelListing? {
    if let fault = faults[name] { return ModelListing(name: name, fault: fault.reason) }
    guard let entry = entries[name] else { return nil }
    let isOwner = entry.owner == client.fingerprint
    return ModelListing(
      name: name, card: entry.card, requestsLeft: entry.account.left(for: client.fingerprint),
      details: isOwner
        ? .init(
          terms: entry.offer.terms, requests: entry.account.total, requestsByClient: entry.account.counts) : nil)
  }

  /// The model, for a client that may ask it.
  ///
  /// - Throws: ``ServingError/unknownModel(_:)``, ``ServingError/policy(_:)``, ``ServingError/untrusted(_:)``.
  func model(_ name: String, for client: CallerID, at now: Date = Date()) throws -> SharedModel {
    try entry(name).account.checkAccess(client, model: name, at: now)
    return try entry(name).model
  }

  /// The model, for a query of that batch, which takes its share of the client's rate.
  mutating func admit(_ name: String, for client: CallerID, batch: Int, at now: Date = Date()) throws -> SharedModel {
    let model = try entry(name).model
    try entries[name]?.account.admit(client, model: name, batch: batch, at: now)
    return model
  }

  private func entry(_ name: String) throws -> Entry {
    if let entry = entries[name] { return entry }
    guard let fault = faults[name] else { throw ServingError.unknownModel(name) }
    throw ServingError.untrusted("the model \"\(name)\" is not served: \(fault.reason)")
  }

  // MARK: For pages

  var offers: [ModelOffer] { entries.values.map(\.offer) }
  func offer(of name: String) -> ModelOffer? { entries[name]?.offer }
  func ownerKey(of name: String) -> Data? { entries[name]?.ownerKey }

  // MARK: Counting

  var keys: Set<String> { Set(entries.values.map(\.model.key)) }

  func isServed(_ name: String) -> Bool { entries[name] != nil }

  /// The models that are served, with the requests that all clients together have left, where that is limited.
  var requestsLeft: [String: Int?] { entries.mapValues { $0.account.left } }

  /// The models that should be here and cannot be served, and why.
  var faultyModels: [String: String] { faults.mapValues(\.reason) }

  /// Which of these queries were answered before.
  func answered(among ids: [String]) throws -> Set<String> { try database.answered(among: ids) }

  /// Reserves a query that is about to run.
  ///
  /// - Throws: ``ServingError/policy(_:)``, or ``ServingError/unknownModel(_:)`` where the model is another by now.
  mutating func hold(_ query: PendingQuery, at now: Date = Date()) throws {
    guard let entry = entries[query.model.name], entry.model.key == query.model.key else {
      throw ServingError.unknownModel(query.model.name)
    }
    try entry.account.check(query.client, model: query.model.name, batch: query.batch, at: now)
    entries[query.model.name]?.account.hold(query.client, batch: query.batch)
  }

  mutating func release(_ query: PendingQuery) {
    guard entries[query.model.name]?.model.key == query.model.key else { return }
    entries[query.model.name]?.account.release(query.client, batch: query.batch)
  }

  mutating func releaseAll() { for name in entries.keys { entries[name]?.account.releaseAll() } }

  /// Counts what was reserved, for good: the last thing before the answers are given.
  mutating func count(_ queries: [PendingQuery]) throws {
    var asked: [PartyDatabase.Asked] = []
    for query in queries {
      let name = query.model.name
      // A model that was withdrawn meanwhile has no account any more.
      guard entries[name]?.model.key == query.model.key else { continue }
      entries[name]?.account.count(query.client, batch: query.batch)
      asked.append(
        .init(
          id: query.id, model: name, key: query.model.key, client: query.client, batch: query.batch,
          count: entries[name]?.account.counts[query.client.fingerprint] ?? 0,
          saved: entries[name]?.account.savedRate(of: query.client.fingerprint)))
    }
    try database.note(asked)
  }

  /// The counts of all models, by the model's key and the client's certificate, for other parties.
  var counts: [String: [String: Int]] {
    Dictionary(uniqueKeysWithValues: entries.values.map { ($0.model.key, $0.account.counts) })
  }

  /// Takes over the larger counts of another party.
  mutating func raise(to others: [String: [String: Int]]) throws {
    for (name, entry) in entries {
      guard let counts = others[entry.model.key], let raised = entries[name]?.account.raise(to: counts) else {
        continue
      }
      try database.raise(counts.filter { raised.contains($0.key) }, of: entry.model.key)
    }
  }
}
