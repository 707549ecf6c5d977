import Crypto
import Foundation

/// One attempt to add vectors that workers cut into shares: what workers, coordinator and parties must agree on.
///
/// Everything that is sealed or signed for the attempt is bound to its ``digest``, so that shares made for one sum are of
/// no use for another.
package struct SharedSum: Codable, Hashable, Sendable {
  package let job: String
  /// Never used twice, over all runs of a coordinator.
  package let attempt: Int
  /// Who may be in the sum, by the names in their certificates.
  package let workers: [String]
  /// How many words a vector has.
  package let count: Int
  /// With fewer vectors than this nothing is opened.
  package let minimumClients: Int
  /// Which vectors are left out, if any.
  package let bound: NormCheck?

  package init(
    job: String, attempt: Int, workers: [String], count: Int, minimumClients: Int, bound: NormCheck? = nil
  ) {
    self.job = job
    self.attempt = attempt
    self.workers = workers
    self.count = count
    self.minimumClients = minimumClients
    self.bound = bound
  }

  /// Bounds on what a coordinator can make a party hold.
  static let largestCount = 1 << 27
  static let mostWorkers = 1 << 16

  /// - Throws: ``ServingError/badRequest(_:)`` for what no coordinator of ours sends.
  func validate() throws {
    guard (1...Self.largestCount).contains(count), (2...Self.mostWorkers).contains(workers.count),
      Set(workers).count == workers.count, (2...workers.count).contains(minimumClients)
    else { throw ServingError.badRequest("the sum is none of a coordinator: at least two workers, each of them once") }
    guard bound?.fits(count: count) ?? true else {
      throw ServingError.badRequest("the norm bound is not one of vectors of \(count) words")
    }
  }

  /// SHA-256 of all of it.
  package var digest: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return Array(SHA256.hash(data: Data("tacit/shared-sum/1|".utf8) + (try encoder.encode(self))))
    }
  }
}

/// What the parties opened of a sum.
package struct OpenedSum: Sendable {
  /// The sum of the words of those who are in it, each from 0 up; empty where too few were left.
  package var words: [UInt64] = []
  /// Who is in it, by index in ``SharedSum/workers``.
  package var accepted: [Int] = []
  /// Whose vector is longer than the norm bound, or has a word outside of its range.
  package var tooLong: [Int] = []
  /// Whose shares could not be used, with the reasons of the parties.
  package var faults: [String] = []
  /// Payload between coordinator and parties, and among the parties.
  package var byteCount = 0

  package init() {}
}

/// Three parties that add vectors in shares.
package protocol AggregationCluster: Sendable {
  /// The SHA-256 of the parties' certificates, in their order.
  var fingerprints: [[UInt8]] { get }

  /// The keys that workers seal shares to now, in the order of the parties.
  func credentials(within patience: Duration) async throws -> [PartyCredential]

  /// Adds up, if enough usable vectors within the bound are there.
  ///
  /// - Parameters:
  ///   - updates: by index in ``SharedSum/workers``.
  ///   - needed: how many must be left, if that is more than the sum's own minimum.
  func add(_ updates: [Int: SealedUpdate], of sum: SharedSum, needed: Int, within patience: Duration) async throws
    -> OpenedSum

  func close() async
}
