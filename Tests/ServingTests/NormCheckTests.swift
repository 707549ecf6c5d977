import Arithmetic
import Foundation
import Serving
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// The check of updates on shares, against exact arithmetic on the words themselves.
@Suite struct NormCheckTests {
  /// Words of an update times its weight, the weight and four more values, as a worker makes them.
  private static func words(_ update: [Double], weight: Double, bits: Int) -> [UInt64] {
    let limit = Double((UInt64(1) << UInt64(bits - 1)) - 1)
    return (update.map { $0 * weight } + [weight, 0.5, 0, -0.25, 1]).map { UInt64(($0 * limit).rounded() + limit) }
  }

  private static func direction(_ count: Int, seed: UInt64) -> [Double] {
    var random = SeedTree(seed: seed).generator()
    let values = (0..<count).map { _ in random.normal() }
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return values.map { $0 / norm }
  }

  private static func verdicts(_ check: NormCheck, _ vectors: [[UInt64]]) async throws -> [Bool] {
    let scheme = ClearScheme()
    return try await check.accepted(
      vectors.map { scheme.constant(RingTensor(shape: [$0.count], scalars: $0)) }, on: scheme)
  }

  /// Lengths just within the bound and just beyond it, in units of the range of values: 20 bits with no shortening of squares,
  /// and 32 bits, where squares are shortened by 26 bits.
  @Test(arguments: [
    (bits: 20, count: 300, margin: 1e-3), (bits: 26, count: 2000, margin: 1e-3), (bits: 32, count: 50, margin: 1e-3),
  ])
  func aLengthBeyondTheBoundIsFound(bits: Int, count: Int, margin: Double) async throws {
    for ratio in [0.05, 0.4, 0.9] {
      let check = NormCheck(valueCount: count, bits: bits, ratio: ratio)
      for weight in [1, 0.3, 0.01] {
        // What rounding to words may add, as the check allows it: σ / (w L), twice.
        let slack = 2 * (Double(count).squareRoot() + 3) / (weight * pow(2, Double(bits - 1)))
        let vectors = [1 - 1e-9, 1, 1 + margin + slack / ratio, 3].map { factor in
          Self.words(Self.direction(count, seed: 9).map { $0 * ratio * factor }, weight: weight, bits: bits)
        }
        #expect(try await Self.verdicts(check, vectors) == [true, true, false, false], "\(bits) \(ratio) \(weight)")
      }
    }
  }

  /// Words that no worker makes by the rules: their squares vanish in the ring, they are out of range, the weight is negative.
  @Test func wordsOutOfRangeAreFound() async throws {
    let check = NormCheck(valueCount: 8, bits: 20, ratio: 0.5)
    let fine = Self.words([Double](repeating: 0.1, count: 8), weight: 0.5, bits: 20)
    func with(_ place: Int, _ word: UInt64) -> [UInt64] {
      var words = fine
      words[place] = word
      return words
    }
    let bad = [
      with(0, 1 << 32), with(3, 1 << 63), with(7, .max), with(2, 1 << 20), with(12, 1 << 40), with(8, 0),
      with(8, 0 &- (1 << 30)), with(8, 1 << 19 + 1 << 50),
    ]
    #expect(try await Self.verdicts(check, [fine] + bad + [fine]) == [true] + bad.map { _ in false } + [true])
  }

  /// Three parties: the same verdicts, and the traffic that the plan has.
  @Test func replicatedPartiesFindTheSame() async throws {
    let check = NormCheck(valueCount: 40, bits: 20, ratio: 0.5)
    let vectors = [0.3, 0.7, 0.499, 5].map { length in
      Self.words(Self.direction(40, seed: 3).map { $0 * length }, weight: 0.4, bits: 20)
    }
    let parcels = vectors.map { InputSharing.parcels(of: [RingTensor(shape: [$0.count], scalars: $0)]) }
    let runs = try await withThrowingTaskGroup(of: (verdicts: [Bool], cost: Cost).self) { group in
      for channel in MemoryMesh.channels(partyCount: 3) {
        group.addTask {
          let scheme = try await ReplicatedScheme.start(over: channel, session: "norms")
          let before = scheme.traffic
          let shares = try parcels.map {
            try InputSharing.unpack($0[channel.party], party: channel.party, shapes: [[45]])[0]
          }
          return (try await check.accepted(shares, on: scheme), scheme.traffic - before)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let metered = MeteredScheme(ReplicatedCosts(ReplicatedOptions()))
    _ = try await check.accepted(
      vectors.map { metered.constant(RingTensor(repeating: 0, shape: [$0.count])) }, on: metered)
    #expect(runs.allSatisfy { $0.verdicts == [true, false, true, false] })
    #expect(runs.allSatisfy { $0.cost.rounds == metered.traffic.rounds })
    #expect(runs.reduce(0) { $0 + $1.cost.byteCount } == metered.traffic.byteCount)
  }
}
