import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

@Suite struct InputSharingTests {
  static let shapes: [Shape] = [[3, 4], [], [0], [1537], [2, 2, 2]]

  static func tensors() -> [RingTensor] {
    var generator = SeedTree(seed: 9).generator()
    return shapes.map { generator.words($0) }
  }

  @Test func parcelsAddUpToTheSecret() throws {
    let tensors = Self.tensors()
    let shares = try replicatedShares(of: tensors)
    for (index, tensor) in tensors.enumerated() {
      let parties = shares.map { $0[index] }
      #expect(parties.allSatisfy { $0.shape == tensor.shape })
      #expect(parties[0].first + parties[1].first + parties[2].first == tensor)
      for party in 0..<3 { #expect(parties[party].second == parties[(party + 1) % 3].first) }
    }
  }

  @Test func parcelsThatDoNotFitAreRefused() throws {
    let parcels = InputSharing.parcels(of: Self.tensors())
    #expect(throws: SharingError.self) { try InputSharing.unpack(parcels[1], party: 1, shapes: [[5]]) }
    #expect(throws: SharingError.self) { try InputSharing.unpack(parcels[2], party: 2, shapes: Self.shapes + [[1]]) }
    #expect(throws: SharingError.self) { try InputSharing.unpack(parcels[0], party: 1, shapes: Self.shapes) }
    #expect(throws: SharingError.self) { try InputSharing.unpack(parcels[1], party: 0, shapes: Self.shapes) }
    for party in 0..<3 {
      var short = parcels[party]
      for component in short.keys.keys { short.keys[component]?.removeLast() }
      #expect(throws: SharingError.self) { try InputSharing.unpack(short, party: party, shapes: Self.shapes) }
    }
    var long = parcels[1]
    long.words.append(0)
    #expect(throws: SharingError.self) { try InputSharing.unpack(long, party: 1, shapes: Self.shapes) }
  }

  /// What one party holds of a constant secret is uniform, and so is the sum of its components. Fresh keys each time:
  /// seven standard deviations leave one false alarm in about 10⁸ runs.
  @Test(arguments: [0, UInt64.max, 1 << 63])
  func onePartyLearnsNothing(secret: UInt64) throws {
    let shares = try replicatedShares(of: [RingTensor(repeating: secret, shape: [40_000])])
    for share in shares.map({ $0[0] }) {
      for words in [share.first, share.second, share.first + share.second] {
        for byte in [0, 3, 7] {
          let bytes = words.scalars.lazy.map { UInt8(truncatingIfNeeded: $0 >> UInt64(8 * byte)) }
          #expect(Randomness.chiSquare(bytes) < Randomness.chiSquareLimit)
        }
      }
    }
  }

  @Test func parcelsOfOneSecretDiffer() {
    let tensor = RingTensor(repeating: 1, shape: [4])
    let (a, b) = (InputSharing.parcels(of: [tensor]), InputSharing.parcels(of: [tensor]))
    #expect(a[1].words != b[1].words && a[0].keys != b[0].keys)
    #expect(a[0].keys[0] != a[0].keys[1])
  }

  /// Summands for somebody outside add up to the secret; each alone, and each two, are uniform, also of a public value.
  @Test func summandsForOutsideAreMasked() async throws {
    let secret = RingTensor(repeating: 42, shape: [40_000])
    let summands = try await simulate { channel in
      let scheme = InsecureKeys.scheme(over: channel, seed: 21)
      return scheme.summandForOutside(scheme.constant(secret))
    }
    #expect(summands[0] + summands[1] + summands[2] == secret)
    for words in summands + [summands[0] + summands[1], summands[1] + summands[2]] {
      for byte in 0..<8 {
        let bytes = words.scalars.lazy.map { UInt8(truncatingIfNeeded: $0 >> UInt64(8 * byte)) }
        #expect(Randomness.chiSquare(bytes) < Randomness.chiSquareLimit)
      }
    }
  }
}
