import CKernels
import Testing

/// All tests of the room, one after another, since they change the dispatch limit of the process.
@Suite(.serialized) enum KernelTests {}

/// Runs `body` under every dispatch level that this processor has, and restores the best.
func atEveryLevel(_ body: (ck_level) throws -> Void) rethrows {
  defer { ck_dispatch_limit(ck_level_avx512) }
  for level in [ck_level_portable, ck_level_avx2, ck_level_avx512] {
    ck_dispatch_limit(level)
    if ck_dispatch_level() == level { try body(level) }
  }
}

/// Sizes around the widths of registers and the lengths of unrolled loops.
let edgeSizes = [0, 1, 2, 7, 8, 9, 15, 31, 32, 33, 63, 64, 65, 127, 130, 1000]

/// SplitMix64: seeded numbers for tests.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func words(_ count: Int) -> [UInt64] {
    (0..<count).map { _ in next() }
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -2...2) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

extension KernelTests {
  @Test static func limitLowersTheLevel() {
    ck_dispatch_limit(ck_level_portable)
    #expect(ck_dispatch_level() == ck_level_portable)
    ck_dispatch_limit(ck_level_avx512)
    #expect(ck_dispatch_level().rawValue >= ck_level_portable.rawValue)
  }

  @Test static func zeroing() {
    for size in edgeSizes {
      var bytes = [UInt8](repeating: 0xa5, count: size + 1)
      ck_zero(&bytes, size)
      #expect(bytes == [UInt8](repeating: 0, count: size) + [0xa5])
    }
  }
}
