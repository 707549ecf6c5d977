import Foundation
import Links
import Paillier

/// `aggregation: paillier` at the coordinator: adds up ciphertexts in one stage, and has key-holders open the sum.
struct PaillierAggregation: HidingServer {
  private let plan: HidingPlan
  private let key: PublicKey
  private let layout: PackingLayout
  private let members: [(index: Int, name: String)]
  private let needed: Int
  private let open: @Sendable (PackedCiphertext) async throws -> SumOpener.Opened
  private(set) var refusals: [String] = []
  private(set) var otherByteCount = 0

  /// - Parameters:
  ///   - members: those who are ready, by index in the cohort.
  ///   - needed: with fewer updates than this nothing is opened: a round that is tried again would open nearly the same
  ///     ones.
  init(
    _ plan: HidingPlan, key: PublicKey, members: [(index: Int, name: String)], needed: Int,
    open: @escaping @Sendable (PackedCiphertext) async throws -> SumOpener.Opened
  ) throws {
    self.plan = plan
    self.key = key
    self.members = members
    self.needed = max(2, plan.minimumClients, needed)
    self.open = open
    layout = try plan.packing(key: key, clients: members.count)
  }

  func begin() -> [Int: LinkBody] { Dictionary(uniqueKeysWithValues: members.map { ($0.index, .none) }) }

  mutating func receive(_ answers: [Int: LinkBody]) async throws -> HidingStep {
    var updates: [PackedCiphertext] = []
    var contributors: [Int] = []
    for (index, name) in members {
      guard let body = answers[index] else { continue }
      do {
        updates.append(try update(body))
        contributors.append(index)
      } catch {
        // A vector that cannot be used is left out, as one that never came.
        refusals.append("\(name): \(error)")
      }
    }
    guard contributors.count >= needed else { return .finished(sums: [], contributors: contributors) }
    let sum = try await PackedCiphertext.sum(
      updates, under: key, threads: ProcessInfo.processInfo.activeProcessorCount)
    let opened = try await open(sum)
    refusals += opened.faults
    otherByteCount += opened.byteCount
    let shift = plan.centre * Int64(contributors.count)
    return .finished(sums: opened.values.map { UInt64($0 + shift) }, contributors: contributors)
  }

  private func update(_ body: LinkBody) throws -> PackedCiphertext {
    guard case .bytes(let bytes) = body else { throw CoordinationError.malformedMessage(from: "it") }
    let update = try PackedCiphertext(encoded: bytes, under: key, layout: layout, valueCount: plan.count)
    guard update.summandCount == 1 else { throw PaillierError.mismatch(what: "the number of summands") }
    return update
  }
}

/// `aggregation: paillier` at a worker: encrypts its vector under the key that its own policy names.
struct PaillierContribution: HidingClient {
  private let encryptor: PackedEncryptor
  private var values: [Int64]

  init(
    _ plan: HidingPlan, clients: [String], words: [UInt64], encryptor: PrecomputedEncryptor
  ) throws {
    guard clients.count >= max(2, plan.minimumClients) else {
      throw CoordinationError.protocolBreach("a sum of fewer updates than the job's")
    }
    self.encryptor = try PackedEncryptor(
      encryptor, layout: try plan.packing(key: encryptor.publicKey, clients: clients.count))
    values = words.map { Int64($0) - plan.centre }
  }

  mutating func answer(_ body: LinkBody) async throws -> LinkBody {
    guard case .none = body, !values.isEmpty else { throw CoordinationError.malformedMessage(from: "the coordinator") }
    defer { values = [] }
    return .bytes(
      try await encryptor.encrypt(values, threads: ProcessInfo.processInfo.activeProcessorCount).encoded)
  }
}

extension HidingPlan {
  /// The word of 0: words less this are from −(2^(bits−1) − 1) to 2^(bits−1) − 1, as packed values are.
  fileprivate var centre: Int64 { (Int64(1) << Int64(bits - 1)) - 1 }

  /// How words stand in ciphertexts for sums of so many; coordinator and workers make the same of it.
  fileprivate func packing(key: PublicKey, clients: Int) throws(PaillierError) -> PackingLayout {
    try PackingLayout(keyBits: key.bitCount, valueBits: bits, summandLimit: clients)
  }
}
