import Arithmetic
import CKernels
import CryptoExtras
import Foundation
import Testing

import struct Crypto.SymmetricKey

@Suite struct PseudorandomGeneratorTests {
  static let backends: [PseudorandomGenerator.Backend] = ck_aes_available() ? [.instructions, .library] : [.library]

  static let nistKey: [UInt8] = [
    0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
  ]

  /// NIST SP 800-38A, F.5.1 (CTR-AES128.Encrypt): ciphertext = plaintext ^ stream.
  @Test(arguments: backends) func nistVectors(backend: PseudorandomGenerator.Backend) {
    let plaintext: [UInt64] = [
      0x6bc1_bee2_2e40_9f96, 0xe93d_7e11_7393_172a, 0xae2d_8a57_1e03_ac9c, 0x9eb7_6fac_45af_8e51,
      0x30c8_1c46_a35c_e411, 0xe5fb_c119_1a0a_52ef, 0xf69f_2445_df4f_9b17, 0xad2b_417b_e66c_3710,
    ]
    let ciphertext: [UInt64] = [
      0x874d_6191_b620_e326, 0x1bef_6864_990d_b6ce, 0x9806_f66b_7970_fdff, 0x8617_187b_b9ff_fdff,
      0x5ae4_df3e_dbd5_d35e, 0x5b4f_0902_0db0_3eab, 0x1e03_1dda_2fbe_03d1, 0x7921_70a0_f300_9cee,
    ]
    let stream = PseudorandomGenerator(key: Self.nistKey, backend: backend)
      .words(count: 8, counterHigh: 0xf0f1_f2f3_f4f5_f6f7, counterLow: 0xf8f9_fafb_fcfd_feff)
    #expect(zip(plaintext, stream).map { $0 ^ $1.byteSwapped } == ciphertext)
  }

  @Test(arguments: [0, 1, 2, 127, 128, 8191, 8192, 8193, 20_001]) func backendsAgree(count: Int) {
    let key = Array(7..<23) as [UInt8]
    for low in [0, 5, 0 &- 1, 0 &- 4096, 0 &- 5000] as [UInt64] {
      let streams = PseudorandomGenerator.Backend.allCases.filter(Self.backends.contains).map {
        PseudorandomGenerator(key: key, backend: $0).words(count: count, counterHigh: 3, counterLow: low)
      }
      #expect(streams.allSatisfy { $0 == streams[0] }, "from counter \(low)")
    }
  }

  @Test func agreesWithTheLibraryCalledDirectly() throws {
    let words = PseudorandomGenerator(key: Self.nistKey).words(count: 3000, counterHigh: 1, counterLow: 2)
    let counter: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    let expected = try AES._CTR.encrypt(
      Data(count: 24_000), using: SymmetricKey(data: Self.nistKey), nonce: AES._CTR.Nonce(nonceBytes: counter))
    let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    #expect(bytes == Array(expected))
  }

  /// Oracle: the words of the stream, added one at a time.
  @Test(arguments: backends) func accumulates(backend: PseudorandomGenerator.Backend) {
    let generator = PseudorandomGenerator(key: Self.nistKey, backend: backend)
    for count in [0, 1, 2, 3, 40, 8193, 17_001] {
      let stream = generator.words(count: count, counterHigh: 4, counterLow: 0 &- 9)
      var wide = [UInt64](repeating: 5, count: count)
      wide.withUnsafeMutableBufferPointer { generator.accumulate(into: $0, counterHigh: 4, counterLow: 0 &- 9) }
      #expect(wide == stream.map { $0 &+ 5 })
      var narrow = [UInt32](repeating: 5, count: count)
      narrow.withUnsafeMutableBufferPointer {
        generator.accumulate(into: $0, negated: true, counterHigh: 4, counterLow: 0 &- 9)
      }
      let halves = stream.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32($0 >> 32)] }
      #expect(narrow == halves.prefix(count).map { 5 &- $0 })
    }
  }

  @Test func fillsStartAnywhere() {
    let generator = PseudorandomGenerator(key: Self.nistKey)
    let whole = generator.words(count: 40, counterHigh: 0, counterLow: 10)
    #expect(generator.words(count: 20, counterHigh: 0, counterLow: 20) == Array(whole[20...]))
  }

  @Test(arguments: backends) func nothingPrints(backend: PseudorandomGenerator.Backend) {
    let generator = PseudorandomGenerator(key: Self.nistKey, backend: backend)
    var text = "\(generator) " + String(reflecting: generator)
    dump(generator, to: &text)
    #expect(!text.contains("43") && !text.contains("2b") && !text.contains("0x"))
    #expect(Mirror(reflecting: generator).children.isEmpty)
  }
}

@Suite struct SecureRandomTests {
  @Test(arguments: [0, 1, 7, 8, 9, 16, 1000]) func counts(count: Int) {
    #expect(SecureRandom.bytes(count).count == count)
    #expect(SecureRandom.words(count).count == count)
  }

  /// Set bits of 2²⁰ fair coins lie within 6 standard deviations of half, but for one run in 5 · 10⁸.
  @Test func coinsAreFair() {
    let words = SecureRandom.words(1 << 14).reduce(0) { $0 + $1.nonzeroBitCount }
    let bytes = SecureRandom.bytes(1 << 17).reduce(0) { $0 + $1.nonzeroBitCount }
    for ones in [words, bytes] { #expect(abs(ones - (1 << 19)) < 6 * 512) }
  }

  @Test func neverTwiceTheSame() {
    #expect(SecureRandom.bytes(16) != SecureRandom.bytes(16))
    #expect(SecureRandom.words(2) != SecureRandom.words(2))
  }
}
