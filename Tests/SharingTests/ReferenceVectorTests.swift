import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

/// Both components of every party after fixed protocols under fixed keys. Other processes, machines and versions that
/// talk to this one must agree bit for bit: a changed value here is a change of protocol, and needs a new version of it.
@Suite struct ReferenceVectorTests {
  /// FNV-1a over the words of all parties, and one word to look at.
  struct Digest: Hashable, Sendable, CustomStringConvertible {
    var hash: UInt64
    var firstWord: UInt64

    var description: String { "0x\(String(hash, radix: 16)) 0x\(String(firstWord, radix: 16))" }
  }

  static func digest(of exercise: Exercise) async throws -> Digest {
    let parties = try await simulate { channel -> [[UInt64]] in
      let scheme = InsecureKeys.scheme(over: channel, seed: 7)
      let words = (0..<exercise.count).map { UInt64(bitPattern: Int64($0) * 1_000_003 - 77_777_777) }
      let x = scheme.constant(RingTensor(shape: [exercise.count], scalars: words))
      let bits = try await scheme.negative(x, width: 40)
      return try await exercise.run(scheme, x, bits).flatMap { [$0.first.scalars, $0.second.scalars] }
    }
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for word in parties.joined().joined() {
      for byte in 0..<8 { hash = (hash ^ (word >> UInt64(8 * byte) & 0xFF)) &* 0x100_0000_01B3 }
    }
    return Digest(hash: hash, firstWord: parties[0][0][0])
  }

  /// A sign as a share, so that its components can be looked at.
  static let exercises =
    Exercise.all(words: 1601, bits: 1601) + [
      Exercise(name: "sigmoid", count: 5) { scheme, x, _ in
        try await FixedPointArithmetic(scheme, fractionBits: 16).sigmoid([x])
      }
    ]

  static let expected: [Digest] = []

  @Test func valuesAreAsEver() async throws {
    for (exercise, expected) in zip(Self.exercises, Self.expected) {
      let digest = try await Self.digest(of: exercise)
      #expect(digest == expected, "\(exercise.name)")
    }
    for exercise in Self.exercises { print(exercise.name, try await Self.digest(of: exercise)) }
    #expect(Self.expected.count == Self.exercises.count)
  }

  @Test func runsAgree() async throws {
    for exercise in Self.exercises {
      #expect(try await Self.digest(of: exercise) == Self.digest(of: exercise))
    }
  }
}
