import CKernels
import Testing

extension KernelTests {
  @Suite(.enabled(if: ck_aes_available(), "the processor has no AES instructions")) struct PRG {
    func schedule(_ key: [UInt8]) -> ck_aes128_schedule {
      var schedule = ck_aes128_schedule()
      ck_aes128_expand(key, &schedule)
      return schedule
    }

    func fill(_ schedule: ck_aes128_schedule, _ high: UInt64, _ low: UInt64, _ count: Int) -> [UInt64] {
      var out = [UInt64](repeating: 0, count: count + 1)
      withUnsafePointer(to: schedule) { ck_aes128_ctr_fill($0, high, low, &out, count) }
      #expect(out[count] == 0, "a word past the end was written")
      return Array(out.dropLast())
    }

    /// NIST SP 800-38A, F.5.1: the key stream is plaintext ^ ciphertext, here its published output blocks.
    @Test func nistKeyStream() {
      let key: [UInt8] = [
        0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
      ]
      let bigEndian: [UInt64] = [
        0xec8c_df73_9860_7cb0, 0xf2d2_1675_ea9e_a1e4, 0x362b_7c3c_6773_5163, 0x18a0_77d7_fc50_73ae,
        0x6a2c_c378_7889_374f, 0xbeb4_c81b_17ba_6c44, 0xe89c_399f_f0f1_98c6, 0xd40a_31db_156c_abfe,
      ]
      atEveryLevel { _ in
        let words = fill(schedule(key), 0xf0f1_f2f3_f4f5_f6f7, 0xf8f9_fafb_fcfd_feff, 8)
        #expect(words == bigEndian.map(\.byteSwapped))
      }
    }

    /// Every count and every path gives what one block at a time gives, over the wrap of the counter too.
    @Test func countsAndWrap() {
      let schedule = schedule(Array(1...16))
      let low: UInt64 = 0 &- 70
      let blocks = (0..<200).flatMap { fill(schedule, 9, low &+ UInt64($0), 2) }
      atEveryLevel { _ in
        for count in [0, 1, 2, 3, 15, 16, 17, 63, 64, 65, 127, 128, 129, 191, 399, 400] {
          #expect(fill(schedule, 9, low, count) == Array(blocks[..<count]), "\(count) words")
        }
      }
    }
  }
}

extension KernelTests.PRG {
  /// Oracle: the filled stream, added or subtracted a word at a time, at every length around the steps and over the
  /// wrap.
  @Test func accumulation() {
    let schedule = schedule(Array(3...18))
    let low: UInt64 = 0 &- 40
    let stream = fill(schedule, 5, low, 600)
    let halves = stream.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32($0 >> 32)] }
    atEveryLevel { _ in
      for count in [0, 1, 3, 4, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 300, 599] {
        for negated in [false, true] {
          var narrow = (0...UInt32(count)).map { $0 &* 0x9e37_79b9 }
          var wide = (0...UInt64(count)).map { $0 &* 0x9e37_79b9_7f4a_7c15 }
          let expectedNarrow =
            (0..<count).map { negated ? narrow[$0] &- halves[$0] : narrow[$0] &+ halves[$0] } + narrow.suffix(1)
          let expectedWide =
            (0..<count).map { negated ? wide[$0] &- stream[$0] : wide[$0] &+ stream[$0] } + wide.suffix(1)
          withUnsafePointer(to: schedule) {
            ck_aes128_ctr_accumulate32($0, 5, low, negated, &narrow, count)
            ck_aes128_ctr_accumulate64($0, 5, low, negated, &wide, count)
          }
          #expect(narrow == expectedNarrow, "\(count) words")
          #expect(wide == expectedWide, "\(count) words")
        }
      }
    }
  }
}
