import Arithmetic
import Crypto
import Foundation
import Identity
import Logging
import Sharing
import Transports

/// What parties with a dealer have beyond others: the way to their dealer, which runs they have begun, and at the last party
/// the stock.
final class PartyDealing: Sendable {
  /// Made at the last party alone.
  let keeper: StockKeeper?
  /// Likewise, for trainings and what prepares a session's models: in memory, as what is dealt for one does not outlive it.
  let trainingKeeper: StockKeeper?
  let used: UsedSteps
  private let loop = SocketLoop(name: "stock", spin: .zero)
  private let makeDealer: @Sendable () throws -> RemoteDealer
  /// Tells this party's memory of what it has begun from any other that it may have in another life.
  private let nonce: [UInt8]
  /// Whether every session has a name of its own, and all that was dealt for another is void: keys of MACs that a cheater may
  /// have found out serve no other session.
  private let isFresh: Bool
  let patience: Duration
  /// How often those who wait for it hear that they wait.
  var pulse: Duration { min(.seconds(1), patience / 2) }

  init(
    _ dealer: ClusterFile.Party, identity: NodeIdentity, party: PartyID, partyCount: Int, patience: Duration,
    storage: (folder: String, key: StorageKey)?, policy: StockPolicy, form: DealtForm, logger: Logger
  ) throws {
    isFresh = form == .authenticated
    let storage = isFresh ? nil : storage
    // Whoever waits for this party waits longer than it waits for the dealer.
    self.patience = patience / 2
    let loop = loop
    let half = patience / 2
    makeDealer = { try RemoteDealer(dealer, identity: identity, loop: loop, patience: half) }
    used = try UsedSteps(folder: storage.map { $0.folder + "/used" })
    nonce = try Self.nonce(in: storage)
    guard party == partyCount - 1 else {
      (keeper, trainingKeeper) = (nil, nil)
      return
    }
    let shelf = try TicketShelf(
      folder: storage.map { $0.folder + "/stock" }, key: storage?.key, used: used, party: party)
    keeper = StockKeeper(shelf: shelf, dealer: try makeDealer(), policy: policy, logger: logger)
    trainingKeeper = StockKeeper(
      shelf: try TicketShelf(folder: nil, key: nil, used: try UsedSteps(folder: nil), party: party),
      dealer: try makeDealer(), policy: .training, logger: logger)
  }

  private static func nonce(in storage: (folder: String, key: StorageKey)?) throws -> [UInt8] {
    guard let storage else { return SecureRandom.bytes(nonceByteCount) }
    let path = storage.folder + "/memory.sealed"
    let label = "tacit/memory/1"
    if FileManager.default.fileExists(atPath: path) {
      return [UInt8](try SealedFile.read(label: label, key: storage.key, from: path))
    }
    let fresh = SecureRandom.bytes(nonceByteCount)
    try SealedFile.write(Data(fresh), label: label, key: storage.key, to: path)
    return fresh
  }

  private static let nonceByteCount = 16

  /// This party's key, asked of the dealer anew.
  private func key() async throws -> DealtKey {
    let dealer = try makeDealer()
    do {
      let key = try await dealer.key()
      await dealer.close()
      return key
    } catch {
      await dealer.close()
      throw error
    }
  }

  /// Asks for this party's key anew, and agrees with the other parties on what names keys and memories: programs of another
  /// generation are other programs, so that a party that forgot what it had begun cannot begin it again. One round.
  ///
  /// - Throws: ``ServingError/dealerFails(_:)`` at all parties where one of them cannot reach the dealer.
  func begin(over channel: any Channel) async throws -> (key: [UInt8], generation: String) {
    let key: Result<DealtKey, any Error>
    do { key = .success(try await self.key()) } catch { key = .failure(error) }
    let nonce = isFresh ? SecureRandom.bytes(Self.nonceByteCount) : nonce
    let own = (try? key.get()).map { $0.epoch + nonce } ?? []
    let theirs = try await channel.exchange(channel.peers.map { Outgoing(own, to: $0) }, from: channel.peers)
    let (epoch, bytes) = (try key.get().epoch, try key.get().bytes)
    var all = [[UInt8]](repeating: own, count: channel.partyCount)
    for (peer, message) in zip(channel.peers, theirs) {
      guard !message.isEmpty else { throw ServingError.dealerFails("party \(peer) cannot reach it; its log says why") }
      guard message.count == own.count, message.starts(with: epoch) else {
        throw ServingError.sessionBroken("party \(peer) has another key of the dealer")
      }
      all[peer] = message
    }
    let name = Hexadecimal.text(SHA256.hash(data: Data(all.flatMap { $0 })))
    for keeper in [keeper, trainingKeeper] { try await keeper?.begin(name, epoch: epoch) }
    return (bytes, name)
  }

  /// Fills the stock until the task is cancelled.
  func run() async {
    try? await loop.run {
      async let trainings: Void? = trainingKeeper?.run()
      await keeper?.run()
      await trainings
    }
  }

  func stop() { loop.shutdown() }
}
