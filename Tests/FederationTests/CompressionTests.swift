import Arithmetic
import Federation
import Learning
import Testing

@Suite struct CompressionTests {
  private func vector(_ count: Int, seed: UInt64) -> [Float] {
    var random = SeedTree(seed: seed).generator()
    return (0..<count).map { _ in Float(random.normal() * (random.uniform() < 0.1 ? 50 : 0.01)) }
  }

  private func compression(_ spec: CompressionSpec, worker: String = "a") throws -> UpdateCompression {
    try #require(UpdateCompression(spec, seed: 7, worker: worker))
  }

  private static let forms: [CompressionSpec] = [
    .quantize(bits: 8), .quantize(bits: 16), .topK(fraction: 0.01), .topK(fraction: 0.3), .topK(fraction: 1),
  ]

  /// Every value comes back within one step of its bucket; bytes are as many as the form says.
  @Test(arguments: [(8, 127.0), (16, 32_767.0)], [0, 1, 511, 512, 513, 2_000])
  func quantisedValuesAreNear(form: (bits: Int, levels: Double), count: Int) throws {
    let vector = vector(count, seed: UInt64(count))
    var compression = try compression(.quantize(bits: form.bits))
    let bytes = compression.encode(vector, round: 1)
    #expect(bytes.count == 9 + (count + 511) / 512 * 4 + count * form.bits / 8)
    let decoded = try compression.decode(bytes, count: count)
    for start in stride(from: 0, to: count, by: 512) {
      let bucket = start..<min(start + 512, count)
      let step = Double(vector[bucket].map(abs).max() ?? 0) / form.levels
      for index in bucket { #expect(abs(Double(decoded[index] - vector[index])) <= step * 1.000001) }
    }
  }

  /// The mean of many roundings of one vector: each has a variance of a quarter of a squared step at most, so 400 stay
  /// within 5 · step / 2 / √400 of the value with all 300 values (5 σ).
  @Test(arguments: [8, 16])
  func quantisationIsUnbiased(bits: Int) throws {
    let vector = Array(vector(300, seed: 4))
    var sums = [Double](repeating: 0, count: 300)
    var compression = try compression(.quantize(bits: bits))
    for round in 1...400 {
      let decoded = try compression.decode(compression.encode(vector, round: round), count: 300)
      for index in sums.indices { sums[index] += Double(decoded[index]) }
    }
    let step = Double(vector.map(abs).max() ?? 0) / (bits == 8 ? 127 : 32_767)
    for index in sums.indices { #expect(abs(sums[index] / 400 - Double(vector[index])) < 5 * step / 2 / 20) }
  }

  /// Oracle: sorting by magnitude.
  @Test(arguments: [0.001, 0.01, 0.25, 1])
  func topKKeepsTheLargest(fraction: Double) throws {
    let vector = vector(3_000, seed: 8)
    var compression = try compression(.topK(fraction: fraction))
    let decoded = try compression.decode(compression.encode(vector, round: 1), count: 3_000)
    let order = vector.indices.sorted { (abs(vector[$1]), $0) < (abs(vector[$0]), $1) }
    var expected = [Float](repeating: 0, count: 3_000)
    for index in order.prefix(Int((3_000 * fraction).rounded())) { expected[index] = vector[index] }
    #expect(decoded == expected)
  }

  @Test func equalValuesAreTakenFromTheFront() throws {
    var compression = try compression(.topK(fraction: 0.4))
    #expect(try compression.decode(compression.encode([1, -1, 1, -1, 1], round: 1), count: 5) == [1, -1, 0, 0, 0])
  }

  /// Nothing is lost: what was sent and what waits add up to all that was to be sent.
  @Test func whatIsLeftOutWaits() throws {
    var compression = try compression(.topK(fraction: 0.1))
    let vectors = (0..<60).map { vector(100, seed: UInt64($0)) }
    var sent = [Double](repeating: 0, count: 100)
    for (round, vector) in vectors.enumerated() {
      _ = compression.encode(vector.map { $0 * 2 }, round: round + 1)
      // The round is done again, so that only the second time counts.
      let decoded = try compression.decode(compression.encode(vector, round: round + 1), count: 100)
      for index in sent.indices { sent[index] += Double(decoded[index]) }
    }
    // Rounds of nothing let everything out.
    for round in 61...75 {
      let decoded = try compression.decode(
        compression.encode([Float](repeating: 0, count: 100), round: round), count: 100)
      for index in sent.indices { sent[index] += Double(decoded[index]) }
    }
    for index in sent.indices {
      let total = vectors.reduce(0.0) { $0 + Double($1[index]) }
      #expect(abs(sent[index] - total) < 1e-3)
    }
  }

  @Test(arguments: forms)
  func bytesFollowFromSeedWorkerAndRound(spec: CompressionSpec) throws {
    let vector = vector(700, seed: 3)
    var (a, b, c) = (try compression(spec), try compression(spec), try compression(spec, worker: "b"))
    let bytes = a.encode(vector, round: 1)
    #expect(b.encode(vector, round: 1) == bytes)
    if case .quantize = spec { #expect(c.encode(vector, round: 1) != bytes) }
  }

  /// Shorter, longer and otherwise changed bytes are refused or give finite values; nothing traps.
  @Test(arguments: forms)
  func changedBytesDoNoHarm(spec: CompressionSpec) throws {
    let count = 600
    var compression = try compression(spec)
    let bytes = compression.encode(vector(count, seed: 5), round: 1)
    for length in [0, 1, 8, 9, 10, bytes.count - 1] {
      #expect(throws: FederationError.self) { try compression.decode(Array(bytes[..<length]), count: count) }
    }
    #expect(throws: FederationError.self) { try compression.decode(bytes + [0], count: count) }
    #expect(throws: FederationError.self) { try compression.decode(bytes, count: count - 1) }
    var random = SeedTree(seed: 6).generator()
    for index in 0..<9 {
      var changed = bytes
      changed[index] ^= 1 << UInt8(random.next() % 8)
      #expect(throws: FederationError.self) { try compression.decode(changed, count: count) }
    }
    for _ in 0..<2_000 {
      var changed = bytes
      for _ in 0..<3 { changed[9 + Int(random.next() % UInt64(bytes.count - 9))] = UInt8(random.next() & 255) }
      if let decoded = try? compression.decode(changed, count: count) { #expect(decoded.allSatisfy { $0.isFinite }) }
    }
  }

  @Test func levelsAndPlacesAreChecked() throws {
    let byte = try compression(.quantize(bits: 8))
    let header: [UInt8] = [8, 2, 0, 0, 0, 0, 0, 0, 0]
    func bits(_ scale: Float) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: scale.bitPattern >> (8 * $0)) } }
    #expect(try byte.decode(header + bits(127) + [1, 0x81], count: 2) == [1, -127])
    for body in [
      bits(1) + [0x80, 0], bits(-1) + [1, 0], bits(.nan) + [1, 0], bits(.infinity) + [0, 0], bits(0) + [1, 0],
    ] {
      #expect(throws: FederationError.self) { try byte.decode(header + body, count: 2) }
    }
    let top = try compression(.topK(fraction: 0.5))
    let start: [UInt8] = [1, 4, 0, 0, 0, 2, 0, 0, 0]
    func places(_ a: UInt8, _ b: UInt8) -> [UInt8] { [a, 0, 0, 0, b, 0, 0, 0] }
    #expect(try top.decode(start + places(1, 3) + bits(2) + bits(-1), count: 4) == [0, 2, 0, -1])
    for body in [places(3, 1), places(2, 2), places(1, 4)] {
      #expect(throws: FederationError.self) { try top.decode(start + body + bits(2) + bits(-1), count: 4) }
    }
    #expect(throws: FederationError.self) { try top.decode(start + places(1, 3) + bits(2) + bits(.nan), count: 4) }
    #expect(UpdateCompression(.none, seed: 1) == nil)
  }
}
