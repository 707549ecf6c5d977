import Arithmetic
import Crypto
import Foundation
import Identity
import Serving
import Testing

/// Sums of sealed shares by three parties in memory.
@Suite struct AggregationTests {
  /// Parties and workers of one authority.
  private struct House {
    let authority: CertificateAuthority
    let cluster: MemoryAggregation
    let workers: [NodeIdentity]

    init(_ count: Int) throws {
      let authority = try CertificateAuthority.create(name: "test")
      self.authority = authority
      cluster = try MemoryAggregation(authority)
      workers = try (0..<count).map { try authority.issue(role: .worker, name: "w\($0)") }
    }

    func sum(_ attempt: Int = 1, count: Int = 5, minimum: Int = 2) -> SharedSum {
      SharedSum(
        job: "job", attempt: attempt, workers: workers.map(\.name), count: count, minimumClients: minimum)
    }

    func update(
      _ words: [UInt64], of sum: SharedSum, by worker: Int, as name: String? = nil, identity: NodeIdentity? = nil
    ) async throws -> SealedUpdate {
      let identity = identity ?? workers[worker]
      return try SealedUpdate(
        words, of: sum, worker: name ?? workers[worker].name, certificate: identity.certificateBytes,
        key: identity.signingKey, credentials: await cluster.credentials(within: .seconds(1)),
        pins: cluster.fingerprints)
    }

    func add(_ updates: [Int: SealedUpdate], of sum: SharedSum, needed: Int = 2) async throws -> OpenedSum {
      try await cluster.add(updates, of: sum, needed: needed, within: .seconds(5))
    }
  }

  @Test func theSumIsExact() async throws {
    let house = try House(4)
    let sum = house.sum(count: 1000)
    var random = SeedTree(seed: 4).generator()
    let vectors = (0..<4).map { _ in (0..<1000).map { _ in random.next() >> 20 } }
    var updates: [Int: SealedUpdate] = [:]
    // Worker 2 is gone.
    for worker in [0, 1, 3] { updates[worker] = try await house.update(vectors[worker], of: sum, by: worker) }
    let opened = try await house.add(updates, of: sum)
    #expect(opened.accepted == [0, 1, 3])
    #expect(opened.words == (0..<1000).map { vectors[0][$0] &+ vectors[1][$0] &+ vectors[3][$0] })
    #expect(opened.faults.isEmpty && opened.tooLong.isEmpty)
  }

  @Test func belowTheMinimumNothingIsOpened() async throws {
    let house = try House(4)
    let sum = house.sum(minimum: 3)
    var updates: [Int: SealedUpdate] = [:]
    for worker in 0..<2 { updates[worker] = try await house.update([1, 2, 3, 4, 5], of: sum, by: worker) }
    let opened = try await house.add(updates, of: sum, needed: 1)
    #expect(opened.words.isEmpty && opened.accepted == [0, 1])
  }

  /// A coordinator that asks twice would learn differences of sums.
  @Test func aSumIsAnsweredOnce() async throws {
    let house = try House(3)
    let sum = house.sum()
    var updates: [Int: SealedUpdate] = [:]
    for worker in 0..<3 { updates[worker] = try await house.update([1, 2, 3, 4, 5], of: sum, by: worker) }
    _ = try await house.add(updates, of: sum)
    updates[2] = nil
    await #expect(throws: ServingError.self) { _ = try await house.add(updates, of: sum) }
  }

  /// Shares of another sum, another worker's place, a stranger's certificate, no signature, another key of a party.
  @Test func sharesAreOfOneWorkerAndOneSum() async throws {
    let house = try House(5)
    let sum = house.sum()
    let words: [UInt64] = [1, 2, 3, 4, 5]
    let stranger = try CertificateAuthority.create(name: "other").issue(role: .worker, name: "w3")
    var updates: [Int: SealedUpdate] = [:]
    for worker in 0..<2 { updates[worker] = try await house.update(words, of: sum, by: worker) }
    updates[2] = try await house.update(words, of: house.sum(2), by: 2)
    updates[3] = try await house.update(words, of: sum, by: 3, identity: stranger)
    updates[4] = try await house.update(words, of: sum, by: 1)
    let opened = try await house.add(updates, of: sum)
    #expect(opened.accepted == [0, 1] && opened.words == words.map { 2 * $0 })
    #expect(opened.faults.count == 3, "\(opened.faults)")
    let forged = try MemoryAggregation(house.authority)
    await #expect(throws: ServingError.self) {
      _ = try SealedUpdate(
        words, of: sum, worker: "w0", certificate: house.workers[0].certificateBytes, key: house.workers[0].signingKey,
        credentials: await forged.credentials(within: .seconds(1)), pins: house.cluster.fingerprints)
    }
  }

  /// A worker that gives the parties shares of different vectors is left out, although each share is fine by itself.
  @Test func sharesThatDoNotFitTogetherAreLeftOut() async throws {
    let house = try House(3)
    let sum = house.sum()
    let words: [UInt64] = [1, 2, 3, 4, 5]
    var updates: [Int: SealedUpdate] = [:]
    for worker in 0..<2 { updates[worker] = try await house.update(words, of: sum, by: worker) }
    var fields = Self.fields(of: try await house.update(words, of: sum, by: 2))
    fields[3] = Self.fields(of: try await house.update([9, 9, 9, 9, 9], of: sum, by: 2))[3]
    let boxes = fields[2...].flatMap { Array(SHA256.hash(data: $0)) }
    fields[1] = [UInt8](
      try house.workers[2].signingKey.signature(
        for: Data("tacit/shared-update/1|w2|".utf8) + (try sum.digest) + boxes
      ).rawRepresentation)
    updates[2] = try SealedUpdate(bytes: Self.bytes(of: fields))
    let opened = try await house.add(updates, of: sum)
    #expect(opened.accepted == [0, 1] && opened.words == words.map { 2 * $0 } && opened.faults.isEmpty)
  }

  /// What a coordinator carries: as long for one vector as for another, and as random.
  @Test func boxesTellNothingButTheirLength() async throws {
    let house = try House(2)
    let sum = house.sum(count: 20_000)
    let vectors = [[UInt64](repeating: 0, count: 20_000), [UInt64](repeating: 0x5555_5555, count: 20_000)]
    var lengths: Set<[Int]> = []
    for vector in vectors {
      let update = try await house.update(vector, of: sum, by: 0)
      let fields = Self.fields(of: update)
      lengths.insert(fields.map(\.count))
      // χ² of the bytes of a box of 160,049 with 255 degrees of freedom; above 400 with a chance of less than 10^-8.
      let box = fields[4]
      var counts = [Double](repeating: 0, count: 256)
      for byte in box { counts[Int(byte)] += 1 }
      let mean = Double(box.count) / 256
      #expect(counts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / mean } < 400)
    }
    #expect(lengths.count == 1)
    let bytes = try await house.update(vectors[0], of: sum, by: 0).bytes
    for length in [0, 3, 100, bytes.count - 1] {
      #expect(throws: ServingError.malformedMessage) { _ = try SealedUpdate(bytes: Array(bytes.prefix(length))) }
    }
    #expect(throws: ServingError.malformedMessage) { _ = try SealedUpdate(bytes: bytes + [0]) }
  }

  /// Certificate, signature, boxes.
  private static func fields(of update: SealedUpdate) -> [[UInt8]] {
    var rest = update.bytes[...]
    var fields: [[UInt8]] = []
    while !rest.isEmpty {
      let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      fields.append(Array(rest.dropFirst(4).prefix(length)))
      rest = rest.dropFirst(4 + length)
    }
    return fields
  }

  private static func bytes(of fields: [[UInt8]]) -> [UInt8] {
    fields.flatMap { field in withUnsafeBytes(of: UInt32(field.count).littleEndian) { Array($0) } + field }
  }
}
