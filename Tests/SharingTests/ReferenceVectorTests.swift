import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing

/// Both components of every party after fixed protocols under fixed keys. Other processes, machines and versions that
/// talk to this one must agree bit for bit: a changed value here is a change of protocol, and needs a new version of it.
@Suite struct ReferenceVectorTests {
  /// FNV-1a over the words of all parties, and one word to look at.
  struct Digest: Hashable, Sendable {
    var hash: UInt64
    var firstWord: UInt64
  }

  static func digest(of exercise: Exercise) async throws -> Digest {
    let parties = try await simulate { channel -> [[UInt64]] in
      let scheme = InsecureKeys.scheme(over: channel, seed: 7)
      scheme.options = exercise.options
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

  static let exercises =
    Exercise.all(words: 1601, bits: 1601) + inFewRounds + Exercise.fast(count: 1601) + [
      Exercise(name: "sigmoid", count: 5) { scheme, x, _ in
        try await FixedPointArithmetic(scheme, fractionBits: 16).sigmoid([x])
      },
      Exercise(name: "decomposition", count: 1601) { scheme, x, _ in
        let bits = try await scheme.decompose(x, width: 5)
        return [try await scheme.convert(try await scheme.and([(bits[1], bits[4])])[0])]
      },
    ]

  private static let inFewRounds = Exercise.inFewRounds(count: 1601, width: 33).dropFirst(3).map { exercise in
    var exercise = exercise
    exercise.name += " in few rounds"
    return exercise
  }

  static let expected: [String: Digest] = [
    "product": Digest(hash: 0xF0F4_C660_74FD_02B1, firstWord: 0x951B_8CE7_0B13_48C9),
    "truncation by 16": Digest(hash: 0xEB39_FED2_6729_5831, firstWord: 0x0F39_3A76_2E9D_2CB9),
    "truncation by 24": Digest(hash: 0xC108_4F58_3EF4_9FA1, firstWord: 0x0F39_3A76_2E9D_2CB9),
    "fused truncation": Digest(hash: 0xAEE9_D837_5DEC_0769, firstWord: 0xEFA1_DD5D_A98F_3A61),
    "mixed truncations": Digest(hash: 0x6BA2_5308_C91C_32A5, firstWord: 0xEFA1_DD5D_A98F_3A61),
    "own words added to a product": Digest(hash: 0x0BFF_34AC_4020_5525, firstWord: 0xEFA1_DD5D_A98F_3A61),
    "own words added to a share": Digest(hash: 0xB781_7A99_9245_F659, firstWord: 0xEFA1_DD5D_A98F_3A61),
    "selection": Digest(hash: 0x6099_B35B_4AB2_FE49, firstWord: 0xF02D_2E90_AB0B_2EAC),
    "conversion": Digest(hash: 0x1E45_7189_7BB7_1C7D, firstWord: 0x560B_6353_8993_4869),
    "weighted sums": Digest(hash: 0x302F_6A4D_30EB_0A7D, firstWord: 0x2C81_11AE_C2FF_5A27),
    "shuffle": Digest(hash: 0x4B27_57E5_0BAB_9A5D, firstWord: 0xB041_7826_C7BC_24A3),
    "decomposition": Digest(hash: 0x884C_B70F_77D5_60BD, firstWord: 0x5558_E7E1_25AF_901A),
    "sigmoid": Digest(hash: 0x2EEB_1EE7_8FC4_7189, firstWord: 0x9629_7811_4CA3_785A),
    "fast truncation": Digest(hash: 0xA531_A445_08B6_8C25, firstWord: 0xFFFF_94C5_28D2_5EA7),
    "fast fused truncation": Digest(hash: 0x4905_DD0B_BE11_B7C1, firstWord: 0xFFFF_951B_8CE7_0B13),
    "rectifier on 33 bits in few rounds": Digest(hash: 0x5A4B_7371_4D02_97F5, firstWord: 0x05A4_BA4B_5C95_1E3E),
    "selection in few rounds": Digest(hash: 0x9830_2B62_D85A_8879, firstWord: 0x2F11_2184_3D86_4BBD),
    "conversion in few rounds": Digest(hash: 0xE081_62B5_104D_56D5, firstWord: 0x2F11_2184_3D86_4BBD),
    "weighted sums in few rounds": Digest(hash: 0x5867_9166_CD84_9F25, firstWord: 0x2F11_2184_3D86_4BBD),
    "decomposition in few rounds": Digest(hash: 0xE5DD_8DF2_D63D_2449, firstWord: 0xDE15_1B12_80DE_DFBB),
  ]

  @Test(arguments: exercises)
  func valuesAreAsEver(exercise: Exercise) async throws {
    let found = try await Self.digest(of: exercise)
    #expect(found == Self.expected[exercise.name])
  }

  @Test(arguments: exercises)
  func runsAgree(exercise: Exercise) async throws {
    #expect(try await Self.digest(of: exercise) == Self.digest(of: exercise))
  }
}
